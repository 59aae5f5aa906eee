-- Networks, organisations, accounts: each network sees itself alone.

grant select on network, organisation, account, membership, browser_session, invitation to coordination_app;
grant insert on network, organisation, invitation to coordination_app;
grant update (name, contact) on network to coordination_app;
grant update (name, commune, phone, email) on organisation to coordination_app;
grant update (name) on account to coordination_app;
grant update (roles, professional, suspended_at, version) on membership to coordination_app;
grant update (membership_id, revoked_at) on browser_session to coordination_app;
grant update (revoked_at) on invitation to coordination_app;
-- credential and sign_in_attempt: nothing is granted, doors alone read and write them.

create policy see on network for select to coordination_app
    using (id = (select access.network()) or (select access.is_service('operator')));
create policy add on network for insert to coordination_app
    with check ((select access.is_service('operator')));

create policy see on organisation for select to coordination_app
    using (network_id = (select access.network()) or (select access.is_service('operator')));
create policy add on organisation for insert to coordination_app
    with check ((select access.is_service('operator')));

create policy see on account for select to coordination_app
    using (id = (select access.account())
        or (select access.has_role('admin')) and exists (
            select 1 from membership m
             where m.account_id = account.id and m.organisation_id = (select access.organisation())));
create policy move on account for update to coordination_app
    using (id = (select access.account()));

-- The names under which workers act are known to their network: a partner reads who referred.
create policy see on membership for select to coordination_app
    using (network_id = (select access.network()));
create policy move on membership for update to coordination_app
    using (organisation_id = (select access.organisation()) and (select access.has_role('admin')))
    with check (organisation_id = (select access.organisation()) and (select access.has_role('admin')));

create policy see on browser_session for select to coordination_app
    using (account_id = (select access.account()));
create policy move on browser_session for update to coordination_app
    using (account_id = (select access.account()))
    with check (account_id = (select access.account())
        and (membership_id is null or exists (
            select 1 from access.memberships_of((select access.account())) m where m.membership_id = browser_session.membership_id)));

create policy see on invitation for select to coordination_app
    using (organisation_id = (select access.organisation()) and (select access.has_role('admin'))
        or (select access.is_service('operator')));
create policy add on invitation for insert to coordination_app
    with check ((select access.is_service('operator')) and purpose = 'invitation'
        or organisation_id = (select access.organisation()) and (select access.has_role('admin'))
           and network_id = (select access.network())
           and (purpose = 'invitation' or exists (
                select 1 from membership m
                 where m.account_id = invitation.account_id
                   and m.organisation_id = (select access.organisation()))));
create policy move on invitation for update to coordination_app
    using (organisation_id = (select access.organisation()) and (select access.has_role('admin')))
    with check (organisation_id = (select access.organisation()));
