-- Services outside the network: every member of the network reads them; coordinators and admins keep them, in their name.

grant select, insert on outside_service to coordination_app;
grant update (name, email, phone, domains, communes, open_days, closed_from, closed_until, full_until, capacity, active,
              written_at, written_by, version) on outside_service to coordination_app;

create policy see on outside_service for select to coordination_app
    using (network_id = (select access.network()) and (select access.organisation()) is not null);
create policy add on outside_service for insert to coordination_app
    with check (network_id = (select access.network())
        and written_by = (select access.membership())
        and ((select access.has_role('coordinator')) or (select access.has_role('admin'))));
create policy move on outside_service for update to coordination_app
    using (network_id = (select access.network())
        and ((select access.has_role('coordinator')) or (select access.has_role('admin'))))
    with check (network_id = (select access.network()) and written_by = (select access.membership()));
