-- Agreements: recorded by the holder of the file. She reads them whole; a member of a partner reads those that opened
-- something to her (her audience, her roles), and its own lines only: whom else a household trusts is not a partner's business.
-- They are withdrawn by a door; once granted, an agreement's lines no longer move.

grant select, insert on agreement, agreement_person, agreement_part to coordination_app;

create policy see on agreement for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = agreement.household_id
                       and (s.ground = 'holder' or (
                            select true from share g
                             where g.agreement_id = agreement.id
                               and g.organisation_id = access.organisation()
                               and g.scope = any (access.parts())
                               and (g.audience = 'all' or access.professional()) limit 1)) limit 1));
create policy add on agreement for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and recorded_by = access.membership()
        and withdrawn_at is null
        and (select true from access.live_share s
                     where s.household_id = agreement.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1));

create policy see on agreement_person for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = agreement_person.household_id and s.scope = 'identity' limit 1)
        and (select true from agreement g where g.id = agreement_person.agreement_id limit 1));
create policy add on agreement_person for insert to coordination_app
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = agreement_person.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1)
        and access.agreement_is_being_written(agreement_id));

create policy see on agreement_part for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = agreement_part.household_id
                       and (s.ground = 'holder' or agreement_part.organisation_id = access.organisation()) limit 1)
        and (select true from agreement g where g.id = agreement_part.agreement_id limit 1));
create policy add on agreement_part for insert to coordination_app
    with check (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = agreement_part.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1)
        and access.agreement_is_being_written(agreement_id));

-- The outside services an agreement names: the holder's business, granted and taken back by doors.
grant select, insert on agreement_service to coordination_app;

create policy see on agreement_service for select to coordination_app
    using (network_id = (select access.network())
        and (select true from access.live_share s
                     where s.household_id = agreement_service.household_id and s.ground = 'holder' limit 1)
        and (select true from agreement g where g.id = agreement_service.agreement_id limit 1));
create policy add on agreement_service for insert to coordination_app
    with check (network_id = (select access.network())
        and coalesce(granted_at, revoked_at) is null
        and (select true from access.live_share s
                     where s.household_id = agreement_service.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1)
        and access.agreement_is_being_written(agreement_id));

-- The asker reads what she asked under the code she typed; the holder, what is asked of the files it holds.
-- The file a request is about is the holder's business alone: for the asker there may be none.
grant select on access_request, access_request_file to coordination_app;

create policy see on access_request for select to coordination_app
    using (network_id = access.network()
        and (organisation_id = access.organisation() and 'identity' = any (access.parts())
            or (select true from access_request_file f where f.id = access_request.id limit 1)));

create policy see on access_request_file for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = access_request_file.household_id
                       and s.scope = 'identity' and s.ground = 'holder' limit 1));

-- Each organisation answers, about the files shared with it, whether it still needs them.
grant select, insert on share_review to coordination_app;

create policy see on share_review for select to coordination_app
    using (network_id = access.network() and organisation_id = access.organisation());
create policy add on share_review for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and confirmed_by = access.membership()
        and (select true from access.live_share s where s.household_id = share_review.household_id limit 1));
