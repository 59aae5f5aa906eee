-- Budgets: seen with the part `budget`; each organisation writes its own assessments, while they are drafts.

grant select on assessment, budget_line, budget_line_detail, assessment_result to coordination_app;
grant insert on assessment, budget_line, budget_line_detail, assessment_result to coordination_app;
grant update (status, reference_date, composition, validated_at, validated_by, superseded_by, version)
    on assessment to coordination_app;
grant delete on budget_line, budget_line_detail to coordination_app;

create policy see on assessment for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = assessment.household_id and s.scope = 'budget' limit 1));
create policy add on assessment for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and created_by = access.membership()
        and status = 'draft'
        and (select true from access.live_share s
                     where s.household_id = assessment.household_id and s.scope = 'budget' limit 1));
-- What is validated is frozen by access.freeze_assessment(): it can only be superseded.
create policy move on assessment for update to coordination_app
    using (network_id = access.network() and organisation_id = access.organisation() and status in ('draft', 'validated')
        and (select true from access.live_share s
                     where s.household_id = assessment.household_id and s.scope = 'budget' limit 1))
    with check (network_id = access.network() and organisation_id = access.organisation()
        and (status <> 'validated' or validated_by = access.membership())
        and (select true from access.live_share s
                     where s.household_id = assessment.household_id and s.scope = 'budget' limit 1));

create policy see on budget_line for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = budget_line.household_id and s.scope = 'budget' limit 1));
create policy add on budget_line for insert to coordination_app
    with check (network_id = access.network()
        and (select true from assessment a
                     where a.id = budget_line.assessment_id and a.household_id = budget_line.household_id
                       and a.organisation_id = access.organisation() and a.status = 'draft' limit 1));
create policy remove on budget_line for delete to coordination_app
    using (network_id = access.network()
        and (select true from assessment a
                    where a.id = budget_line.assessment_id
                      and a.organisation_id = access.organisation() and a.status = 'draft' limit 1));

create policy see on budget_line_detail for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = budget_line_detail.household_id and s.scope = 'budget' limit 1)
        and (select true from access.live_share s
                     where s.household_id = budget_line_detail.household_id and s.scope = 'sensitive' limit 1));
create policy add on budget_line_detail for insert to coordination_app
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = budget_line_detail.household_id and s.scope = 'sensitive' limit 1)
        and (select true from budget_line l join assessment a on a.id = l.assessment_id
                     where l.id = budget_line_detail.line_id
                       and a.organisation_id = access.organisation() and a.status = 'draft' limit 1));
create policy remove on budget_line_detail for delete to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = budget_line_detail.household_id and s.scope = 'sensitive' limit 1)
        and (select true from budget_line l join assessment a on a.id = l.assessment_id
                    where l.id = budget_line_detail.line_id
                      and a.organisation_id = access.organisation() and a.status = 'draft' limit 1));

create policy see on assessment_result for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = assessment_result.household_id and s.scope = 'budget' limit 1));
create policy add on assessment_result for insert to coordination_app
    with check (network_id = access.network()
        and (select true from assessment a
                     where a.id = assessment_result.assessment_id
                       and a.household_id = assessment_result.household_id
                       and a.organisation_id = access.organisation() and a.status = 'draft' limit 1));

-- What each organisation retains of a barème's frozen answer, in the name of whoever decides; only ever added to. Which
-- decision it replaces is held by the keys: of the same answer and organisation, and replaced once.
grant select, insert on budget_decision to coordination_app;

create policy see on budget_decision for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = budget_decision.household_id and s.scope = 'budget' limit 1));
create policy add on budget_decision for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and decided_by = access.membership()
        and (retained = proposed or reason <> '')
        and (select true from access.live_share s
                     where s.household_id = budget_decision.household_id and s.scope = 'budget' limit 1)
        and (select true from assessment a join assessment_result r on r.assessment_id = a.id
                     where a.id = budget_decision.assessment_id and a.status = 'validated'
                       and r.bareme_code = budget_decision.bareme_code
                       and r.bareme_version = budget_decision.bareme_version
                       and coalesce(r.result ->> 'zone', '') = budget_decision.proposed limit 1));
