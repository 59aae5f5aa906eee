-- The journal: whoever acts adds to it, the data protection officer reads it, nobody changes it.

grant select, insert on journal to coordination_app;
grant select on journal_head to coordination_app;

create policy see on journal for select to coordination_app
    using (network_id = (select access.network())
        and ((select access.has_role('dpo')) or (select access.is_service('journal'))));
create policy add on journal for insert to coordination_app
    with check ((network_id = (select access.network()) and (select access.kind()) <> 'nobody'
            or (select access.is_service('operator')))
        and (household_id is null or access.concerned(household_id))
        -- Identifiers and field names only: a value, a name or a sentence does not pass.
        and access.is_code(verb) and access.is_code(subject) and subject_id ~ '^[0-9a-f-]{36}$'
        and access.is_code(array_to_string(fields, '')));

create policy see on journal_head for select to coordination_app
    using (network_id = (select access.network())
        and ((select access.has_role('dpo')) or (select access.is_service('journal'))));
