-- Lists being imported. A batch is known to the intake workers of its organisation; its rows are its author's alone, and
-- go with the list: once it is imported, given up, or too old (the door forget_lists).

grant select, insert, delete on import_batch, import_row to coordination_app;
grant select, insert on imported_file, import_columns to coordination_app;
grant update (stage, sheet, other_sheets, titles, columns, commune, total, checked, files, people, finished_at)
    on import_batch to coordination_app;
grant update (cells, said, state, faults, doubles, name_key, household_key) on import_row to coordination_app;
grant update (said) on imported_file to coordination_app;
grant update (columns) on import_columns to coordination_app;

create policy see on import_batch for select to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation() and access.has_role('intake'));
create policy add on import_batch for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation() and access.has_role('intake')
        and created_by = access.membership() and stage = 'columns');
-- By its author, until it is done; undone by a door alone.
create policy move on import_batch for update to coordination_app
    using (network_id = access.network() and access.has_role('intake')
        and created_by = access.membership() and stage in ('columns', 'checking', 'ready'))
    with check (network_id = access.network() and created_by = access.membership()
        and stage in ('columns', 'checking', 'ready', 'done'));
create policy remove on import_batch for delete to coordination_app
    using (network_id = access.network() and access.has_role('intake')
        and created_by = access.membership() and stage in ('columns', 'checking', 'ready'));

-- A composite key binds a row to a batch of the same author.
create policy see on import_row for select to coordination_app
    using (network_id = access.network() and access.has_role('intake')
        and membership_id = access.membership());
create policy add on import_row for insert to coordination_app
    with check (network_id = access.network() and access.has_role('intake')
        and membership_id = access.membership());
create policy move on import_row for update to coordination_app
    using (network_id = access.network() and access.has_role('intake')
        and membership_id = access.membership());
create policy remove on import_row for delete to coordination_app
    using (network_id = access.network() and access.has_role('intake')
        and membership_id = access.membership());

-- What the list said of a household stays with its file: for whoever reads its identity.
create policy see on imported_file for select to coordination_app
    using (network_id = access.network()
        and (select true from import_batch b where b.id = imported_file.batch_id limit 1)
        and (select true from access.live_share s
                     where s.household_id = imported_file.household_id and s.scope = 'identity' limit 1));
-- Only files one has just opened: of one's own organisation, by oneself, since the list was handed over.
create policy add on imported_file for insert to coordination_app
    with check (network_id = access.network()
        and (select true from import_batch b join household h on h.id = imported_file.household_id
                     where b.id = imported_file.batch_id and b.created_by = access.membership()
                       and b.stage in ('columns', 'checking', 'ready')
                       and h.holder_organisation_id = b.organisation_id and h.opened_by = b.created_by
                       and h.opened_at >= b.created_at limit 1));

-- What a list said of a household is dealt with by its organisation, by whoever reads it.
create policy move on imported_file for update to coordination_app
    using (network_id = access.network()
        and (select true from import_batch b where b.id = imported_file.batch_id limit 1)
        and (select true from access.live_share s
                     where s.household_id = imported_file.household_id and s.scope = 'identity' limit 1));

create policy see on import_columns for select to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation() and access.has_role('intake'));
create policy add on import_columns for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation() and access.has_role('intake'));
create policy move on import_columns for update to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation() and access.has_role('intake'));
