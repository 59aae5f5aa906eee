-- Casework stays with the organisation that wrote it: notes, contacts and tasks are read by its own members whose roles
-- open the part `notes`, as long as the file is open to them. A share of `notes` opens nobody else's.
-- Notes and contacts are only ever added to; a correction is a new note that replaces the former, and a contact written
-- by mistake is marked as such.

grant select, insert on note, contact, task, referent to coordination_app;
grant update (cancelled_at, cancelled_by) on contact to coordination_app;
grant update (assigned_to, due_on, done_at, done_by, version) on task to coordination_app;
grant update (membership_id, since) on referent to coordination_app;

create policy see on note for select to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and 'notes' = any (access.parts())
        and (select true from access.live_share s where s.household_id = note.household_id limit 1));
-- Which note it replaces is held by the keys: of the same file and organisation, and replaced once.
create policy add on note for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and written_by = access.membership()
        and 'notes' = any (access.parts())
        and (select true from access.live_share s where s.household_id = note.household_id limit 1));

create policy see on contact for select to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and 'notes' = any (access.parts())
        and (select true from access.live_share s where s.household_id = contact.household_id limit 1));
create policy add on contact for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and written_by = access.membership()
        and met_on <= access.today() and cancelled_at is null and cancelled_by is null
        and 'notes' = any (access.parts())
        and (select true from access.live_share s where s.household_id = contact.household_id limit 1));

-- Taken back by its writer within a day; the row stays.
create policy move on contact for update to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and written_by = access.membership()
        and cancelled_at is null and written_at > now() - interval '24 hours'
        and 'notes' = any (access.parts())
        and (select true from access.live_share s where s.household_id = contact.household_id limit 1))
    with check (network_id = access.network()
        and cancelled_at is not null and cancelled_by = access.membership());

create policy see on task for select to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and 'notes' = any (access.parts())
        and (select true from access.live_share s where s.household_id = task.household_id limit 1));
create policy add on task for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and created_by = access.membership()
        and done_at is null and done_by is null
        and (select true from membership m
                     where m.id = task.assigned_to and m.organisation_id = access.organisation() limit 1)
        and 'notes' = any (access.parts())
        and (select true from access.live_share s where s.household_id = task.household_id limit 1));
-- Given to a colleague, done under one's own name, or opened again.
create policy move on task for update to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and 'notes' = any (access.parts())
        and (select true from access.live_share s where s.household_id = task.household_id limit 1))
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and (done_at is null) = (done_by is null)
        and (done_by is null or done_by = access.membership())
        and (select true from membership m
                     where m.id = task.assigned_to and m.organisation_id = access.organisation() limit 1)
        and (select true from access.live_share s where s.household_id = task.household_id limit 1));

-- Who follows the file: one's own organisation's referent, and the holder's; whom else a household trusts is not told.
create policy see on referent for select to coordination_app
    using (network_id = access.network()
        and (organisation_id = access.organisation()
            or (select true from household h
                        where h.id = referent.household_id
                          and h.holder_organisation_id = referent.organisation_id limit 1))
        and (select true from access.live_share s
                     where s.household_id = referent.household_id and s.scope = 'identity' limit 1));
create policy add on referent for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and 'notes' = any (access.parts())
        and (select true from membership m
                     where m.id = referent.membership_id and m.organisation_id = access.organisation() limit 1)
        and (select true from access.live_share s
                     where s.household_id = referent.household_id and s.scope = 'identity' limit 1));
create policy move on referent for update to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and 'notes' = any (access.parts())
        and (select true from access.live_share s
                     where s.household_id = referent.household_id and s.scope = 'identity' limit 1))
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and (select true from membership m
                     where m.id = referent.membership_id and m.organisation_id = access.organisation() limit 1)
        and (select true from access.live_share s
                     where s.household_id = referent.household_id and s.scope = 'identity' limit 1));

-- Debts are read with the budget, goals with the needs, documents seen with the identity; each is written by the
-- organisation that noted it.
grant select, insert on debt, goal, document_seen to coordination_app;
grant update (creditor_kind, creditor, amount_cents, plan, instalment_cents, ended_on, version) on debt
    to coordination_app;
grant update (words, until_date, state, version) on goal to coordination_app;

create policy see on debt for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = debt.household_id and s.scope = 'budget' limit 1));
create policy add on debt for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and noted_by = access.membership()
        and (select true from access.live_share s
                     where s.household_id = debt.household_id and s.scope = 'budget' limit 1));
create policy move on debt for update to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and (select true from access.live_share s
                     where s.household_id = debt.household_id and s.scope = 'budget' limit 1));

create policy see on goal for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = goal.household_id and s.scope = 'needs' limit 1));
create policy add on goal for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and noted_by = access.membership()
        and (select true from access.live_share s
                     where s.household_id = goal.household_id and s.scope = 'needs' limit 1));
create policy move on goal for update to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and (select true from access.live_share s
                     where s.household_id = goal.household_id and s.scope = 'needs' limit 1));

create policy see on document_seen for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = document_seen.household_id and s.scope = 'identity' limit 1));
create policy add on document_seen for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and noted_by = access.membership()
        and seen_on <= access.today()
        and (select true from access.live_share s
                     where s.household_id = document_seen.household_id and s.scope = 'identity' limit 1));
