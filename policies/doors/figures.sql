-- Follow-up figures of referrals: one row by referral sent in a period, and nothing in it that says which. No identifier,
-- no code, no person; `household` tells two referrals of one household together in this answer and in no other. Days and
-- never hours; a sensitive domain is « autre », as on the row. Rows come in no order. Protected files are counted.
-- A coordinator asks about her network; intake, coordination and administration about what their organisation sent, or was
-- sent (never what was handed over on paper: nothing was sent). Each question is a line of the journal.
create function access.referral_figures(side text, first date, last date)
    returns table (household bigint, domain text, sender uuid, receiver uuid, sent date, answered date, closed date,
                   by_hand boolean, state text, late boolean, refusal text, outcome text, says text,
                   disputed boolean)
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare me uuid := access.membership(); org uuid := access.organisation(); net uuid := access.network();
            salt text := gen_random_uuid()::text;
    begin
        if me is null or not (access.has_role('coordinator')
                or side in ('envoyees', 'recues') and (access.has_role('intake') or access.has_role('admin')))
                or side not in ('reseau', 'envoyees', 'recues') then
            raise exception 'asked by coordinators, and by an organisation about itself' using errcode = '42501';
        end if;
        insert into journal (id, network_id, number, at, actor_kind, actor_id, verb, subject, subject_id, fields,
                             previous_hash, hash)
        values (gen_random_uuid(), net, 0, now(), '', '', 'figures.read', 'network', net::text, '{}', '', '');
        return query
        with asked as (
            select r.*, (r.sent_at at time zone 'Europe/Paris')::date as day
              from referral r
             where r.network_id = net
               and r.sent_at >= first::timestamp at time zone 'Europe/Paris'
               and r.sent_at < (last + 1)::timestamp at time zone 'Europe/Paris'
               and case side when 'envoyees' then r.from_organisation_id = org
                             when 'recues' then r.to_organisation_id = org and not r.by_hand
                             else true end)
        select dense_rank() over (order by md5(a.household_id::text || salt)),
               a.public_domain::text, a.from_organisation_id, coalesce(a.to_organisation_id, a.to_service_id), a.day,
               (a.answered_at at time zone 'Europe/Paris')::date, (a.closed_at at time zone 'Europe/Paris')::date,
               a.by_hand,
               case when a.by_hand or a.state not in ('sent', 'received', 'info_requested', 'accepted', 'in_progress',
                                                      'on_hold') then a.state
                    when not a.carried @> access.today() then 'revoked'
                    when a.state in ('sent', 'received', 'info_requested') and a.expires_at <= now() then 'expired'
                    else a.state end::text,
               a.late_at <= coalesce(a.closed_at, now()), a.refusal::text, a.outcome::text,
               a.household_says::text,
               a.household_says is not null and exists (
                       select 1 from referral_event e
                        where e.referral_id = a.id and e.verb = 'dispute'
                          and not exists (select 1 from referral_event u
                                           where u.referral_id = a.id and u.version = e.version + 1 and u.verb = 'undo'))
          from asked a
         order by random();
    end $$;
