-- Needs sit behind the share. A referral's row (codes only) is read by its two sides, the network's coordinators and the
-- worker that writes what time decided; what was handed over on paper is not shown to the partner: nothing was transmitted.

grant select, insert on need, referral, referral_text, referral_event to coordination_app;
grant update (summary) on need to coordination_app;
grant update (state, refusal, outcome, answered_at, closed_at, household_says, household_due, ask_from, late_at, risk_at,
              expires_at, moved_by, version) on referral to coordination_app;

create policy see on need for select to coordination_app
    using (network_id = access.network()
        and (select true from access.live_share s
                     where s.household_id = need.household_id and s.scope = 'needs' limit 1)
        and (not sensitive or (
            select true from access.live_share s where s.household_id = need.household_id and s.scope = 'sensitive' limit 1)));
create policy add on need for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and opened_by = access.membership()
        and (select true from access.live_share s
                     where s.household_id = need.household_id and s.scope = 'needs' limit 1)
        and (not sensitive or (
            select true from access.live_share s where s.household_id = need.household_id and s.scope = 'sensitive' limit 1)));
create policy move on need for update to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and (select true from access.live_share s
                     where s.household_id = need.household_id and s.scope = 'needs' limit 1)
        and (not sensitive or (
            select true from access.live_share s where s.household_id = need.household_id and s.scope = 'sensitive' limit 1)));

create policy see on referral for select to coordination_app
    using (network_id = (select access.network())
        and (from_organisation_id = (select access.organisation())
            or to_organisation_id = (select access.organisation()) and not by_hand
            or (select access.organisation()) is not null and (select access.has_role('coordinator'))
            or (select access.is_service('worker')))
        and (not guarded or (select access.is_service('worker')) or access.reaches(household_id)));
create policy add on referral for insert to coordination_app
    with check (network_id = (select access.network())
        and from_organisation_id = (select access.organisation())
        and to_organisation_id is distinct from from_organisation_id
        and sent_by = (select access.membership())
        -- Born unanswered, under the file's true code.
        and state = case when by_hand then 'by_hand' else 'sent' end
        and coalesce(refusal, outcome, answered_at::text, closed_at::text, household_says, household_due) is null
        and (select true from household h
                     where h.id = referral.household_id and h.code = referral.household_code limit 1)
        -- The row is read without the share: it never names a sensitive domain.
        and (select true from need n
                     where n.id = referral.need_id and n.household_id = referral.household_id
                       and (referral.public_domain = 'autre'
                            or n.domain = referral.public_domain and not n.sensitive) limit 1)
        and (select true from access.live_share s
                     where s.household_id = referral.household_id and s.scope = 'needs' limit 1)
        and (by_hand or access.carries(household_id, to_organisation_id, to_service_id, need_id)));
-- A side reaches only the states that are its own, under its own name; from which state, `referrals/machine.py` says.
-- Whoever sent it notes what a service without an account answered her.
-- What time or the end of the agreement decided is written by whoever comes next.
create policy move on referral for update to coordination_app
    using (network_id = (select access.network())
        and (from_organisation_id = (select access.organisation())
            or to_organisation_id = (select access.organisation()) and not by_hand
            or (select access.organisation()) is not null and (select access.has_role('coordinator'))
            or (select access.is_service('worker')))
        and (not guarded or (select access.is_service('worker')) or access.reaches(household_id)))
    with check (network_id = (select access.network())
        and moved_by is not distinct from (select access.membership())
        and access.is_code(concat(refusal, outcome, household_says, household_due))
        and ((to_organisation_id = (select access.organisation())
                    or to_service_id is not null and from_organisation_id = (select access.organisation()))
                and not by_hand
                and state in ('received', 'info_requested', 'accepted', 'in_progress', 'on_hold', 'refused', 'closed')
            or from_organisation_id = (select access.organisation())
                and (state = 'cancelled'
                    or by_hand and state in ('closed', 'by_hand', 'redirected')
                    or not by_hand and state in ('received', 'redirected', 'dropped')
                    -- Sent again: the agreement must carry it, as when it was first sent.
                    or not by_hand and state = 'sent'
                        and access.carries(household_id, to_organisation_id, to_service_id, need_id))
            or (select access.has_role('coordinator')) and not by_hand and state in ('closed', 'redirected', 'dropped')
            -- What the household says of it once it is closed, by either side; a coordinator may end a disagreement.
            or state in ('closed', 'disputed') and access.was_closed(id)
                and (from_organisation_id = (select access.organisation())
                    or to_organisation_id = (select access.organisation()) and not by_hand)
            or (select access.has_role('coordinator')) and state in ('closed', 'redirected') and access.was_closed(id)
            or not by_hand and state = 'expired' and expires_at <= now()
            or not by_hand and state = 'revoked' and access.stopped(id)
            or access.takes_back(id, state)));

-- The link of a referral to a service: written once and read by whoever sent it, while the identity and the need are open to
-- her. It is renewed, mailed and answered through the doors of `doors/outside.sql` alone.
grant select, insert on referral_link to coordination_app;

create policy see on referral_link for select to coordination_app
    using (network_id = (select access.network())
        and (select true from referral r join need n on n.id = r.need_id
                     where r.id = referral_link.referral_id
                       and r.from_organisation_id = (select access.organisation()) limit 1)
        and (select true from access.live_share s
                     where s.household_id = referral_link.household_id and s.scope = 'identity' limit 1));
create policy add on referral_link for insert to coordination_app
    with check (network_id = (select access.network())
        and mail_state = 'pending' and agreed_on is null
        -- Where the service was reached on the day: whoever writes another address since gets nothing of it.
        and (select true from referral r join need n on n.id = r.need_id join outside_service v on v.id = r.to_service_id
                     where r.id = referral_link.referral_id and v.email = referral_link.mailed_to and not r.by_hand
                       and r.from_organisation_id = (select access.organisation()) limit 1)
        and (select true from access.live_share s
                     where s.household_id = referral_link.household_id and s.scope = 'identity' limit 1));

create policy see on referral_text for select to coordination_app
    using (network_id = access.network()
        and (select true from referral r where r.id = referral_text.referral_id limit 1)
        -- Words kept to oneself stay with their organisation.
        and (not confidential or organisation_id = access.organisation())
        and (select true from access.live_share s
                     where s.household_id = referral_text.household_id and s.scope = 'needs' limit 1)
        and (not sensitive or (
            select true from access.live_share s
             where s.household_id = referral_text.household_id and s.scope = 'sensitive' limit 1)));
create policy add on referral_text for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and written_by = access.membership()
        and (select true from referral r join need n on n.id = r.need_id
                     where r.id = referral_text.referral_id
                       and access.organisation() in (r.from_organisation_id, r.to_organisation_id)
                       and (referral_text.sensitive or not n.sensitive) limit 1)
        and (select true from access.live_share s
                     where s.household_id = referral_text.household_id and s.scope = 'needs' limit 1)
        and (not sensitive or (
            select true from access.live_share s
             where s.household_id = referral_text.household_id and s.scope = 'sensitive' limit 1)));

create policy see on referral_event for select to coordination_app
    using (network_id = access.network()
        and (select true from referral r where r.id = referral_event.referral_id limit 1));
-- An event says where the referral stands now: nobody writes a past or a future into the timeline. What nobody decided
-- bears no name.
create policy add on referral_event for insert to coordination_app
    with check (network_id = access.network()
        and (organisation_id = access.organisation()
                and membership_id = access.membership()
                and verb not in ('expire', 'stop')
            or organisation_id is null and membership_id is null
                and (verb, state) in (('expire', 'expired'), ('stop', 'revoked')))
        and access.is_code(verb) and access.is_code(reason)
        and (select true from referral r
                     where r.id = referral_event.referral_id
                       and r.state = referral_event.state and r.version = referral_event.version limit 1));

-- When an organisation receives people: read by its network, written by its own intake, coordination and administration.
grant select, insert on reception to coordination_app;
grant update (weekdays, closures, full_until, updated_at, updated_by, version) on reception to coordination_app;

create policy see on reception for select to coordination_app
    using (network_id = (select access.network()) and (select access.organisation()) is not null);
create policy add on reception for insert to coordination_app
    with check (network_id = (select access.network())
        and organisation_id = (select access.organisation())
        and updated_by = (select access.membership())
        and ((select access.has_role('intake')) or (select access.has_role('coordinator'))
            or (select access.has_role('admin'))));
create policy move on reception for update to coordination_app
    using (network_id = (select access.network())
        and organisation_id = (select access.organisation())
        and ((select access.has_role('intake')) or (select access.has_role('coordinator'))
            or (select access.has_role('admin'))))
    with check (updated_by = (select access.membership()));

-- Who follows a referral in one's organisation: a colleague, named by a colleague, read by colleagues.
grant select, insert, delete on referral_assignment to coordination_app;
grant update (membership_id, assigned_at, assigned_by) on referral_assignment to coordination_app;

create policy see on referral_assignment for select to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and (select true from referral r where r.id = referral_assignment.referral_id limit 1));
create policy add on referral_assignment for insert to coordination_app
    with check (network_id = access.network()
        and organisation_id = access.organisation()
        and assigned_by = access.membership()
        and (select true from membership m
                     where m.id = referral_assignment.membership_id
                       and m.organisation_id = referral_assignment.organisation_id and m.suspended_at is null limit 1)
        and (select true from referral r where r.id = referral_assignment.referral_id limit 1));
create policy move on referral_assignment for update to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and (select true from referral r where r.id = referral_assignment.referral_id limit 1))
    with check (assigned_by = access.membership()
        and (select true from membership m
                     where m.id = referral_assignment.membership_id
                       and m.organisation_id = referral_assignment.organisation_id and m.suspended_at is null limit 1));
create policy remove on referral_assignment for delete to coordination_app
    using (network_id = access.network()
        and organisation_id = access.organisation()
        and (select true from referral r where r.id = referral_assignment.referral_id limit 1));

-- Links on paper to the household: given and ended by either side, while paper is safe for it.
grant select, insert on confirmation_link to coordination_app;
grant update (ended_at, ended_by) on confirmation_link to coordination_app;

create policy see on confirmation_link for select to coordination_app
    using (network_id = (select access.network())
        and (select true from referral r
                     where r.id = confirmation_link.referral_id
                       and (select access.organisation()) in (r.from_organisation_id, r.to_organisation_id) limit 1));
create policy add on confirmation_link for insert to coordination_app
    with check (network_id = (select access.network())
        and organisation_id = (select access.organisation())
        and made_by = (select access.membership())
        and ended_at is null and ended_by is null
        and access.may_print_link(referral_id));
create policy move on confirmation_link for update to coordination_app
    using (network_id = (select access.network())
        and (select true from referral r
                     where r.id = confirmation_link.referral_id
                       and (select access.organisation()) in (r.from_organisation_id, r.to_organisation_id) limit 1))
    with check (ended_at is not null and ended_by = (select access.membership()));

-- The views of the queue a member keeps are hers alone.
grant select, insert, delete on saved_filter to coordination_app;

create policy see on saved_filter for select to coordination_app
    using (network_id = (select access.network()) and membership_id = (select access.membership()));
create policy add on saved_filter for insert to coordination_app
    with check (network_id = (select access.network()) and membership_id = (select access.membership()));
create policy remove on saved_filter for delete to coordination_app
    using (network_id = (select access.network()) and membership_id = (select access.membership()));
