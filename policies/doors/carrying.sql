-- The days an agreement carries each referral, kept in its row: `referral.carried`. Whether it is stopped is then read like
-- any other column. Whatever the shares, the agreements with services and the protection of its file become, the triggers
-- below write it again in the same transaction; a move of a referral asks nothing of them.

-- The days on which what a referral transmitted may be read at its other end, as everything stands now: an organisation is
-- trusted with it and, of a protected file, has somebody named; a service is named by an agreement (`agreed_on`: by one to
-- this referral alone), the file is not protected, and whoever sent it is still trusted with what she passed on. Paper given
-- by hand needs nobody's agreement.
create function access.carried_days(r referral) returns datemultirange
    language plpgsql stable set search_path = public, pg_temp
    as $$
    declare touches_health boolean; days datemultirange; told datemultirange;
    begin
        if r.by_hand then
            return '{(,)}';
        end if;
        if access.is_protected(r.household_id) and (r.to_service_id is not null
                or not access.somebody_named(r.household_id, r.to_organisation_id)) then
            return '{}';
        end if;
        select n.sensitive into touches_health from need n where n.id = r.need_id;
        -- Of an organisation, or of a service's sender, who must be trusted with what she passed on.
        select range_agg(s.days) filter (where s.scope = 'identity') * range_agg(s.days) filter (where s.scope = 'needs')
               * case when r.to_service_id is null and touches_health
                      then range_agg(s.days) filter (where s.scope = 'sensitive') else '{(,)}' end into days
          from (select t.scope, daterange(t.valid_from, t.valid_until, '[]') as days from share t
                 where t.household_id = r.household_id and t.revoked_at is null
                   and t.organisation_id = coalesce(r.to_organisation_id, r.from_organisation_id)
                   and (t.valid_until is null or t.valid_until >= t.valid_from)) s;
        if r.to_service_id is not null
           and not exists (select 1 from referral_link l where l.referral_id = r.id and l.agreed_on is not null) then
            select range_agg(daterange(g.valid_from, g.valid_until, '[]')) into told
              from agreement_service v join agreement g on g.id = v.agreement_id
             where v.household_id = r.household_id and v.service_id = r.to_service_id
               and v.granted_at is not null and v.revoked_at is null and (v.sensitive or not touches_health)
               and g.valid_until >= g.valid_from;
            days := days * told;
        end if;
        return coalesce(days, '{}');
    end $$;

-- Whether the agreement that carried a referral under way no longer does: yes or no, to its two sides, the network's
-- coordinators and the worker. The policies ask it, which see the new row alone; whoever reads the row finds it there.
create function access.stopped(referral uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
    as $$ select exists (
        select 1 from referral r
         where r.id = stopped.referral and r.network_id = access.network() and not r.carried @> access.today()
           and r.state in ('sent', 'received', 'info_requested', 'accepted', 'in_progress', 'on_hold')
           and (access.organisation() in (r.from_organisation_id, r.to_organisation_id)
                or access.has_role('coordinator') or access.is_service('worker'))
           and (not r.guarded or access.is_service('worker') or access.reaches(r.household_id))) $$;

-- ---------------------------------------------------------------- kept true
-- Two transactions at once wait for each other at the file: what is sent holds it for sharing, what changes its agreements
-- holds it alone, then its referrals. What comes next is read once the other has ended. A redirection holds its parent
-- instead, as whoever redirects already does: holding a referral, nobody waits for the file.

-- One order for all: the file, its referrals, the need that is sent, the journal. Whoever sends a need holds its file before
-- the need: otherwise she would wait for an agreement that changes, which waits for the referral that somebody redirects,
-- who waits for the need. Answers nothing, of a file of another network as of none.
create function access.hold_need(needed uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform 1 from household h join need n on n.household_id = h.id
          where n.id = needed and n.network_id = access.network() for share of h;
        perform pg_advisory_xact_lock(hashtextextended(needed::text, 0));
    end $$;

create function access.carried_from_birth() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        if tg_op = 'INSERT' and new.parent_id is not null then
            perform 1 from referral where id = new.parent_id for no key update;
        elsif tg_op = 'INSERT' then
            perform 1 from household where id = new.household_id for share;
        end if;
        new.carried := access.carried_days(new);
        return new;
    end $$;

create trigger referral_carried before insert or update of household_id, need_id, from_organisation_id, to_organisation_id,
        to_service_id, by_hand on referral
    for each row execute function access.carried_from_birth();

-- A need, which is often sent in the same breath, holds its file already: nobody waits for it once her need is in the
-- journal.
create function access.hold_file() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform 1 from household where id = new.household_id for share;
        return new;
    end $$;

create trigger need_holds before insert on need for each row execute function access.hold_file();

-- Writes again what is carried of these files.
create function access.carry_again(files uuid[]) returns void
    language plpgsql set search_path = public, pg_temp
    as $$ begin
        if cardinality(files) > 0 then
            perform 1 from household where id = any (files) order by id for no key update;
            perform 1 from referral where household_id = any (files) order by id for no key update;
            if found then
                update referral r set carried = now_is.days
                  from (select f.id, access.carried_days(f) as days
                          from referral f where f.household_id = any (files) offset 0) now_is
                 where now_is.id = r.id and r.carried <> now_is.days;
            end if;
        end if;
    end $$;

-- Once a statement: a file is opened with six shares. Those that were only marked as guarded change nothing.
create function access.shares_changed() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform access.carry_again(array(
            select household_id from changed where scope in ('identity', 'needs', 'sensitive') group by 1));
        return null;
    end $$;
create function access.shares_rewritten() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform access.carry_again(array(
            select unnest(array[was.household_id, became.household_id])
              from was join became using (id)
             where (was.household_id, was.organisation_id, was.scope, was.valid_from, was.valid_until, was.revoked_at)
                   is distinct from (became.household_id, became.organisation_id, became.scope, became.valid_from,
                                     became.valid_until, became.revoked_at)
             group by 1));
        return null;
    end $$;

create trigger share_given after insert on share referencing new table as changed
    for each statement execute function access.shares_changed();
create trigger share_gone after delete on share referencing old table as changed
    for each statement execute function access.shares_changed();
create trigger share_rewritten after update on share referencing old table as was new table as became
    for each statement execute function access.shares_rewritten();

-- The rest is written now and then, a row or two at a time.
create function access.carriage_changed() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform access.carry_again(array(
            select f from unnest(array[case when tg_op <> 'INSERT' then old.household_id end,
                                       case when tg_op <> 'DELETE' then new.household_id end]) f
             where f is not null group by 1));
        return null;
    end $$;

create trigger service_named after insert on agreement_service
    for each row when (new.granted_at is not null) execute function access.carriage_changed();
create trigger service_renamed after delete or update of household_id, agreement_id, service_id, sensitive, granted_at, revoked_at
    on agreement_service for each row execute function access.carriage_changed();
create trigger agreement_days after update of household_id, valid_from, valid_until on agreement
    for each row execute function access.carriage_changed();
create trigger link_agreed after insert on referral_link
    for each row when (new.agreed_on is not null) execute function access.carriage_changed();
create trigger link_agreed_again after delete or update of household_id, referral_id, agreed_on on referral_link
    for each row execute function access.carriage_changed();
create trigger file_protected after insert or delete or update of household_id, lifted_at on protection
    for each row execute function access.carriage_changed();
create trigger worker_named after insert on file_opening
    for each row when (new.ground = 'named') execute function access.carriage_changed();
create trigger worker_renamed after delete or update of household_id, organisation_id, ground, ended_at on file_opening
    for each row execute function access.carriage_changed();
create trigger need_touches_health after update of household_id, sensitive on need
    for each row execute function access.carriage_changed();
