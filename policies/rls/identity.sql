-- Networks, organisations, accounts: each network sees itself alone.

grant select on network, organisation, account, membership, browser_session, invitation to coordination_app;
grant insert on network, organisation, invitation to coordination_app;
grant update (name) on account to coordination_app;
grant update (roles, professional, suspended_at, version) on membership to coordination_app;
grant update (membership_id, revoked_at) on browser_session to coordination_app;
grant update (revoked_at) on invitation to coordination_app;
grant select, insert on idempotency to coordination_app;
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
        or (select access.has_role('admin')) and (
            select true from membership m
             where m.account_id = account.id and m.organisation_id = (select access.organisation()) limit 1));
create policy move on account for update to coordination_app
    using (id = (select access.account()));

-- The names under which workers act are known to the members of their network: a partner reads who referred.
create policy see on membership for select to coordination_app
    using (network_id = (select access.network()) and (select access.kind()) = 'member');
create policy move on membership for update to coordination_app
    using (network_id = (select access.network())
        and organisation_id = (select access.organisation()) and (select access.has_role('admin')))
    with check (network_id = (select access.network())
        and organisation_id = (select access.organisation()) and (select access.has_role('admin')));

create policy see on browser_session for select to coordination_app
    using (account_id = (select access.account()));
create policy move on browser_session for update to coordination_app
    using (account_id = (select access.account()) and revoked_at is null)
    with check (account_id = (select access.account())
        and (membership_id is null or (
            select true from access.memberships_of((select access.account())) m
             where m.membership_id = browser_session.membership_id limit 1)));

-- A key serves its own membership for a day; then `access.forget_sent` forgets it, and never sooner.
create policy see on idempotency for select to coordination_app
    using (network_id = (select access.network()) and membership_id = (select access.membership()));
create policy add on idempotency for insert to coordination_app
    with check (network_id = (select access.network()) and membership_id = (select access.membership()));

create policy see on invitation for select to coordination_app
    using (network_id = (select access.network())
            and organisation_id = (select access.organisation()) and (select access.has_role('admin'))
        or (select access.is_service('operator')));
-- An admin resets the password of those who work for her organisation and no other; the operator helps the others.
create policy add on invitation for insert to coordination_app
    with check ((select access.is_service('operator')) and created_by is null
        or network_id = (select access.network())
            and organisation_id = (select access.organisation()) and (select access.has_role('admin'))
            and created_by = (select access.membership())
            and (purpose = 'invitation' or access.account_is_ours(account_id)));
create policy move on invitation for update to coordination_app
    using (network_id = (select access.network())
        and organisation_id = (select access.organisation()) and (select access.has_role('admin'))
        and used_at is null and revoked_at is null)
    with check (network_id = (select access.network())
        and organisation_id = (select access.organisation()) and (select access.has_role('admin')));
