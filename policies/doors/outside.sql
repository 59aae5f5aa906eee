-- The doors of a link to one outside referral: the actor says which referral, the argument which of its links.

create function access.link_referral() returns uuid language sql stable
    as $$ select case when access.kind() = 'outside_link' then access.actor()::uuid end $$;

-- Whether a referral may still be shown to its service: the person has not withdrawn her agreement, the file is not
-- protected, and the sender is itself still trusted with what it passed on.
create function access.outside_stands(referral outside_referral) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select referral.state <> 'withdrawn' and not access.is_protected(referral.household_id)
             and exists (select 1 from outside_service v where v.id = referral.service_id and v.active)
             and (select count(distinct s.scope) from access.trusted_share s
                   where s.household_id = referral.household_id and s.network_id = referral.network_id
                     and s.organisation_id = referral.from_organisation_id
                     and s.scope in ('identity', 'needs')) = 2 $$;

-- What a link shows: the strict minimum; the name and the contact once accepted, while the link lasts.
create function access.outside_page(link uuid)
    returns table (state text, public_domain text, commune text, organisation_name text, organisation_phone text,
                   service_name text, expired boolean, person_name text, contact text)
    language sql stable security definer set search_path = public, pg_temp
    as $$ select r.state, r.public_domain, r.commune, o.name, o.phone, v.name, r.link_until <= now(),
                 case when r.state = 'accepted' and r.link_until > now() then r.person_name end,
                 case when r.state = 'accepted' and r.link_until > now() then r.contact end
            from outside_referral r
            join organisation o on o.id = r.from_organisation_id
            join outside_service v on v.id = r.service_id
           where r.id = access.link_referral() and r.network_id = access.network() and r.link_id = link
             and access.outside_stands(r) $$;

create function access.note_outside(referral outside_referral, verb text) returns void
    language sql set search_path = public, pg_temp
    as $$ insert into journal (id, network_id, number, at, actor_kind, actor_id, verb, subject, subject_id, household_id,
                               fields, previous_hash, hash)
          values (gen_random_uuid(), referral.network_id, 0, now(), '', '', verb, 'outside_referral', referral.id::text,
                  referral.household_id, '{}', '', '') $$;

-- The service's answer, once: the state it leaves, or the one it already had; NULL when the link opens nothing.
create function access.outside_answer(link uuid, verb text, said text, why text) returns text
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare r outside_referral;
    begin
        if (verb, said) not in (('accept', 'accepted'), ('refuse', 'refused'), ('ask', 'asked'))
           or not access.is_code(why) or (said = 'refused') <> (why is not null) then
            raise exception 'no such answer' using errcode = '42501';
        end if;
        select * into r from outside_referral o
         where o.id = access.link_referral() and o.network_id = access.network() and o.link_id = link for update;
        if not found or r.link_until <= now() or not access.outside_stands(r) then
            return null;
        end if;
        if r.state not in ('sent', 'asked') or r.state = said then
            return r.state;
        end if;
        update outside_referral set state = said, refusal = why, answered_at = now(), version = version + 1 where id = r.id;
        perform access.note_outside(r, 'outside.' || verb);
        return said;
    end $$;

-- Another link in place of this one, even expired: it goes by mail to the address the network registered.
create function access.outside_renew(link uuid, lasts interval) returns boolean
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare r outside_referral;
    begin
        select * into r from outside_referral o
         where o.id = access.link_referral() and o.network_id = access.network() and o.link_id = link for update;
        if not found or r.state = 'refused' or not access.outside_stands(r) then
            return false;
        end if;
        update outside_referral
           set link_id = gen_random_uuid(), link_until = now() + least(lasts, interval '30 days'), mail_state = 'pending',
               claimed_at = null, attempts = 0, version = version + 1
         where id = r.id;
        perform access.note_outside(r, 'outside.renew');
        return true;
    end $$;

-- The links to mail, each by one worker at a time; those that stand no more are never sent.
create function access.take_outside_mail(stale interval, most integer)
    returns table (referral_id uuid, link_id uuid, link_until timestamptz, email text, organisation_name text,
                   organisation_phone text)
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    #variable_conflict use_column
    begin
        perform access.refuse_but_worker();
        update outside_referral r set mail_state = 'none'
         where r.network_id = access.network() and r.mail_state = 'pending' and not access.outside_stands(r);
        return query
            with taken as (
                select r.id from outside_referral r
                 where r.network_id = access.network() and r.mail_state = 'pending'
                   and (r.claimed_at is null or r.claimed_at < now() - stale)
                 order by r.sent_at, r.id limit most for update skip locked),
            claimed as (
                update outside_referral r set claimed_at = now(), attempts = r.attempts + 1
                  from taken t where r.id = t.id returning r.*)
            select c.id, c.link_id, c.link_until, v.email::text, o.name::text, o.phone::text
              from claimed c join outside_service v on v.id = c.service_id
              join organisation o on o.id = c.from_organisation_id;
    end $$;

create function access.note_outside_mail(link uuid, went boolean) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform access.refuse_but_worker();
        update outside_referral
           set mail_state = case when went then 'sent' when attempts >= 20 then 'failed' else 'pending' end,
               mailed_at = case when went then now() end
         where link_id = link and network_id = access.network() and mail_state = 'pending';
    end $$;
