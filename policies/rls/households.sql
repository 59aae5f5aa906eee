-- Household files. A file is seen through a live share; its identity is written by its holder.

grant select on household, household_profile, person, stay, person_activity, share to coordination_app;
grant insert on household_profile, person, stay, person_activity to coordination_app;
grant delete on stay to coordination_app;
-- A row never changes file: every column may be corrected but those that say whose row it is.
do $$
declare one text; columns text;
begin
    foreach one in array array['household_profile', 'person', 'stay', 'person_activity'] loop
        select string_agg(quote_ident(attname), ', ') into columns from pg_attribute
         where attrelid = one::regclass and attnum > 0 and not attisdropped
           and attname not in ('id', 'network_id', 'household_id', 'person_id');
        execute format('grant update (%s) on %I to coordination_app', columns, one);
    end loop;
end $$;
-- A file is closed and reopened by its holder.
grant update (closed_at, closing_reason) on household to coordination_app;
-- Otherwise household, and share, are written by the doors open_file, grant_agreement, revoke_agreement, transfer_holder alone.

-- `share` uses its own columns only: mutual policies would recurse.
create policy see on share for select to coordination_app
    using (network_id = access.network()
        and access.organisation() in (organisation_id, holder_organisation_id)
        and (not guarded or access.reaches(household_id)));

create policy see on household for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s where s.household_id = household.id limit 1));

create policy move on household for update to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = household.id and s.scope = 'identity' and s.ground = 'holder' limit 1))
    with check (network_id = access.network() and access.is_code(closing_reason));

create policy see on household_profile for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = household_profile.household_id and s.scope = 'identity' limit 1));
create policy add on household_profile for insert to coordination_app
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = household_profile.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1));
create policy move on household_profile for update to coordination_app
    using ((select true from access.live_share s
                    where s.household_id = household_profile.household_id
                      and s.scope = 'identity' and s.ground = 'holder' limit 1))
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = household_profile.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1));

create policy see on person for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = person.household_id and s.scope = 'identity' limit 1));
create policy add on person for insert to coordination_app
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = person.household_id and s.scope = 'identity' and s.ground = 'holder' limit 1));
create policy move on person for update to coordination_app
    using ((select true from access.live_share s
                    where s.household_id = person.household_id and s.scope = 'identity' and s.ground = 'holder' limit 1))
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = person.household_id and s.scope = 'identity' and s.ground = 'holder' limit 1));

create policy see on stay for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = stay.household_id and s.scope = 'identity' limit 1));
create policy add on stay for insert to coordination_app
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = stay.household_id and s.scope = 'identity' and s.ground = 'holder' limit 1));
create policy move on stay for update to coordination_app
    using ((select true from access.live_share s
                    where s.household_id = stay.household_id and s.scope = 'identity' and s.ground = 'holder' limit 1))
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = stay.household_id and s.scope = 'identity' and s.ground = 'holder' limit 1));

-- A link that was never hers: who was to follow the person of reference, and is found to have gone on the same day.
create policy remove on stay for delete to coordination_app
    using (network_id = access.network() and (select true from access.live_share s
                    where s.household_id = stay.household_id and s.scope = 'identity' and s.ground = 'holder' limit 1)
        and link = 'reference');

create policy see on person_activity for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = person_activity.household_id and s.scope = 'identity' limit 1)
        and (not sensitive or (
            select true from access.live_share s
             where s.household_id = person_activity.household_id and s.scope = 'sensitive' limit 1))
        -- An absent adult has not agreed to anything: what she lives by stays with the holder.
        and ((select true from access.live_share s
               where s.household_id = person_activity.household_id and s.scope = 'identity' and s.ground = 'holder' limit 1)
            or not access.awaits_answer(person_id)));
create policy add on person_activity for insert to coordination_app
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = person_activity.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1)
        and (not sensitive or (
            select true from access.live_share s
             where s.household_id = person_activity.household_id and s.scope = 'sensitive' limit 1)));
create policy move on person_activity for update to coordination_app
    using ((select true from access.live_share s
                    where s.household_id = person_activity.household_id
                      and s.scope = 'identity' and s.ground = 'holder' limit 1)
        and (not sensitive or (
            select true from access.live_share s
             where s.household_id = person_activity.household_id and s.scope = 'sensitive' limit 1)))
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = person_activity.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1)
        and (not sensitive or (
            select true from access.live_share s
             where s.household_id = person_activity.household_id and s.scope = 'sensitive' limit 1)));

-- Former addresses: the holder's alone, written once.
grant select, insert on past_address to coordination_app;
create policy see on past_address for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = past_address.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1));
create policy add on past_address for insert to coordination_app
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = past_address.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1));

-- Who may read a protected file is written by doors alone: protect, lift_protection, name_worker, unname_worker,
-- close_to, open_again_to, break_glass, note_glass_seen.
grant select on protection, file_opening, bar to coordination_app;

create policy see on protection for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s where s.household_id = protection.household_id limit 1));

-- One's own; those of a file one holds; and every broken glass of the network for its data protection officer.
create policy see on file_opening for select to coordination_app
    using (network_id = access.network()
        and (membership_id = access.membership()
            or ground = 'break_glass' and access.has_role('dpo')
            or (select true from access.live_share s
                        where s.household_id = file_opening.household_id
                          and s.scope = 'identity' and s.ground = 'holder' limit 1)));

-- Colleagues who see the file; she to whom it is closed does not, and so does not learn that it exists.
create policy see on bar for select to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and (select true from access.live_share s
                     where s.household_id = bar.household_id and s.scope = 'identity' limit 1));

-- The address of a protected file: its holder's alone. How to reach people safely: with their identity.
grant select, insert on protected_address, safe_contact to coordination_app;
grant update (address, updated_at, updated_by, version) on protected_address to coordination_app;
grant update (call, message, letter, email, words, updated_at, updated_by, version) on safe_contact to coordination_app;
create policy see on protected_address for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = protected_address.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1));
create policy add on protected_address for insert to coordination_app
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = protected_address.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1));
create policy move on protected_address for update to coordination_app
    using ((select true from access.live_share s
                    where s.household_id = protected_address.household_id
                      and s.scope = 'identity' and s.ground = 'holder' limit 1))
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = protected_address.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1));
create policy see on safe_contact for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = safe_contact.household_id and s.scope = 'identity' limit 1));
create policy add on safe_contact for insert to coordination_app
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = safe_contact.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1));
create policy move on safe_contact for update to coordination_app
    using ((select true from access.live_share s
                    where s.household_id = safe_contact.household_id
                      and s.scope = 'identity' and s.ground = 'holder' limit 1))
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = safe_contact.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1));

-- Merges are told to whoever holds one of the two files; doors alone write them.
grant select on merge to coordination_app;
create policy see on merge for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id in (merge.household_id, merge.absorbed_id)
                       and s.scope = 'identity' and s.ground = 'holder' limit 1));
