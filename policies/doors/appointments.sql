-- A member's appointments under her secret address: read by nobody's session, which gives the hash of what it holds.

-- Dates, lengths, codes and public addresses of the appointments she holds, from a month ago on: no name, no household,
-- no need. NULL when the address opens nothing: it was taken back, or she works here no more. An appointment whose
-- agreement ended is not there; one whose referral ended otherwise is cancelled (`Standing` in `appointments/rules.py`).
create function access.calendar(hash text) returns jsonb
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare feed calendar_feed; is_demo boolean; events jsonb;
    begin
        if access.kind() is distinct from 'nobody' then
            raise exception 'read by nobody''s session' using errcode = '42501';
        end if;
        select f.* into feed
          from calendar_feed f join membership m on m.id = f.membership_id
         where f.token_hash = hash and f.revoked_at is null and m.suspended_at is null
           and m.roles && array['intake', 'volunteer', 'coordinator'];
        if not found then
            return null;
        end if;
        select a.demo into is_demo from account a join membership m on m.account_id = a.id where m.id = feed.membership_id;
        update calendar_feed set read_at = now()
         where id = feed.id and (read_at is null or read_at < now() - interval '1 minute');
        select jsonb_agg(to_jsonb(e) order by e.starts_at, e.id) into events from (
            select a.id, a.referral_id, a.starts_at, a.minutes,
                   case when a.state in ('proposed', 'confirmed')
                         and (r.state not in ('sent', 'received', 'info_requested', 'accepted', 'in_progress', 'on_hold')
                              or r.state in ('sent', 'received', 'info_requested') and r.expires_at <= now())
                         and (r.closed_at is null or a.starts_at > r.closed_at)
                        then 'cancelled' else a.state end as state,
                   a.version + r.version as sequence,
                   greatest(a.moved_at, r.closed_at) as changed_at,
                   case when p.id is not null then p.name || ', ' || p.address else '' end as location
              from appointment a
              join referral r on r.id = a.referral_id
              left join reception_place p on p.id = a.place_id
             where a.network_id = feed.network_id and a.held_by = feed.membership_id
               and a.starts_at > now() - interval '31 days'
               and r.carried @> access.today() and (not r.guarded or access.lets_in(r.household_id, feed.membership_id))
             order by a.starts_at, a.id limit 500) e;
        return jsonb_build_object('demo', is_demo, 'events', coalesce(events, '[]'));
    end $$;

-- ---------------------------------------------------------------- the worker: codes, never a name

-- What became of appointments since a moment, oldest first; what one notes in the place of a service is no news.
create function access.dates_moved_since(moment timestamptz)
    returns table (referral_id uuid, verb text, at timestamptz, by_receiver boolean)
    language plpgsql stable security definer set search_path = public, pg_temp
    as $$ begin
        perform access.refuse_but_worker();
        return query select a.referral_id, e.verb::text, e.at, e.organisation_id = a.to_organisation_id
                       from appointment_event e join appointment a on a.id = e.appointment_id
                       join referral r on r.id = a.referral_id and r.to_service_id is null
                      where e.network_id = access.network() and e.at >= moment
                      order by e.at, e.id;
    end $$;

-- Reminds whoever holds a confirmed appointment that begins between two moments, once for each date; when nobody holds
-- it yet, or who did works here no more or is kept from the file, whoever answers at the organisation that receives. How
-- many were told anew.
create function access.remind_dates(since timestamptz, until timestamptz, said text) returns bigint
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare n bigint;
    begin
        perform access.refuse_but_worker();
        insert into notice (id, network_id, referral_id, membership_id, step, about, at, mail_state, attempts)
        select gen_random_uuid(), r.network_id, r.id, m.id, said, a.starts_at, now(), 'pending', 0
          from appointment a join referral r on r.id = a.referral_id and r.to_service_id is null
          join membership m on m.network_id = a.network_id and m.organisation_id = a.to_organisation_id
                           and m.suspended_at is null and m.roles && array['intake', 'volunteer', 'coordinator']
                           and (m.id = a.held_by or not exists (
                               select 1 from membership h where h.id = a.held_by and h.suspended_at is null
                                  and (not r.guarded or access.lets_in(r.household_id, h.id))))
         where a.network_id = access.network() and a.state = 'confirmed'
           and a.starts_at >= since and a.starts_at < until and access.is_code(said)
           and r.state in ('sent', 'received', 'info_requested', 'accepted', 'in_progress', 'on_hold')
           and r.carried @> access.today() and (not r.guarded or access.lets_in(r.household_id, m.id))
        on conflict do nothing;
        get diagnostics n = row_count;
        return n;
    end $$;
