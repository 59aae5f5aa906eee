-- Outside referrals: read, written and withdrawn by the organisation that sends, while the identity and the needs of the
-- file are open to it. The service's link reads and answers through the doors of `doors/outside.sql` alone.

grant select, insert on outside_referral to coordination_app;
grant update (state, withdrawn_at, withdrawn_by, version) on outside_referral to coordination_app;

create policy see on outside_referral for select to coordination_app
    using (network_id = (select access.network())
        and from_organisation_id = (select access.organisation())
        and exists (select 1 from access.live_share s
                     where s.household_id = outside_referral.household_id and s.scope = 'identity')
        and exists (select 1 from need n where n.id = outside_referral.need_id));
create policy add on outside_referral for insert to coordination_app
    with check (network_id = (select access.network())
        and from_organisation_id = (select access.organisation())
        and sent_by = (select access.membership())
        and state = 'sent' and mail_state = 'pending' and agreed_on <= (select access.today())
        and coalesce(refusal, answered_at::text, withdrawn_at::text, withdrawn_by::text) is null
        and exists (select 1 from access.live_share s
                     where s.household_id = outside_referral.household_id and s.scope = 'identity')
        -- What a link shows before any answer never names a sensitive domain.
        and exists (select 1 from need n
                     where n.id = outside_referral.need_id and n.household_id = outside_referral.household_id
                       and (outside_referral.public_domain = 'autre'
                            or n.domain = outside_referral.public_domain and not n.sensitive))
        and not exists (select 1 from protection p
                         where p.household_id = outside_referral.household_id and p.lifted_at is null));
create policy move on outside_referral for update to coordination_app
    using (network_id = (select access.network())
        and from_organisation_id = (select access.organisation())
        and exists (select 1 from access.live_share s
                     where s.household_id = outside_referral.household_id and s.scope = 'identity')
        and exists (select 1 from need n where n.id = outside_referral.need_id))
    with check (state = 'withdrawn' and withdrawn_at is not null and withdrawn_by = (select access.membership()));
