-- Appointments: codes and dates, read by whoever reads their referral, written by its two sides under their own names,
-- while the agreement carries it. What was written about the place is a message of the referral, behind the share.

grant select, insert on appointment, appointment_event, reception_place, calendar_feed to coordination_app;
grant update (starts_at, minutes, place, place_id, words_id, held_by, state, excused, proposed_by, moved_at, moved_by, version)
    on appointment to coordination_app;
grant update (name, address, closed, updated_at, updated_by, version) on reception_place to coordination_app;
grant update (revoked_at) on calendar_feed to coordination_app;

create policy see on appointment for select to coordination_app
    using (network_id = (select access.network())
        and (select true from referral r where r.id = appointment.referral_id limit 1));
create policy add on appointment for insert to coordination_app
    with check (network_id = (select access.network())
        and (select access.organisation()) in (from_organisation_id, to_organisation_id)
        and proposed_by = (select access.organisation())
        and created_by = (select access.membership()) and moved_by = (select access.membership())
        and state in ('proposed', 'confirmed') and excused is null and access.is_code(place)
        -- The two ends of a referral that was transmitted and is under way.
        and (select true from referral r
                     where r.id = appointment.referral_id and not r.by_hand
                       and r.from_organisation_id = appointment.from_organisation_id
                       -- A service without an account tells its date to whoever refers to it, who notes it.
                       and coalesce(r.to_organisation_id, r.from_organisation_id) = appointment.to_organisation_id
                       and r.state in ('sent', 'received', 'info_requested', 'accepted', 'in_progress', 'on_hold') limit 1)
        and not access.stopped(referral_id)
        and (held_by is null or (
            select true from membership m join referral r on r.to_organisation_id = m.organisation_id
             where m.id = held_by and m.organisation_id = appointment.to_organisation_id and r.id = referral_id limit 1))
        and (words_id is null or (
            select true from referral_text t
             where t.id = words_id and t.referral_id = appointment.referral_id and not t.confidential limit 1)));
-- From which state, `appointments/rules.py` says. Whether the person came is said by the organisation that receives her.
create policy move on appointment for update to coordination_app
    using (network_id = (select access.network())
        and (select access.organisation()) in (from_organisation_id, to_organisation_id)
        and (select true from referral r where r.id = appointment.referral_id and not r.by_hand limit 1))
    with check (network_id = (select access.network())
        and moved_by = (select access.membership()) and access.is_code(place)
        and proposed_by in (from_organisation_id, to_organisation_id)
        and not access.stopped(referral_id)
        and (state in ('proposed', 'confirmed', 'declined', 'cancelled') and excused is null
            or to_organisation_id = (select access.organisation()) and starts_at <= now()
                and (state = 'kept' and excused is null or state = 'missed' and excused is not null))
        and (held_by is null or (
            select true from membership m join referral r on r.to_organisation_id = m.organisation_id
             where m.id = held_by and m.organisation_id = appointment.to_organisation_id and r.id = referral_id limit 1)));

create policy see on appointment_event for select to coordination_app
    using (network_id = (select access.network())
        and (select true from appointment a where a.id = appointment_event.appointment_id limit 1));
-- An event says where the appointment stands now, under the name of whoever brought it there.
create policy add on appointment_event for insert to coordination_app
    with check (network_id = (select access.network())
        and organisation_id = (select access.organisation())
        and membership_id = (select access.membership())
        and access.is_code(verb)
        and (select true from appointment a
                     where a.id = appointment_event.appointment_id
                       and (select access.organisation()) in (a.from_organisation_id, a.to_organisation_id)
                       and a.state = appointment_event.state and a.version = appointment_event.version
                       and a.starts_at = appointment_event.starts_at limit 1));

-- Where an organisation receives people: read by its network, kept by its own intake, coordination and administration.
create policy see on reception_place for select to coordination_app
    using (network_id = (select access.network()) and (select access.organisation()) is not null);
create policy add on reception_place for insert to coordination_app
    with check (network_id = (select access.network())
        and organisation_id = (select access.organisation())
        and updated_by = (select access.membership())
        and ((select access.has_role('intake')) or (select access.has_role('coordinator'))
            or (select access.has_role('admin'))));
create policy move on reception_place for update to coordination_app
    using (network_id = (select access.network())
        and organisation_id = (select access.organisation())
        and ((select access.has_role('intake')) or (select access.has_role('coordinator'))
            or (select access.has_role('admin'))))
    with check (updated_by = (select access.membership()));

-- A member's secret address: made and taken back by her; that it was read, the door says.
create policy see on calendar_feed for select to coordination_app
    using (network_id = (select access.network()) and membership_id = (select access.membership()));
create policy add on calendar_feed for insert to coordination_app
    with check (network_id = (select access.network()) and membership_id = (select access.membership())
        and read_at is null and revoked_at is null);
create policy move on calendar_feed for update to coordination_app
    using (network_id = (select access.network()) and membership_id = (select access.membership()))
    with check (revoked_at is not null);
