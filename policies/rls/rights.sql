-- Estimates of rights: read with the budget (and the sensitive part when they touch health); asked in one's own name about
-- a validated budget; answered by the worker's door alone.

grant select, insert on rights_estimate to coordination_app;

create policy see on rights_estimate for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = rights_estimate.household_id and s.scope = 'budget' limit 1)
        and (not sensitive or (
            select true from access.live_share s
             where s.household_id = rights_estimate.household_id and s.scope = 'sensitive' limit 1)));
create policy add on rights_estimate for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and asked_by = access.membership()
        and coalesce(claimed_at, answered_at) is null and answer is null and fault = ''
        and (select true from assessment a
                     where a.id = rights_estimate.assessment_id and a.household_id = rights_estimate.household_id
                       and a.status = 'validated' limit 1)
        and (select true from access.live_share s
                     where s.household_id = rights_estimate.household_id and s.scope = 'budget' limit 1)
        and (not sensitive or (
            select true from access.live_share s
             where s.household_id = rights_estimate.household_id and s.scope = 'sensitive' limit 1)));
