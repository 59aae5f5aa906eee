-- The doors of a link to one outside referral: the actor says which referral, the argument which of its links.

create function access.link_referral() returns uuid language sql stable
    as $$ select case when access.kind() = 'outside_link' then access.actor()::uuid end $$;

-- What a link shows: the strict minimum; the name and the contact once accepted, while the link lasts.
create function access.outside_page(link uuid)
    returns table (state text, public_domain text, commune text, organisation_name text, organisation_phone text,
                   service_name text, expired boolean, person_name text, contact text)
    language sql stable security definer set search_path = public, pg_temp
    as $$ select r.state, r.public_domain, l.commune, o.name, o.phone, v.name, l.link_until <= now(),
                 case when shown.named then l.person_name end, case when shown.named then l.contact end
            from referral r
            join referral_link l on l.referral_id = r.id
            join organisation o on o.id = r.from_organisation_id
            join outside_service v on v.id = r.to_service_id
           cross join lateral (select r.state in ('accepted', 'in_progress', 'on_hold')
                                      and l.link_until > now() as named) shown
           where r.id = access.link_referral() and r.network_id = access.network() and l.link_id = link
             and access.link_stands(r) $$;

-- Locks the referral of a link that opens something; no row otherwise.
create function access.locked_link(link uuid) returns referral
    language plpgsql set search_path = public, pg_temp
    as $$
    declare r referral;
    begin
        select f.* into r from referral f
         where f.id = access.link_referral() and f.network_id = access.network() for update;
        if r.id is null or not access.link_stands(r)
           or not exists (select 1 from referral_link l where l.referral_id = r.id and l.link_id = link) then
            return null;
        end if;
        return r;
    end $$;

create function access.note_outside(r referral, verb text) returns void
    language sql set search_path = public, pg_temp
    as $$ insert into journal (id, network_id, number, at, actor_kind, actor_id, verb, subject, subject_id, household_id,
                               fields, previous_hash, hash)
          values (gen_random_uuid(), r.network_id, 0, now(), '', '', verb, 'referral', r.id::text,
                  r.household_id, '{}', '', '') $$;

-- The service's step, once: the state it leads to, or the one where the referral already stood; NULL when the link opens
-- nothing. The same moves as in `referrals/machine.py`; a test holds the two against each other.
create function access.outside_answer(link uuid, verb text, why text) returns text
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare r referral; leads text;
    begin
        if verb not in ('accept', 'refuse', 'ask', 'close') or not access.is_code(why)
           or (verb = 'accept') <> (why is null) then
            raise exception 'no such answer' using errcode = '42501';
        end if;
        r := access.locked_link(link);
        if r.id is null or not exists (
            select 1 from referral_link l where l.referral_id = r.id and l.link_until > now()) then
            return null;
        end if;
        leads := case
            when verb = 'accept' and r.state in ('sent', 'received', 'info_requested') then 'accepted'
            when verb = 'refuse' and r.state in ('sent', 'received', 'info_requested') then 'refused'
            when verb = 'ask' and r.state in ('sent', 'received') then 'info_requested'
            when verb = 'close' and r.state in ('accepted', 'in_progress', 'on_hold') then 'closed' end;
        if leads is null then
            return r.state;
        end if;
        update referral
           set state = leads, version = version + 1, moved_by = null,
               refusal = case when verb = 'refuse' then why else refusal end,
               outcome = case when verb = 'close' then why else outcome end,
               household_says = case when verb = 'close' then null else household_says end,
               household_due = case when verb <> 'close' then household_due
                                    when why in ('got_help', 'partial', 'no_help') then 'answer' end,
               ask_from = case when verb <> 'close' then ask_from
                               when why in ('got_help', 'partial', 'no_help') then now() end,
               answered_at = case when verb in ('accept', 'refuse') then coalesce(answered_at, now()) else answered_at end,
               closed_at = case when verb = 'close' then coalesce(closed_at, now()) else closed_at end
         where id = r.id;
        insert into referral_event (id, network_id, referral_id, at, verb, state, reason, version)
        values (gen_random_uuid(), r.network_id, r.id, now(), verb, leads, why, r.version + 1);
        perform access.note_outside(r, 'outside.' || verb);
        return leads;
    end $$;

-- Another link in place of this one, even expired: it goes by mail to the address the referral was sent to.
create function access.outside_renew(link uuid) returns boolean
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare r referral := access.locked_link(link);
    begin
        if r.id is null or r.state in ('refused', 'closed') then
            return false;
        end if;
        update referral_link
           set link_id = gen_random_uuid(), link_until = now() + access.link_lasts(), mail_step = 'renewed',
               mail_state = 'pending', claimed_at = null, attempts = 0
         where referral_id = r.id;
        perform access.note_outside(r, 'outside.renew');
        return true;
    end $$;

-- The links to mail, each by one worker at a time; those that stand no more are never sent, and of a demonstration none.
create function access.take_outside_mail(stale interval, most integer)
    returns table (referral_id uuid, link_id uuid, link_until timestamptz, step text, email text,
                   organisation_name text, organisation_phone text)
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    #variable_conflict use_column
    begin
        perform access.refuse_but_worker();
        update referral_link l set mail_state = 'none'
          from referral r join network n on n.id = r.network_id
         where l.network_id = access.network() and l.mail_state = 'pending' and r.id = l.referral_id
           and (n.demo or r.state in ('refused', 'closed') or not access.link_stands(r));
        return query
            with taken as (
                select l.referral_id from referral_link l
                 where l.network_id = access.network() and l.mail_state = 'pending'
                   and (l.claimed_at is null or l.claimed_at < now() - stale)
                 order by l.told_at, l.referral_id limit most for update skip locked),
            claimed as (
                update referral_link l set claimed_at = now(), attempts = l.attempts + 1
                  from taken t where l.referral_id = t.referral_id returning l.*)
            select c.referral_id, c.link_id, c.link_until, c.mail_step::text, c.mailed_to::text, o.name::text, o.phone::text
              from claimed c join referral r on r.id = c.referral_id
              join organisation o on o.id = r.from_organisation_id;
    end $$;

create function access.note_outside_mail(link uuid, went boolean) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform access.refuse_but_worker();
        update referral_link
           set mail_state = case when went then 'sent' when attempts >= 20 then 'failed' else 'pending' end,
               mailed_at = case when went then now() end
         where link_id = link and network_id = access.network() and mail_state = 'pending';
    end $$;
