-- Notices: each member reads her own and says that she did; doors write them. She alone says how she wants her mail.

grant select on notice to coordination_app;
grant update (read_at) on notice to coordination_app;
create policy see on notice for select to coordination_app
    using (network_id = (select access.network()) and membership_id = (select access.membership()));
create policy move on notice for update to coordination_app
    using (network_id = (select access.network()) and membership_id = (select access.membership()));

grant select, insert on notice_preference to coordination_app;
grant update (mail) on notice_preference to coordination_app;
create policy see on notice_preference for select to coordination_app
    using (network_id = (select access.network()) and membership_id = (select access.membership()));
create policy add on notice_preference for insert to coordination_app
    with check (network_id = (select access.network()) and membership_id = (select access.membership()));
create policy move on notice_preference for update to coordination_app
    using (network_id = (select access.network()) and membership_id = (select access.membership()));

-- The worker's queue: its tasks carry no argument, and so nobody's data.
grant usage on schema jobs to coordination_app;
grant select, insert, update, delete on all tables in schema jobs to coordination_app;
grant usage, select on all sequences in schema jobs to coordination_app;
grant execute on all functions in schema jobs to coordination_app;
