-- What the household says of a closed referral through a link on paper: a secret, of which the hash alone is kept.

-- Whether paper is safe for a household: its own word first; without one, unless the file is protected.
create function access.letters_safe(file_id uuid) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select coalesce((select c.letter from safe_contact c where c.household_id = file_id),
                          not access.is_protected(file_id)) $$;

create function access.may_print_link(referral uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
    as $$ select exists (select 1 from referral r
                          where r.id = may_print_link.referral and r.network_id = access.network()
                            and (r.from_organisation_id = access.organisation()
                                 or r.to_organisation_id = access.organisation() and not r.by_hand)
                            and (not r.guarded or access.lets_in(r.household_id, access.membership()))
                            and access.letters_safe(r.household_id)) $$;

-- The referral of a link that stands: not ended, in its time, safe to have at home.
create function access.linked(secret text) returns setof referral
    language sql stable set search_path = public, pg_temp
    as $$ select r.* from confirmation_link l join referral r on r.id = l.referral_id and r.network_id = l.network_id
           where l.secret_hash = secret and l.ended_at is null and l.until > now()
             and access.letters_safe(r.household_id) $$;

-- Until when the household may change the answer it gave through a link: as long as nobody did anything since.
create function access.changes_until(asked referral, change interval) returns timestamptz
    language sql stable set search_path = public, pg_temp
    as $$ select e.at + change from referral_event e
           where e.referral_id = asked.id and e.version = asked.version and e.verb in ('confirm', 'dispute')
             and e.membership_id is null and e.at + change > now() $$;

-- What a link shows: whether it may be answered, and nothing of whom or what it is about.
create function access.confirmation(secret text, change interval)
    returns table (referral_id uuid, network_id uuid, closed boolean, answered boolean, changes_until timestamptz)
    language sql stable security definer set search_path = public, pg_temp
    as $$ select r.id, r.network_id, r.state in ('closed', 'disputed'), r.household_says is not null,
                 access.changes_until(r, change)
            from access.linked(secret) r $$;

-- The household's answer: whether it is kept. Less than its partner said opens the referral again, as `household.py` says.
create function access.confirm(secret text, said text, call_back boolean, change interval) returns boolean
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare r referral; code text; closing text; disagrees boolean; told text;
    begin
        if said not in ('yes', 'partly', 'no', 'declined') then
            raise exception 'no such answer' using errcode = '42501';
        end if;
        select * into r from referral where id in (select l.id from access.linked(secret) l)
           and access.kind() = 'household_link' and id::text = access.actor() and network_id = access.network()
           for update;
        if not found or r.state not in ('closed', 'disputed') then
            return false;
        end if;
        code := said || case when call_back then '_call' else '' end;
        closing := r.outcome;
        if r.household_says is not null then
            if access.changes_until(r, change) is null then
                return false;
            end if;
            if exists (select 1 from referral_event e
                        where e.referral_id = r.id and e.version = r.version and e.reason = code) then
                return true;
            end if;
            select e.reason into closing from referral_event e
             where e.referral_id = r.id and e.verb = 'close' order by e.version desc limit 1;
        end if;
        disagrees := coalesce(closing = 'got_help' and said in ('partly', 'no') or closing = 'partial' and said = 'no', false);
        told := case when disagrees then 'dispute' else 'confirm' end;
        update referral
           set state = case when disagrees then 'disputed' else 'closed' end,
               outcome = case when disagrees then closing when said = 'yes' then 'got_help'
                              when said = 'partly' then 'partial' else closing end,
               household_says = said,
               household_due = case when call_back and not disagrees then 'call' end,
               ask_from = case when call_back and not disagrees then now() end,
               moved_by = null, version = version + 1
         where id = r.id
        returning * into r;
        insert into referral_event (id, network_id, referral_id, at, verb, state, reason, organisation_id, membership_id,
                                    version)
        values (gen_random_uuid(), r.network_id, r.id, now(), told, r.state, code, null, null, r.version);
        insert into journal (id, network_id, number, at, actor_kind, actor_id, verb, subject, subject_id, household_id,
                             fields, previous_hash, hash)
        values (gen_random_uuid(), r.network_id, 0, now(), '', '', 'referral.' || told, 'referral', r.id::text,
                r.household_id, '{}', '', '');
        return true;
    end $$;
