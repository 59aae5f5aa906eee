-- Who acts, what is live, and the only doors through the wall. Applied whole by `coordination upgrade`.
-- Doors are SECURITY DEFINER functions owned by coordination_guard; everything else runs as the caller.

create schema access;
grant usage on schema access to coordination_app, coordination_guard;

-- ---------------------------------------------------------------- who acts
-- A spent setting reads '' and not NULL: nullif() makes both mean nobody.

create function access.kind() returns text language sql stable
    as $$ select nullif(current_setting('app.kind', true), '') $$;
create function access.actor() returns text language sql stable
    as $$ select nullif(current_setting('app.actor', true), '') $$;
create function access.account() returns uuid language sql stable
    as $$ select case when access.kind() = 'member' then nullif(current_setting('app.account', true), '')::uuid end $$;
create function access.network() returns uuid language sql stable
    as $$ select nullif(current_setting('app.network', true), '')::uuid $$;
create function access.professional() returns boolean language sql stable
    as $$ select current_setting('app.professional', true) = 'yes' $$;
create function access.parts() returns text[] language sql stable
    as $$ select coalesce(nullif(current_setting('app.parts', true), '')::text[], '{}') $$;
-- Roles belong to members: a station, a link or a service that carried some would gain nothing by it.
create function access.has_role(role text) returns boolean language sql stable
    as $$ select access.kind() = 'member'
             and role = any(coalesce(nullif(current_setting('app.roles', true), '')::text[], '{}')) $$;
-- The organisation counts for members only: a station or a link never borrows its organisation's files.
create function access.organisation() returns uuid language sql stable
    as $$ select case when access.kind() = 'member'
                 then nullif(current_setting('app.organisation', true), '')::uuid end $$;
create function access.membership() returns uuid language sql stable
    as $$ select case when access.kind() = 'member' then access.actor()::uuid end $$;
-- A word of a list, never a sentence nor a name: what rows read without the share, and the journal, may carry.
create function access.is_code(word text) returns boolean language sql immutable
    as $$ select word is null or word ~ '^[a-z0-9_.]*$' $$;
create function access.is_service(name text) returns boolean language sql stable
    as $$ select access.kind() = 'service' and access.actor() = name $$;

-- The day it is for the people of the network, whatever the time zone of the session.
create function access.today() returns date language sql stable
    as $$ select (now() at time zone 'Europe/Paris')::date $$;

-- ---------------------------------------------------------------- files opened to named workers, or closed to somebody
-- `guarded` on share and referral says that one of these may say no: everybody else's files are not asked about.

-- For the doors: by herself the app reads it under row security like everything else.
create function access.is_protected(file_id uuid) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select exists (select 1 from protection p where p.household_id = file_id and p.lifted_at is null) $$;

-- A protected file goes to an organisation only where somebody is named to read it.
create function access.somebody_named(file_id uuid, organisation uuid) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select exists (select 1 from file_opening o
                          where o.household_id = file_id and o.organisation_id = organisation
                            and o.ground = 'named' and o.ended_at is null) $$;

-- A file and, when it was merged into another, that one, and so on: it lets in only those whom every one of them lets in.
create function access.onward(file_id uuid) returns setof uuid
    language sql stable set search_path = public, pg_temp
    as $$ with recursive f as (
              select file_id as id
              union all
              select h.merged_into_id from household h join f on h.id = f.id where h.merged_into_id is not null)
          select id from f $$;

-- A file and those that were merged into it.
create function access.with_merged(file_id uuid) returns setof uuid
    language sql stable set search_path = public, pg_temp
    as $$ with recursive f as (
              select file_id as id
              union all
              select h.id from household h join f on h.merged_into_id = f.id)
          select id from f $$;

-- Whether a file is closed to somebody, whichever organisation she acts for: whoever works for one and helps in another is
-- kept from her relative's file in both.
create function access.closed_to(file_id uuid, member_id uuid) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select exists (select 1 from bar b join membership there on there.id = b.membership_id
                           join membership here on here.account_id = there.account_id
                          where b.household_id = file_id and b.lifted_at is null and here.id = member_id) $$;

-- Whether a guarded file lets somebody in: it is not closed to her and, if it is protected, it is opened to her by name.
create function access.lets_in(file_id uuid, member_id uuid) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select not exists (
              select 1 from access.onward(file_id) f
               where access.closed_to(f, member_id)
                  or exists (select 1 from protection p where p.household_id = f and p.lifted_at is null)
                     and not exists (select 1 from file_opening o
                                      where o.household_id = f and o.membership_id = member_id
                                        and o.ended_at is null and (o.until is null or o.until > now()))) $$;

-- For the doors below: nobody acts on a file from which she is kept.
create function access.refuse_kept_out(file_id uuid) returns void
    language plpgsql stable set search_path = public, pg_temp
    as $$ begin
        if not access.lets_in(file_id, access.membership()) then
            raise exception 'a file from which she is kept' using errcode = '42501';
        end if;
    end $$;

-- The same of myself.
create function access.reaches(file_id uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
    as $$ select access.lets_in(file_id, access.membership()) $$;

-- The same of a colleague, for whoever is let in herself: what is handed to somebody kept out is done by nobody.
create function access.lets_colleague_in(file_id uuid, member_id uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
    as $$ select access.lets_in(file_id, access.membership()) and access.lets_in(file_id, member_id)
             and exists (select 1 from membership m
                          where m.id = member_id and m.organisation_id = access.organisation()) $$;

-- ---------------------------------------------------------------- what is live
-- The sharing rule, once: what my organisation may see today, for my audience, among the parts my roles open.

create view access.live_share with (security_invoker = true) as
    select s.network_id, s.household_id, s.scope, s.ground, s.organisation_id <> s.holder_organisation_id as given
      from share s
     where s.organisation_id = access.organisation()
       and s.network_id = access.network()
       and s.scope = any (access.parts())
       and (s.audience = 'all' or access.professional())
       and s.revoked_at is null
       and s.valid_from <= access.today()
       and (s.valid_until is null or s.valid_until >= access.today())
       and (not s.guarded or access.reaches(s.household_id));

-- The same for the doors that look many files up: who asks is read once for all of them, and not once for each.
do $$ begin
    execute 'create view access.live_shares with (security_invoker = true) as '
        || replace(regexp_replace(pg_get_viewdef('access.live_share'::regclass),
                                  'access\.(organisation|network|professional|today)\(\)', '(select access.\1())', 'g'),
                   'access.parts()', '(select access.parts())::text[]');
end $$;

-- The same without audience and roles: what an organisation was trusted with (used by guard's doors).
create view access.trusted_share with (security_invoker = true) as
    select s.network_id, s.household_id, s.organisation_id, s.scope
      from share s
     where s.revoked_at is null
       and s.valid_from <= (select access.today())
       and (s.valid_until is null or s.valid_until >= (select access.today()));

grant select on access.live_share to coordination_app, coordination_guard;
grant select on access.live_shares, access.trusted_share to coordination_guard;

-- ---------------------------------------------------------------- before there is an actor: identity's doors

create function access.sign_in(email text)
    returns table (account_id uuid, password_hash text, demo boolean)
    language sql stable security definer set search_path = public, pg_temp
    as $$ select a.id, c.password_hash, a.demo
            from account a join credential c on c.account_id = a.id
           where a.email_folded = sign_in.email and access.kind() = 'nobody' $$;

create function access.open_session(id uuid, token_hash text, account_id uuid, membership_id uuid,
                                    expires_at timestamptz, device text)
    returns void language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        if access.kind() is distinct from 'nobody' then
            raise exception 'a session is opened before one acts' using errcode = '42501';
        end if;
        if membership_id is not null and not exists (
            select 1 from membership m where m.id = open_session.membership_id
               and m.account_id = open_session.account_id and m.suspended_at is null) then
            raise exception 'this membership is not hers' using errcode = '42501';
        end if;
        insert into browser_session (id, token_hash, account_id, membership_id, created_at, seen_at, expires_at, device)
        values (id, token_hash, account_id, membership_id, now(), now(), expires_at, device);
    end $$;

create function access.session_of(hash text, idle interval)
    returns table (session_id uuid, account_id uuid, account_name text, demo boolean, membership_id uuid,
                   network_id uuid, network_name text, organisation_id uuid, organisation_name text,
                   name text, roles text[], professional boolean, seen_at timestamptz)
    language sql stable security definer set search_path = public, pg_temp
    as $$ select s.id, a.id, a.name, a.demo, m.id, n.id, n.name, o.id, o.name, m.name, m.roles, m.professional, s.seen_at
            from browser_session s
            join account a on a.id = s.account_id
            left join membership m on m.id = s.membership_id and m.suspended_at is null
            left join organisation o on o.id = m.organisation_id
            left join network n on n.id = m.network_id
           where s.token_hash = hash and s.revoked_at is null and access.kind() = 'nobody'
             and s.expires_at > now() and s.seen_at > now() - idle $$;

-- Asked at sign-in, before there is an actor; afterwards about oneself only.
create function access.memberships_of(account uuid)
    returns table (membership_id uuid, network_id uuid, network_name text, organisation_id uuid,
                   organisation_name text, roles text[], professional boolean)
    language sql stable security definer set search_path = public, pg_temp
    as $$ select m.id, n.id, n.name, o.id, o.name, m.roles, m.professional
            from membership m
            join organisation o on o.id = m.organisation_id
            join network n on n.id = m.network_id
           where m.account_id = account and m.suspended_at is null
             and (access.kind() = 'nobody' or account = access.account())
           order by m.started_at, m.id $$;

create function access.touch_session(hash text)
    returns void language sql security definer set search_path = public, pg_temp
    as $$ update browser_session set seen_at = now()
           where token_hash = hash and revoked_at is null and seen_at < now() - interval '1 minute' $$;

-- What every request asks, in one question: who is behind this token, for which organisations she may act; and that she
-- was seen.
create function access.signed_in(hash text, idle interval)
    returns table (session_id uuid, account_id uuid, account_name text, demo boolean, membership_id uuid,
                   network_id uuid, network_name text, organisation_id uuid, organisation_name text,
                   name text, roles text[], professional boolean, memberships jsonb)
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        return query
        select s.session_id, s.account_id, s.account_name, s.demo, s.membership_id, s.network_id, s.network_name,
               s.organisation_id, s.organisation_name, s.name, s.roles, s.professional,
               (select jsonb_agg(to_jsonb(m)) from access.memberships_of(s.account_id) m)
          from access.session_of(hash, idle) s;
        if found then
            perform access.touch_session(hash);
        end if;
    end $$;

create function access.close_session(hash text)
    returns void language sql security definer set search_path = public, pg_temp
    as $$ update browser_session set revoked_at = now() where token_hash = hash and revoked_at is null $$;

create function access.note_attempt(keys text[])
    returns void language sql security definer set search_path = public, pg_temp
    as $$ delete from sign_in_attempt where at < now() - interval '1 day';
          insert into sign_in_attempt (id, key_hash, at) select gen_random_uuid(), key, now() from unnest(keys) key $$;

create function access.attempts(key text, since timestamptz)
    returns bigint language sql stable security definer set search_path = public, pg_temp
    as $$ select count(*) from sign_in_attempt where key_hash = key and at > since $$;

create function access.forget_attempts(key text)
    returns void language sql security definer set search_path = public, pg_temp
    as $$ delete from sign_in_attempt where key_hash = key $$;

-- Whether a one-use link still serves: neither used, nor cancelled, nor late, and whoever handed it over (nobody, when it
-- was the operator) still runs the accounts of that organisation: no link outlives the right to make it.
create function access.link_serves(link invitation) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select link.used_at is null and link.revoked_at is null and link.expires_at > now()
             and (link.created_by is null or exists (
                  select 1 from membership m
                   where m.id = link.created_by and m.suspended_at is null and 'admin' = any (m.roles))) $$;

create function access.invitation_of(hash text)
    returns table (invitation_id uuid, purpose text, email text, name text, organisation_name text,
                   network_name text, roles text[], professional boolean, account_exists boolean, demo boolean)
    language sql stable security definer set search_path = public, pg_temp
    as $$ select i.id, i.purpose, i.email, i.name, o.name, n.name, i.roles, i.professional,
                 exists (select 1 from account a where a.email_folded = lower(i.email)), i.demo
            from invitation i
            join organisation o on o.id = i.organisation_id
            join network n on n.id = i.network_id
           where i.token_hash = hash and access.link_serves(i) $$;

-- Whom the public simulator tells to call: of the organisations whose barème answers anybody, what they publish.
create function access.public_partners(slugs text[])
    returns table (slug text, name text, commune text, phone text, network text, demo boolean)
    language sql stable security definer set search_path = public, pg_temp
    as $$ select o.slug, o.name, o.commune, o.phone, n.name, n.demo
            from organisation o join network n on n.id = o.network_id
           where o.slug = any (slugs)
           order by n.name, o.name $$;

-- Whether an account works for the admin's organisation and for no other, suspended or not: only then may she hand
-- over a link that changes its password. Otherwise an admin could take over what a person does elsewhere.
create function access.account_is_ours(account uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
    as $$ select access.has_role('admin')
             and exists (select 1 from membership m
                          where m.account_id = account and m.organisation_id = access.organisation())
             and not exists (select 1 from membership m
                              where m.account_id = account and m.organisation_id <> access.organisation()) $$;

-- Somebody of an organisation by her address, for the operator who offers her a new password.
create function access.account_for_operator(email text, organisation uuid) returns table (account_id uuid, name text)
    language sql stable security definer set search_path = public, pg_temp
    as $$ select m.account_id, m.name from account a join membership m on m.account_id = a.id
           where a.email_folded = account_for_operator.email and m.suspended_at is null
             and m.organisation_id = account_for_operator.organisation and access.is_service('operator') $$;

-- The secret addresses of somebody's calendars end with the password under which they may have been taken.
create function access.end_feeds(account uuid)
    returns void language sql set search_path = public, pg_temp
    as $$ update calendar_feed f set revoked_at = now() from membership m
           where m.id = f.membership_id and m.account_id = end_feeds.account and f.revoked_at is null $$;

-- Uses a one-use link: makes the account when there is none, its membership, or its new password.
-- An existing account keeps its password on an invitation: the membership alone is added.
-- Answers the account, or NULL when the link is spent.
create function access.use_invitation(hash text, new_password_hash text, new_name text)
    returns uuid language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare i invitation; a uuid; joined uuid;
    begin
        update invitation link set used_at = now()
         where link.token_hash = hash and access.link_serves(link)
        returning * into i;
        if i.id is null then return null; end if;
        if i.purpose = 'reset' then
            a := i.account_id;
            -- The account may have joined another organisation since: only the operator's link (no author) still works.
            if i.created_by is not null and exists (
                select 1 from membership m where m.account_id = a and m.organisation_id <> i.organisation_id) then
                return null;
            end if;
            update credential set password_hash = new_password_hash, changed_at = now() where account_id = a;
            update browser_session set revoked_at = now() where account_id = a and revoked_at is null;
            perform access.end_feeds(a);
            perform access.note_link('account.password_reset', i, 'account', a);
            return a;
        end if;
        select id into a from account where email_folded = lower(i.email);
        -- Whoever chose a password did so before this account was made, perhaps by somebody else: it is not proven hers.
        if a is not null and new_password_hash <> '' then return null; end if;
        if a is null then
            if new_password_hash = '' then return null; end if;
            a := gen_random_uuid();
            insert into account (id, email, email_folded, name, demo, created_at)
            values (a, i.email, lower(i.email), new_name,
                    i.demo or (select n.demo from network n where n.id = i.network_id), now());
            insert into credential (account_id, password_hash, changed_at) values (a, new_password_hash, now());
        end if;
        if exists (select 1 from membership m where m.account_id = a and m.organisation_id = i.organisation_id) then
            return null;
        end if;
        joined := gen_random_uuid();
        insert into membership (id, network_id, organisation_id, account_id, name, roles, professional, decider,
                                started_at, version)
        values (joined, i.network_id, i.organisation_id, a, new_name, i.roles, i.professional, false,
                clock_timestamp(), 1);
        perform access.note_link('account.join', i, 'membership', joined);
        -- The operator's links alone make the first officers and coordinators of a network: nobody there has to be told.
        if i.created_by is not null then
            perform access.tell_of_network_role(joined, i.roles, '{}');
        end if;
        return a;
    end $$;

-- The journal's line of a link that was used, by somebody who is nobody yet. For the door above alone.
create function access.note_link(done text, link invitation, what text, what_id uuid)
    returns void language sql set search_path = public, pg_temp
    as $$ insert into journal (id, network_id, number, at, actor_kind, actor_id, verb, subject, subject_id, fields,
                               previous_hash, hash)
          values (gen_random_uuid(), link.network_id, 0, now(), '', '', done, what, what_id::text, '{}', '', '') $$;

create function access.own_password_hash() returns text
    language sql stable security definer set search_path = public, pg_temp
    as $$ select password_hash from credential where account_id = access.account() $$;

create function access.change_own_password(new_hash text, kept_session uuid) returns void
    language sql security definer set search_path = public, pg_temp
    as $$ update credential set password_hash = new_hash, changed_at = now() where account_id = access.account();
          update browser_session set revoked_at = now()
           where account_id = access.account() and id is distinct from kept_session and revoked_at is null;
          select access.end_feeds(access.account()) $$;

create function access.close_sessions_of(member_id uuid)
    returns bigint language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare n bigint;
    begin
        if not access.has_role('admin') then
            raise exception 'reserved to admins' using errcode = '42501';
        end if;
        update browser_session s set revoked_at = now()
          from membership m
         where m.id = member_id and m.organisation_id = access.organisation()
           and s.account_id = m.account_id and s.membership_id = m.id and s.revoked_at is null;
        get diagnostics n = row_count;
        return n;
    end $$;

-- ---------------------------------------------------------------- the four doors that write `share`

create function access.open_file(file_id uuid, file_code text)
    returns void language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare org uuid := access.organisation(); net uuid := access.network();
    begin
        if org is null or net is null then
            raise exception 'a file is opened by a member' using errcode = '42501';
        end if;
        insert into household (id, network_id, code, holder_organisation_id, opened_at, opened_by, closing_reason)
        values (file_id, net, file_code, org, clock_timestamp(), access.membership(), '');
        insert into share (id, network_id, household_id, organisation_id, holder_organisation_id,
                           scope, audience, ground, valid_from)
        select gen_random_uuid(), net, file_id, org, org, part, 'all', 'holder', access.today()
          from unnest(array['identity', 'budget', 'needs', 'aid', 'notes', 'sensitive']) part;
    end $$;

-- Whether one's organisation recorded this agreement and nothing was granted on it yet: only then may lines be added.
-- A door and not a subquery: the policies of agreement and of its lines would recurse.
create function access.agreement_is_being_written(agreement uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
    as $$ select exists (select 1 from agreement g
                          where g.id = agreement and g.network_id = access.network()
                            and g.organisation_id = access.organisation() and g.withdrawn_at is null)
             and not exists (select 1 from share s where s.agreement_id = agreement)
             and not exists (select 1 from agreement_service v
                              where v.agreement_id = agreement and v.granted_at is not null) $$;

-- Whether those who agreed live there no more, all of them: nobody who stays gave it.
create function access.givers_left(agreement uuid) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select not coalesce(bool_or(exists (
                     select 1 from stay t
                      where t.person_id = a.person_id and t.household_id = a.household_id
                        and coalesce(t.until_date, 'infinity') > access.today())), true)
            from agreement_person a
           where a.agreement_id = givers_left.agreement and a.answer = 'agrees' $$;

-- Grants exactly what an agreement says, and only for the organisation that holds the file.
create function access.grant_agreement(agreement uuid)
    returns bigint language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare n bigint; services bigint;
    begin
        -- Locked, so that nothing is granted on an agreement withdrawn, or a file handed over, in the same instant.
        perform 1 from household h join agreement g on g.household_id = h.id
          where g.id = agreement and g.network_id = access.network() for no key update of h for update of g;
        perform access.refuse_kept_out((select household_id from agreement g where g.id = agreement));
        if access.givers_left(agreement) then
            raise exception 'whoever agreed has left meanwhile' using errcode = '42501';
        end if;
        if exists (select 1 from share where agreement_id = agreement)
           or exists (select 1 from agreement_service where agreement_id = agreement and granted_at is not null) then
            raise exception 'already granted' using errcode = '42501';
        end if;
        insert into share (id, network_id, household_id, organisation_id, holder_organisation_id, scope, audience,
                           ground, agreement_id, valid_from, valid_until)
        select gen_random_uuid(), g.network_id, g.household_id, p.organisation_id, h.holder_organisation_id, p.part,
               case when p.part in ('sensitive', 'notes') then 'professionals' else p.audience end,
               'agreement', g.id, g.valid_from, g.valid_until
          from agreement g
          join household h on h.id = g.household_id and h.network_id = g.network_id
          join agreement_part p on p.agreement_id = g.id
         where g.id = agreement
           and g.network_id = access.network()
           and g.organisation_id = access.organisation()
           and h.holder_organisation_id = access.organisation()
           and g.withdrawn_at is null
           and p.organisation_id <> h.holder_organisation_id
           and exists (select 1 from agreement_person a where a.agreement_id = g.id and a.answer = 'agrees')
           and not exists (select 1 from agreement_person a where a.agreement_id = g.id and a.answer = 'refuses');
        get diagnostics n = row_count;
        -- An outside service is given no share: its line opens the way to a referral, and that way alone.
        update agreement_service v set granted_at = now()
          from agreement g join household h on h.id = g.household_id and h.network_id = g.network_id
         where v.agreement_id = agreement and g.id = agreement
           and g.network_id = access.network()
           and g.organisation_id = access.organisation()
           and h.holder_organisation_id = access.organisation()
           and g.withdrawn_at is null
           and exists (select 1 from agreement_person a where a.agreement_id = g.id and a.answer = 'agrees')
           and not exists (select 1 from agreement_person a where a.agreement_id = g.id and a.answer = 'refuses');
        get diagnostics services = row_count;
        if n + services = 0 then
            raise exception 'nothing to grant' using errcode = '42501';
        end if;
        return n + services;
    end $$;

-- Withdraws an agreement: its shares end now, and its lines of outside services. For the holder of the file or whoever
-- recorded the agreement. With a recipient (an organisation or a service), hers alone; with a part, that one (and all of hers with the identity, from which the others hang). The
-- agreement itself ends with its last share.
create function access.revoke_agreement(agreement uuid, recipient uuid default null, part text default null)
    returns bigint language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare n bigint; services bigint;
    begin
        perform 1 from household h join agreement g on g.household_id = h.id
          where g.id = agreement and g.network_id = access.network() for no key update of h for update of g;
        perform access.refuse_kept_out((select household_id from agreement g where g.id = agreement));
        if not exists (
            select 1 from agreement g join household h on h.id = g.household_id
             where g.id = agreement and g.network_id = access.network() and g.withdrawn_at is null
               and access.organisation() in (g.organisation_id, h.holder_organisation_id)) then
            raise exception 'not hers to withdraw' using errcode = '42501';
        end if;
        update share set revoked_at = now()
         where agreement_id = agreement and revoked_at is null
           and (recipient is null or organisation_id = recipient)
           and (part is null or part = 'identity' or scope = part);
        get diagnostics n = row_count;
        update agreement_service set revoked_at = now()
         where agreement_id = agreement and granted_at is not null and revoked_at is null
           and (recipient is null or service_id = recipient)
           and (part is null or part = 'identity');
        get diagnostics services = row_count;
        if recipient is null and part is null
           or n + services > 0
              and not exists (select 1 from share where agreement_id = agreement and revoked_at is null)
              and not exists (select 1 from agreement_service where agreement_id = agreement
                                 and granted_at is not null and revoked_at is null) then
            update agreement g set withdrawn_at = now(), withdrawn_by = access.membership() where g.id = agreement;
        end if;
        return n + services;
    end $$;

-- Ends the agreements given by nobody who still lives there, when somebody does: those who stay never agreed to them. For
-- the holder, once it said who left or died; each with its line in the journal.
create function access.end_left_agreements(file_id uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare one uuid;
    begin
        perform 1 from household where id = file_id and network_id = access.network() for no key update;
        if not access.keeps(file_id) then
            raise exception 'by the holder of the file' using errcode = '42501';
        end if;
        for one in
            select g.id from agreement g
             where g.household_id = file_id and g.withdrawn_at is null and access.givers_left(g.id)
               and exists (select 1 from stay t
                            where t.household_id = file_id and coalesce(t.until_date, 'infinity') > access.today())
             order by g.id
        loop
            perform access.revoke_agreement(one);
            insert into journal (id, network_id, number, at, actor_kind, actor_id, verb, subject, subject_id, household_id,
                                 fields, previous_hash, hash)
            values (gen_random_uuid(), access.network(), 0, now(), '', '', 'agreement.left', 'agreement', one::text,
                    file_id, '{}', '', '');
        end loop;
    end $$;

-- Hands the file to a partner to which the household agreed to show who it is: the holder's shares end, the new
-- holder's begin. `sensitive` and `notes` follow only where an agreement gave them to it, and to professionals alone.
create function access.transfer_holder(file_id uuid, to_organisation uuid)
    returns void language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare org uuid := access.organisation(); net uuid := access.network(); files uuid[];
    begin
        if org is null or to_organisation = org or not exists (
            select 1 from access.live_share s
             where s.household_id = file_id and s.scope = 'identity' and s.ground = 'holder') then
            raise exception 'a file is handed over by its holder, to another' using errcode = '42501';
        end if;
        perform 1 from household
          where id = file_id and network_id = net and holder_organisation_id = org for no key update;
        if not found then
            raise exception 'a file is handed over by its holder' using errcode = '42501';
        end if;
        -- Read once the file is locked: a withdrawal waits for it, or has already ended the share.
        if not exists (select 1 from access.trusted_share s
                        where s.household_id = file_id and s.organisation_id = to_organisation
                          and s.scope = 'identity') then
            raise exception 'the household did not agree to show itself to this organisation' using errcode = '42501';
        end if;
        if access.is_protected(file_id) and not access.somebody_named(file_id, to_organisation) then
            raise exception 'nobody is named there to read this protected file' using errcode = '42501';
        end if;
        -- What was merged into it goes with it: nothing of the household stays behind.
        files := array(select access.with_merged(file_id));
        update household set holder_organisation_id = to_organisation where id = any (files);
        insert into share (id, network_id, household_id, organisation_id, holder_organisation_id, scope, audience,
                           ground, valid_from)
        select gen_random_uuid(), net, one, to_organisation, to_organisation, part,
               case when part in ('sensitive', 'notes') then 'professionals' else 'all' end, 'holder', access.today()
          from unnest(array['identity', 'budget', 'needs', 'aid', 'notes', 'sensitive']) part, unnest(files) one
         where part not in ('sensitive', 'notes')
            or exists (select 1 from access.trusted_share s
                        where s.household_id = file_id and s.organisation_id = to_organisation and s.scope = part);
        update share set revoked_at = now()
         where household_id = any (files) and organisation_id = org and ground = 'holder' and revoked_at is null;
        update file_opening set ended_at = clock_timestamp()
         where household_id = any (files) and organisation_id = org and ended_at is null;
        update share set holder_organisation_id = to_organisation
         where household_id = any (files) and revoked_at is null;
    end $$;

-- What an adult who was absent answers since: recorded by the holder of the file. A refusal ends the shares at once.
create function access.record_answer(agreement uuid, adult uuid, said text)
    returns bigint language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare n bigint := 0;
    begin
        perform 1 from household h join agreement g on g.household_id = h.id
          where g.id = agreement and g.network_id = access.network() for no key update of h for update of g;
        perform access.refuse_kept_out((select household_id from agreement g where g.id = agreement));
        update agreement_person a set answer = said, answered_at = now()
          from agreement g, household h
         where a.agreement_id = record_answer.agreement and a.person_id = adult and a.answer = 'absent'
           and said in ('agrees', 'refuses') and g.id = a.agreement_id and h.id = g.household_id
           and g.network_id = access.network() and g.withdrawn_at is null
           and h.holder_organisation_id = access.organisation() and access.has_role('intake');
        if not found then
            raise exception 'no answer is awaited' using errcode = '42501';
        end if;
        if said = 'refuses' then
            update share set revoked_at = now() where agreement_id = record_answer.agreement and revoked_at is null;
            get diagnostics n = row_count;
            update agreement_service v set revoked_at = now()
             where v.agreement_id = record_answer.agreement and v.granted_at is not null and v.revoked_at is null;
        end if;
        return n;
    end $$;

-- Whether an adult was absent when the agreements that open this file to one's organisation were given, and answered in
-- none of them: what is hers alone stays closed meanwhile.
create function access.awaits_answer(adult uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
    as $$ select coalesce(bool_or(a.answer = 'absent') and not bool_or(a.answer = 'agrees'), false)
            from agreement_person a
           where a.person_id = adult and a.network_id = access.network()
             and exists (select 1 from share s
                          where s.agreement_id = a.agreement_id and s.organisation_id = access.organisation()
                            and s.revoked_at is null and s.valid_from <= (select access.today())
                            and (s.valid_until is null or s.valid_until >= (select access.today()))) $$;

-- An organisation gives up what a household shared with it, when it no longer needs it. Its own shares alone.
create function access.give_up_share(file_id uuid)
    returns bigint language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare n bigint;
    begin
        if not access.has_role('intake') then
            raise exception 'given up by intake alone' using errcode = '42501';
        end if;
        perform 1 from household where id = file_id and network_id = access.network() for no key update;
        perform access.refuse_kept_out(file_id);
        update share set revoked_at = now()
         where household_id = file_id and network_id = access.network() and organisation_id = access.organisation()
           and ground = 'agreement' and revoked_at is null;
        get diagnostics n = row_count;
        return n;
    end $$;

-- ---------------------------------------------------------------- access asked for, with the code a person gave

-- Keeps a request under the code typed and, when there is such a file, lays it before its holder. The answer, the line
-- and the row are the same when there is none: the asker learns nothing. False: the day's 20 are spent.
create function access.request_access(request uuid, typed text, wanted text[], why text)
    returns boolean language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare org uuid := access.organisation(); net uuid := access.network();
    begin
        if not access.may_ask('access', 'access.ask') then
            return false;
        end if;
        if typed !~ '^[0-9A-Z]{4}-[0-9A-Z]{3}$' or not access.is_code(why) or coalesce(cardinality(wanted), 0) = 0
           or not wanted <@ array['identity', 'budget', 'needs', 'sensitive'] then
            raise exception 'no such request' using errcode = '42501';
        end if;
        insert into access_request (id, network_id, organisation_id, asked_by, code, parts, purpose, asked_at, state, reason)
        values (request, net, org, access.membership(), typed, wanted, why, now(), 'asked', '');
        insert into access_request_file (id, network_id, household_id)
        select request, h.network_id, coalesce(h.merged_into_id, h.id)
          from household h where h.network_id = net and h.code = typed and h.holder_organisation_id <> org;
        return true;
    end $$;

-- Answers a request about a file one's organisation holds: accepted by the agreement it recorded for the asker, or
-- declined with a code.
create function access.answer_request(request uuid, granted uuid, why text)
    returns void language plpgsql security definer set search_path = public, pg_temp
    as $$
    begin
        perform access.refuse_kept_out((select f.household_id from access_request_file f where f.id = request));
        update access_request_file f set answered_by = access.membership()
          from access_request r, household h
         where f.id = request and r.id = f.id and h.id = f.household_id and r.state = 'asked'
           and f.network_id = access.network() and h.holder_organisation_id = access.organisation()
           and access.has_role('intake') and access.is_code(why) and (granted is null) = (why <> '')
           and (granted is null or exists (
                select 1 from agreement g join agreement_part p on p.agreement_id = g.id
                 where g.id = granted and g.household_id = h.id and g.organisation_id = access.organisation()
                   and p.organisation_id = r.organisation_id));
        if not found then
            raise exception 'not hers to answer' using errcode = '42501';
        end if;
        update access_request set state = case when granted is null then 'declined' else 'accepted' end,
                                  reason = why, answered_at = now()
         where id = request;
    end $$;

-- ---------------------------------------------------------------- protected files, and files closed to somebody

-- Whether I hold this file, and may act on who reads it.
create function access.keeps(file_id uuid) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select access.has_role('intake') and exists (
              select 1 from access.live_share s
               where s.household_id = file_id and s.scope = 'identity' and s.ground = 'holder') $$;

-- Says again, on everything read without the share, whether the file is guarded. For the doors below.
create function access.mark_guarded(file_id uuid) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    begin
        update share s set guarded = not s.guarded
         where s.household_id in (select access.with_merged(file_id)) and s.guarded <> access.is_guarded(s.household_id);
        update referral r set guarded = not r.guarded
         where r.household_id in (select access.with_merged(file_id)) and r.guarded <> access.is_guarded(r.household_id);
    end $$;

create function access.is_guarded(file_id uuid) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select exists (select 1 from access.onward(file_id) f
                          where access.is_protected(f)
                             or exists (select 1 from bar b where b.household_id = f and b.lifted_at is null)) $$;

-- A share or a referral written later is guarded like its file.
create function access.born_guarded() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        new.guarded := coalesce(new.guarded, false) or access.is_guarded(new.household_id);
        return new;
    end $$;

create trigger share_guarded before insert on share for each row execute function access.born_guarded();
create trigger referral_guarded before insert on referral for each row execute function access.born_guarded();

-- The profile of a protected file carries no address, whoever writes it.
create function access.refuse_address() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        if new.address <> '' and access.is_protected(new.household_id) then
            raise exception 'a protected file keeps its address apart' using errcode = '42501';
        end if;
        return null;
    end $$;

create trigger profile_address after insert or update of address on household_profile
    for each row execute function access.refuse_address();

-- Opens a protected file to a member of the holder, or of a partner to which the household shows its identity.
create function access.name_one(file_id uuid, member_id uuid) returns void
    language plpgsql set search_path = public, pg_temp
    as $$ begin
        insert into file_opening (id, network_id, household_id, household_code, organisation_id, membership_id, ground,
                                  reason, opened_at, opened_by)
        select gen_random_uuid(), h.network_id, h.id, h.code, m.organisation_id, m.id, 'named', '', now(),
               access.membership()
          from household h join membership m on m.network_id = h.network_id and m.id = member_id
         where h.id = file_id and m.suspended_at is null
           and exists (select 1 from access.trusted_share s
                        where s.household_id = h.id and s.organisation_id = m.organisation_id and s.scope = 'identity')
           and not exists (select 1 from file_opening o
                            where o.household_id = h.id and o.membership_id = m.id and o.ground = 'named'
                              and o.ended_at is null)
           and not access.closed_to(h.id, m.id);
        if not found then
            raise exception 'this member cannot be named' using errcode = '42501';
        end if;
    end $$;

-- Where the household lives leaves the profile, which partners read, for a place of its own.
create function access.put_address_apart(file_id uuid) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    declare lived text;
    begin
        select address into lived from household_profile where household_id = file_id for update;
        if lived <> '' then
            insert into protected_address (household_id, network_id, address, updated_at, updated_by, version)
            values (file_id, access.network(), lived, now(), access.membership(), 1)
            on conflict (household_id) do update
               set address = excluded.address, updated_at = now(), updated_by = excluded.updated_by,
                   version = protected_address.version + 1;
            update household_profile set address = '', version = version + 1 where household_id = file_id;
        end if;
    end $$;

-- Protects a file: from now on it is open to whoever protects it and to those she names, and its address is kept apart.
create function access.protect(file_id uuid, named uuid[]) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare one uuid;
    begin
        perform 1 from household where id = file_id and network_id = access.network() for no key update;
        if not access.keeps(file_id) or access.is_protected(file_id) then
            raise exception 'protected by its holder, once' using errcode = '42501';
        end if;
        insert into protection (id, network_id, household_id, since, set_by)
        values (gen_random_uuid(), access.network(), file_id, now(), access.membership());
        for one in select distinct unnest(array_append(named, access.membership())) loop
            perform access.name_one(file_id, one);
        end loop;
        perform access.put_address_apart(file_id);
        perform access.mark_guarded(file_id);
    end $$;

-- Lifts the protection. The address comes back to the profile, which partners read, only when asked.
create function access.lift_protection(file_id uuid, with_address boolean) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform 1 from household where id = file_id and network_id = access.network() for no key update;
        if not access.keeps(file_id) then
            raise exception 'lifted by its holder' using errcode = '42501';
        end if;
        update protection set lifted_at = now(), lifted_by = access.membership()
         where household_id = file_id and lifted_at is null;
        if not found then
            raise exception 'not protected' using errcode = '42501';
        end if;
        update file_opening set ended_at = now() where household_id = file_id and ended_at is null;
        if with_address then
            update household_profile p set address = a.address, version = p.version + 1
              from protected_address a where a.household_id = file_id and p.household_id = file_id;
            delete from protected_address where household_id = file_id;
        end if;
        perform access.mark_guarded(file_id);
    end $$;

create function access.name_worker(file_id uuid, member_id uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform 1 from household where id = file_id and network_id = access.network() for no key update;
        if not access.keeps(file_id) or not access.is_protected(file_id) then
            raise exception 'named by the holder of a protected file' using errcode = '42501';
        end if;
        perform access.name_one(file_id, member_id);
    end $$;

-- Takes a name off the list. Somebody of the holder always stays on it.
create function access.unname_worker(file_id uuid, member_id uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform 1 from household where id = file_id and network_id = access.network() for no key update;
        if not access.keeps(file_id) then
            raise exception 'by the holder of the file' using errcode = '42501';
        end if;
        update file_opening set ended_at = clock_timestamp()
         where household_id = file_id and membership_id = member_id and ground = 'named' and ended_at is null;
        if not found or not access.somebody_named(file_id, access.organisation()) then
            raise exception 'somebody of the holder stays named' using errcode = '42501';
        end if;
    end $$;

-- Closes a file to somebody of one's own organisation: to a colleague, by intake; to oneself, by whoever sees it.
create function access.close_to(file_id uuid, member_id uuid, why text) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare org uuid := access.organisation();
    begin
        perform 1 from household where id = file_id and network_id = access.network() for no key update;
        if why not in ('own', 'relative', 'colleague', 'other')
           or not (access.has_role('intake') or member_id = access.membership())
           or not exists (select 1 from access.live_share s where s.household_id = file_id and s.scope = 'identity')
           or not exists (select 1 from membership m where m.id = member_id and m.organisation_id = org)
           or exists (select 1 from bar b where b.household_id = file_id and b.membership_id = member_id
                         and b.lifted_at is null) then
            raise exception 'closed to somebody of one''s organisation, once' using errcode = '42501';
        end if;
        insert into bar (id, network_id, household_id, organisation_id, membership_id, reason, set_at, set_by)
        values (gen_random_uuid(), access.network(), file_id, org, member_id, why, now(), access.membership());
        update file_opening set ended_at = now()
         where household_id = file_id and membership_id = member_id and ended_at is null;
        if access.is_protected(file_id)
           and exists (select 1 from household where id = file_id and holder_organisation_id = org)
           and not access.somebody_named(file_id, org) then
            raise exception 'somebody of the holder stays named' using errcode = '42501';
        end if;
        perform access.mark_guarded(file_id);
    end $$;

-- Opens it to her again: by a colleague of intake who sees it, never by herself.
create function access.open_again_to(file_id uuid, member_id uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform 1 from household where id = file_id and network_id = access.network() for no key update;
        update bar set lifted_at = now(), lifted_by = access.membership()
         where household_id = file_id and membership_id = member_id and lifted_at is null
           and organisation_id = access.organisation() and access.has_role('intake')
           and exists (select 1 from access.live_share s where s.household_id = file_id and s.scope = 'identity');
        if not found then
            raise exception 'opened again by a colleague' using errcode = '42501';
        end if;
        perform access.mark_guarded(file_id);
    end $$;

-- Breaks the glass: a professional of intake, of an organisation to which the household shows its identity, opens a
-- protected file for two hours, by its code and with her reason; the data protection officer reads it at once.
-- NULL when no such file lets her in, or when the day's 20 are spent. Counted and journalled before it is answered.
create function access.break_glass(typed text, why text) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare opened uuid;
    begin
        if not access.professional() or length(trim(why)) < 15 then
            raise exception 'a professional, with a reason' using errcode = '42501';
        end if;
        if not access.may_ask('glass', 'glass.ask') then
            return null;
        end if;
        insert into file_opening (id, network_id, household_id, household_code, organisation_id, membership_id, ground,
                                  reason, opened_at, opened_by, until)
        select gen_random_uuid(), h.network_id, h.id, h.code, access.organisation(), access.membership(), 'break_glass',
               trim(why), now(), access.membership(), now() + interval '2 hours'
          from household asked
          join household h on h.id in (select access.onward(asked.id)) and h.merged_into_id is null
         where asked.network_id = access.network() and asked.code = typed and access.is_protected(h.id)
           and exists (select 1 from access.trusted_share s
                        where s.household_id = h.id and s.organisation_id = access.organisation()
                          and s.scope = 'identity')
           and not access.closed_to(h.id, access.membership())
        returning household_id into opened;
        if opened is not null then
            insert into notice (id, network_id, membership_id, step, about, at, mail_state, attempts)
            select gen_random_uuid(), m.network_id, m.id, 'glass', now(), now(), 'pending', 0
              from membership m
             where m.network_id = access.network() and m.suspended_at is null and 'dpo' = any (m.roles);
        end if;
        return opened;
    end $$;

-- The data protection officer says she has read why.
create function access.note_glass_seen(opening uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        update file_opening set seen_at = now(), seen_by = access.membership()
         where id = opening and network_id = access.network() and ground = 'break_glass' and seen_at is null
           and access.has_role('dpo');
        if not found then
            raise exception 'read by the data protection officer, once' using errcode = '42501';
        end if;
    end $$;

-- ---------------------------------------------------------------- the same human being in two files

-- Links two people of two files one's own organisation holds. Written here, read by nobody.
create function access.link_people(one uuid, other uuid)
    returns void language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        insert into person_link (id, network_id, household_id, person_id, other_household_id, other_person_id)
        select gen_random_uuid(), a.network_id, a.household_id, a.id, b.household_id, b.id
          from person a join person b on b.network_id = a.network_id and b.household_id <> a.household_id
         where a.id = least(one, other) and b.id = greatest(one, other)
           and a.network_id = access.network()
           and exists (select 1 from access.live_share s where s.household_id = a.household_id
                          and s.scope = 'identity' and s.ground = 'holder')
           and exists (select 1 from access.live_share s where s.household_id = b.household_id
                          and s.scope = 'identity' and s.ground = 'holder');
        if not found then
            raise exception 'two people of two files one holds' using errcode = '42501';
        end if;
    end $$;

-- ---------------------------------------------------------------- doors of the rooms

-- Search: a GIN index is not used under row security, so this door applies visibility itself. `names` and `place` are
-- what is asked of `person.name_keys` and of a profile's `reach_of`; both given, one and the other of a same household.
-- At most `most` answers, those that have the most of the `exact` keys when there are more; of a place, households with the name of their
-- reference person. Each way begins by its index, apart, and looks every answer up among the shares of the part identity,
-- which opens all that is answered: with statistics or before any.
create function access.find_people(names text, place text, exact text[], born_from date, born_to date, most integer)
    returns table (household_id uuid, person_id uuid, family_name text, given_name text, birth_date date,
                   birth_precision text, name_folded text, commune text, address text, phone text,
                   representative_phone text, code text, merged_into_id uuid)
    language plpgsql stable security definer set search_path = public, pg_temp
    set enable_seqscan = off
    as $$
    #variable_conflict use_column
    declare asked tsquery := names::tsquery; there tsquery := place::tsquery; whole tsquery[] := exact::tsquery[];
    begin
        -- One statement for each way of asking rather than one with `or`: each keeps its index.
        if names <> '' and place <> '' then
            return query
            with named as materialized (
                     select p.* from person p where p.name_keys @@ asked),
                 lives as materialized (
                     select h.* from household_profile h
                      where reach_of(h.network_id, h.address, h.phone, h.representative_phone) @@ there),
                 seen as materialized (
                     select p.*, h.commune, h.address, h.phone, h.representative_phone
                       from named p join lives h using (household_id)
                      where p.network_id = (select access.network())
                        and (select true from access.live_shares s
                              where s.household_id = p.household_id and s.scope = 'identity' limit 1)),
                 found as materialized (
                     select p.*, case when (select count(*) from seen) > most then
                                (select count(*) from unnest(whole) k where p.name_keys @@ k)
                                + (select count(*) from unnest(whole) k
                                    where reach_of(p.network_id, p.address, p.phone, p.representative_phone) @@ k)
                            else 0 end as kept
                       from seen p
                      order by kept desc, p.id
                      limit least(most, 200))
            select f.household_id, f.id, f.family_name::text, f.given_name::text, f.birth_date, f.birth_precision::text,
                   f.name_folded::text, f.commune::text, f.address::text, f.phone::text, f.representative_phone::text,
                   h.code::text, h.merged_into_id
              from found f join household h on h.id = f.household_id
             order by f.kept desc, f.id;
        elsif names <> '' then
            return query
            with named as materialized (
                     select p.* from person p where p.name_keys @@ asked),
                 found as materialized (
                     select p.*, (select count(*) from unnest(whole) k where p.name_keys @@ k) as kept
                       from named p
                      where p.network_id = (select access.network())
                        -- A year or a month alone is kept by its first day.
                        and (born_from is null or p.birth_date <= born_to
                             and p.birth_date + case p.birth_precision when 'year' then 365 when 'month' then 30 else 0 end
                                 >= born_from)
                        and (select true from access.live_shares s
                              where s.household_id = p.household_id and s.scope = 'identity' limit 1)
                      order by kept desc, p.id
                      limit least(most, 200))
            select f.household_id, f.id, f.family_name::text, f.given_name::text, f.birth_date, f.birth_precision::text,
                   f.name_folded::text, null::text, null::text, null::text, null::text, h.code::text, h.merged_into_id
              from found f join household h on h.id = f.household_id
             order by f.kept desc, f.id;
        elsif place <> '' then
            return query
            with seen as materialized (
                     select h.*
                       from (select l.* from household_profile l
                              where reach_of(l.network_id, l.address, l.phone, l.representative_phone) @@ there offset 0) h
                      where h.network_id = (select access.network())
                        and (select true from access.live_shares s
                              where s.household_id = h.household_id and s.scope = 'identity' limit 1)
                      -- Without a word to choose by, any will do: the first digits of a telephone are those of thousands.
                      limit case when cardinality(whole) = 0 then least(most, 200) end),
                 found as materialized (
                     -- Keys of places are not kept beside them: they are made again, and only to choose among too many.
                     select h.*, case when cardinality(whole) > 0 and (select count(*) from seen) > most then
                                (select count(*) from unnest(whole) k
                                  where reach_of(h.network_id, h.address, h.phone, h.representative_phone) @@ k)
                            else 0 end as kept
                       from seen h
                      order by kept desc, h.household_id
                      limit least(most, 200))
            select f.household_id, null::uuid, n.family_name, n.given_name, null::date, null::text, null::text,
                   f.commune::text, f.address::text, f.phone::text, f.representative_phone::text, h.code::text,
                   h.merged_into_id
              from found f join household h on h.id = f.household_id
              left join lateral access.reference_of(f.household_id) n on true
             order by f.kept desc, f.household_id;
        elsif born_from is not null then
            return query
            with found as materialized (
                     select p.*
                       from person p
                      where p.network_id = (select access.network())
                        and p.birth_date between born_from and born_to
                        and (select true from access.live_shares s
                              where s.household_id = p.household_id and s.scope = 'identity' limit 1)
                      order by p.birth_date, p.id
                      limit least(most, 200))
            select f.household_id, f.id, f.family_name::text, f.given_name::text, f.birth_date, f.birth_precision::text,
                   f.name_folded::text, null::text, null::text, null::text, null::text, h.code::text, h.merged_into_id
              from found f join household h on h.id = f.household_id
             order by f.birth_date, f.id;
        end if;
    end $$;

-- Who names a household: the person of reference, the latest one. For the doors, which have looked at the part identity.
create function access.reference_of(file_id uuid) returns table (family_name text, given_name text)
    language sql stable
    as $$ select p.family_name, p.given_name
            from stay t join person p on p.id = t.person_id
           where t.household_id = file_id and t.link = 'reference'
           order by t.from_date desc limit 1 $$;

-- Lists page ids first: the files one's organisation holds, or those shared with it, the newest first, named where the part
-- identity is open. Those it holds are read from their index in that order, and each is looked up among its shares until
-- the page is full. The settings keep it so before any statistics are gathered.
create function access.my_files(held boolean, before_opened timestamptz, before_id uuid, most integer)
    returns table (household_id uuid, code text, opened_at timestamptz, family_name text, given_name text)
    language plpgsql stable security definer set search_path = public, pg_temp
    set enable_sort = off set enable_hashagg = off set enable_seqscan = off
    as $$
    #variable_conflict use_column
    declare
        last_opened timestamptz := coalesce(before_opened, 'infinity');
        last_id uuid := coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    begin
        if held then
            return query
            select f.id, f.code::text, f.opened_at, n.family_name, n.given_name
              from (select h.id, h.code, h.opened_at, i.named
                      from household h
                     cross join lateral (
                           select (select true from access.live_shares s
                                    where s.household_id = h.id and s.scope = 'identity' limit 1) as named offset 0) i
                     where h.network_id = access.network() and h.holder_organisation_id = access.organisation()
                       and h.merged_into_id is null and (h.opened_at, h.id) < (last_opened, last_id)
                       and (i.named or (select true from access.live_shares s where s.household_id = h.id limit 1))
                     order by h.opened_at desc, h.id desc
                     limit least(most, 100)) f
              left join lateral (select r.* from access.reference_of(f.id) r where f.named) n on true
             order by f.opened_at desc, f.id desc;
        else
            return query
            select f.id, f.code::text, f.opened_at, n.family_name, n.given_name
              from (select h.id, h.code, h.opened_at
                      from (select distinct s.household_id as id from access.live_shares s where s.given) mine
                      join household h using (id)
                     where h.holder_organisation_id <> access.organisation() and h.merged_into_id is null
                       and (h.opened_at, h.id) < (last_opened, last_id)
                     order by h.opened_at desc, h.id desc
                     limit least(most, 100)) f
              left join lateral (
                   select r.* from access.reference_of(f.id) r
                    where (select true from access.live_shares s
                            where s.household_id = f.id and s.scope = 'identity' limit 1)) n on true
             order by f.opened_at desc, f.id desc;
        end if;
    end $$;

-- How many files one of these two lists has, counted up to `most`.
create function access.count_files(held boolean, most integer) returns bigint
    language plpgsql stable security definer set search_path = public, pg_temp
    set enable_sort = off set enable_hashagg = off set enable_seqscan = off
    as $$
    begin
        if held then
            return (select count(*) from (
                select from household h
                 where h.network_id = access.network() and h.holder_organisation_id = access.organisation()
                   and h.merged_into_id is null
                   and (select true from access.live_shares s where s.household_id = h.id limit 1)
                 limit most) f);
        end if;
        return (select count(*) from (
            select from (select distinct s.household_id as id from access.live_shares s where s.given) mine
              join household h using (id)
             where h.holder_organisation_id <> access.organisation() and h.merged_into_id is null
             limit most) f);
    end $$;

-- Whether an organisation was trusted with a part of a file today: asked before a referral is transmitted, by whoever
-- works on the file's needs, and about the parts a referral carries. It answers no to everybody else.
create function access.covered(file_id uuid, organisation uuid, part text)
    returns boolean language sql stable security definer set search_path = public, pg_temp
    as $$ select part in ('identity', 'needs', 'sensitive')
             and exists (select 1 from access.live_share m where m.household_id = file_id and m.scope = 'needs')
             and (part <> 'sensitive' or exists (
                  select 1 from access.live_share m where m.household_id = file_id and m.scope = 'sensitive'))
             and exists (select 1 from access.trusted_share s
                          where s.household_id = file_id and s.network_id = access.network()
                            and s.organisation_id = organisation and s.scope = part)
             and (not access.is_protected(file_id) or access.somebody_named(file_id, organisation)) $$;

-- Whether an agreement in force names an outside service; for a need that touches health or violence, whether it says so.
create function access.service_agreed(file_id uuid, service uuid, for_sensitive boolean) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select exists (select 1 from agreement_service v join agreement g on g.id = v.agreement_id
                          where v.household_id = file_id and v.service_id = service
                            and v.granted_at is not null and v.revoked_at is null
                            and (v.sensitive or not for_sensitive)
                            and access.today() between g.valid_from and g.valid_until) $$;

-- The same question as above of an outside service the network works with: nothing of a protected file goes by link, and
-- who passes a name on must herself be trusted with it.
create function access.service_covered(file_id uuid, service uuid, part text)
    returns boolean language sql stable security definer set search_path = public, pg_temp
    as $$ select part in ('identity', 'needs', 'sensitive')
             and exists (select 1 from access.live_share m where m.household_id = file_id and m.scope = 'needs')
             and exists (select 1 from access.live_share m where m.household_id = file_id and m.scope = 'identity')
             and (part <> 'sensitive' or exists (
                  select 1 from access.live_share m where m.household_id = file_id and m.scope = 'sensitive'))
             and exists (select 1 from outside_service v
                          where v.id = service and v.network_id = access.network() and v.active)
             and access.service_agreed(file_id, service, part = 'sensitive')
             and not access.is_protected(file_id) $$;

-- Whether a part passes to whoever a referral goes to.
create function access.passes(file_id uuid, organisation uuid, service uuid, part text) returns boolean
    language sql stable
    as $$ select case when service is null then access.covered(file_id, organisation, part)
                      else access.service_covered(file_id, service, part) end $$;

-- Whether everything a referral of this need transmits passes. Its own path keeps it apart from the policies that ask it:
-- written there, its tables would be made ready at each move of a referral, even when nobody asks.
create function access.carries(file_id uuid, organisation uuid, service uuid, need_id uuid) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select access.passes(file_id, organisation, service, 'identity')
             and access.passes(file_id, organisation, service, 'needs')
             and exists (select 1 from need n
                          where n.id = carries.need_id and n.household_id = file_id
                            and (not n.sensitive or access.passes(file_id, organisation, service, 'sensitive'))) $$;

-- The outside services to which as many people were sent in the last thirty days as they said they can receive.
create function access.full_services() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
    as $$ select v.id from outside_service v
           where v.network_id = access.network() and access.organisation() is not null and v.capacity is not null
             and v.capacity <= (select count(*) from referral r
                                 where r.to_service_id = v.id and not r.by_hand
                                   and r.sent_at > now() - interval '30 days'
                                   and r.state in ('sent', 'received', 'info_requested', 'accepted', 'in_progress', 'on_hold',
                                                 'closed')) $$;

-- The only answer beyond the wall, at creation: does a file of the network that one may not see have somebody of exactly
-- this name (folded, its words in any order) and this full birth date? Yes or no, never where. Silent about protected
-- files and people who objected. For intake alone; each question is counted and journalled before it is answered, whatever the answer. NULL: more than 20 in 24 hours.
create function access.known_in_network(name_folded text, born date)
    returns boolean language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare asked text[] := access.sorted_words(name_folded);
    begin
        if not access.may_ask('duplicate', 'network.ask') then
            return null;
        end if;
        return cardinality(asked) > 1 and exists (
            select 1 from person p
             where p.network_id = access.network() and p.birth_date = born and p.birth_precision = 'day'
               and access.sorted_words(p.name_folded) = asked
               and not p.objected and not access.is_protected(p.household_id)
               and not exists (select 1 from household h where h.id = p.household_id and h.merged_into_id is not null)
               -- Somebody from whom a file is kept learns nothing of it here either.
               and not access.closed_to(p.household_id, access.membership())
               and not exists (select 1 from access.live_share s
                                where s.household_id = p.household_id and s.scope = 'identity'));
    end $$;

create function access.sorted_words(words text) returns text[] language sql immutable
    as $$ select array(select word from unnest(string_to_array(words, ' ')) word where word <> '' order by word) $$;

-- Counts a question of this kind and writes its line, which names nobody. False: the day's 20 are spent. One member's
-- questions wait for each other, so that twenty asked at once count as twenty. Doors alone call it: by herself, the app may not.
create function access.may_ask(what text, verb text)
    returns boolean language plpgsql
    as $$
    declare me uuid := access.membership(); free boolean;
    begin
        if me is null or not access.has_role('intake') then
            raise exception 'asked by intake alone' using errcode = '42501';
        end if;
        perform pg_advisory_xact_lock(hashtextextended(me::text, 0));
        delete from network_question where membership_id = me and at < now() - interval '1 day';
        select count(*) < 20 into free from network_question where membership_id = me and kind = what;
        if free then
            insert into network_question (id, membership_id, kind, at) values (gen_random_uuid(), me, what, now());
        end if;
        insert into journal (id, network_id, number, at, actor_kind, actor_id, verb, subject, subject_id, fields,
                             previous_hash, hash)
        values (gen_random_uuid(), access.network(), 0, now(), '', '', case when free then verb else verb || '_refused' end,
                'membership', me::text, '{}', '', '');
        return free;
    end $$;

create function access.link_lasts() returns interval language sql immutable as $$ select interval '15 days' $$;

-- Whether a link may still show something of its referral: neither taken back, nor expired, nor stopped.
create function access.link_stands(r referral) returns boolean
    language sql stable set search_path = public, pg_temp
    as $$ select (r.state in ('accepted', 'in_progress', 'on_hold', 'refused', 'closed')
                  or r.state in ('sent', 'received', 'info_requested') and r.expires_at > now())
             and exists (select 1 from outside_service v where v.id = r.to_service_id and v.active)
             and r.carried @> access.today() $$;

-- Whether a referral was closed, or disputed since, before what is being written: a policy sees the new row alone.
create function access.was_closed(referral uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
    as $$ select exists (select 1 from referral r
                          where r.id = was_closed.referral and r.network_id = access.network()
                            and r.state in ('closed', 'disputed')
                            and (access.organisation() in (r.from_organisation_id, r.to_organisation_id)
                                 or access.has_role('coordinator'))) $$;

-- Whether a referral's last move is mine, and this the state it left: how long one may take it back, the rules say.
create function access.takes_back(referral uuid, back text) returns boolean
    language sql stable security definer set search_path = public, pg_temp
    as $$ select exists (
        select 1 from referral r
          join referral_event last on last.referral_id = r.id and last.version = r.version
          join referral_event before on before.referral_id = r.id and before.version = r.version - 1
         where r.id = takes_back.referral and r.network_id = access.network()
           and last.membership_id = access.membership() and before.state = back
           and last.verb not in ('redirect', 'undo', 'expire', 'stop')) $$;

-- The day of the last contact with a household, a kept appointment included, and nothing else of it: for the holder,
-- whoever had it, since how long the file is kept depends on it; for a partner, those of its own organisation.
create function access.last_contact(file_id uuid) returns date
    language sql stable security definer set search_path = public, pg_temp
    as $$ select max(met.day)
            from (select c.met_on, c.organisation_id from contact c
                   where c.household_id = file_id and c.network_id = access.network() and c.cancelled_at is null
                  union all
                  select (a.starts_at at time zone 'Europe/Paris')::date, a.to_organisation_id from appointment a
                   where a.household_id = file_id and a.network_id = access.network() and a.state = 'kept'
                 ) met (day, organisation_id)
           where exists (select 1 from access.live_share s
                          where s.household_id = file_id
                            and (s.ground = 'holder' or met.organisation_id = access.organisation())) $$;

-- When a file was closed, opened again, handed over: for whoever its identity is open to, and neither by whom nor to whom.
create function access.file_life(file_id uuid) returns table (verb text, at timestamptz)
    language sql stable security definer set search_path = public, pg_temp
    as $$ select j.verb, j.at from journal j
           where j.network_id = access.network() and j.household_id = file_id
             and j.verb in ('household.close', 'household.reopen', 'household.transfer')
             and exists (select 1 from access.live_share s where s.household_id = file_id and s.scope = 'identity')
           order by j.number $$;

-- ---------------------------------------------------------------- the worker: codes, never a name

create function access.refuse_but_worker() returns void language plpgsql
    as $$ begin
        if not access.is_service('worker') then
            raise exception 'for the worker alone' using errcode = '42501';
        end if;
    end $$;

create function access.networks_served() returns table (network_id uuid)
    language plpgsql stable security definer set search_path = public, pg_temp
    as $$ begin
        perform access.refuse_but_worker();
        return query select n.id from network n order by n.id;
    end $$;

-- The referrals of the worker's network that nobody answered in time, with the moments their baskets count by.
create function access.unanswered(late_before timestamptz)
    returns table (referral_id uuid, late_at timestamptz, risk_at timestamptz)
    language plpgsql stable security definer set search_path = public, pg_temp
    as $$ begin
        perform access.refuse_but_worker();
        return query select r.id, r.late_at, r.risk_at from referral r
                      where r.network_id = access.network() and r.state in ('sent', 'received')
                        and r.late_at <= late_before
                      order by r.late_at, r.id;
    end $$;

-- What moved since a moment, oldest first; a message too, unless it came with a move, which tells of both; `confirm_call` is
-- a household that wishes to be called back. An answer that bears nobody's name was given by the holder of a service's link.
-- `by_sender`: by whoever sent it, or by a colleague when she is suspended.
create function access.moved_since(moment timestamptz)
    returns table (referral_id uuid, verb text, at timestamptz, by_receiver boolean, by_sender boolean)
    language plpgsql stable security definer set search_path = public, pg_temp
    as $$ begin
        perform access.refuse_but_worker();
        return query
            select e.referral_id,
                   e.verb || case when e.verb = 'confirm' and e.reason like '%\_call' then '_call' else '' end,
                   e.at, coalesce(e.organisation_id = r.to_organisation_id,
                                  e.organisation_id is null and e.verb in ('accept', 'refuse', 'ask', 'close')),
                   coalesce(e.membership_id = r.sent_by or e.organisation_id = r.from_organisation_id and exists (
                                select 1 from membership s where s.id = r.sent_by and s.suspended_at is not null), false)
              from referral_event e join referral r on r.id = e.referral_id
             where e.network_id = access.network() and e.at >= moment
            union all
            select t.referral_id, 'message', t.written_at, t.organisation_id = r.to_organisation_id, false
              from referral_text t join referral r on r.id = t.referral_id
             where t.network_id = access.network() and t.written_at >= moment and not t.confidential and t.words <> ''
               and not exists (select 1 from referral_event e
                                where e.referral_id = t.referral_id and e.membership_id = t.written_by
                                  and e.at between t.written_at - interval '5 seconds' and t.written_at + interval '5 seconds')
               and not exists (select 1 from appointment_event e join appointment a on a.id = e.appointment_id
                                where a.referral_id = t.referral_id and e.membership_id = t.written_by
                                  and e.at between t.written_at - interval '5 seconds' and t.written_at + interval '5 seconds')
             order by 3, 1;
    end $$;

-- Tells a side of a referral something, once: to each of its members who works there, answers referrals, and is let in
-- the file when it is guarded. How many were told anew.
create function access.tell(referral uuid, side text, said text, moment timestamptz) returns bigint
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare n bigint;
    begin
        perform access.refuse_but_worker();
        insert into notice (id, network_id, referral_id, membership_id, step, about, at, mail_state, attempts)
        select gen_random_uuid(), r.network_id, r.id, m.id, said, moment, now(), 'pending', 0
          from referral r join membership m on m.network_id = r.network_id and m.suspended_at is null
         where r.id = referral and r.network_id = access.network() and access.is_code(said)
           and case side
                   when 'receiver' then m.organisation_id = r.to_organisation_id and not r.by_hand
                        and m.roles && array['intake', 'volunteer', 'coordinator']
                   when 'coordinators' then 'coordinator' = any (m.roles)
                   when 'sender' then m.id = r.sent_by or m.organisation_id = r.from_organisation_id
                        and 'intake' = any (m.roles) and exists (
                            select 1 from membership s where s.id = r.sent_by and (
                                s.suspended_at is not null or r.guarded and not access.lets_in(r.household_id, s.id)))
               end
           and (not r.guarded or access.lets_in(r.household_id, m.id))
        on conflict do nothing;
        get diagnostics n = row_count;
        -- A service is told by mail, with another link; what was told up to a moment is not told again.
        if side = 'receiver' and said in ('sent', 'moved', 'reminder', 'abandon') then
            update referral_link l
               set link_id = gen_random_uuid(), link_until = now() + access.link_lasts(), mail_step = said,
                   told_at = greatest(now(), moment), mail_state = 'pending', claimed_at = null, attempts = 0
              from referral r
             where l.referral_id = referral and r.id = referral and r.network_id = access.network()
               and l.told_at < moment and r.state in ('sent', 'received', 'info_requested') and access.link_stands(r);
            if found then
                n := n + 1;
            end if;
        end if;
        return n;
    end $$;

-- Takes up mail to send: what is new for whoever wants her mail so, and what another worker took up and never finished.
-- One mail per member; its id stays if it must be sent again. Accounts of demonstration are written to by nobody.
create function access.take_mail(wanted text, stale interval, most integer)
    returns table (mail_id uuid, email text, organisation_name text, step text, times bigint)
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    #variable_conflict use_column
    begin
        perform access.refuse_but_worker();
        update notice n set mail_state = 'none'
          from membership m join account a on a.id = m.account_id left join notice_preference p on p.membership_id = m.id
         where n.network_id = access.network() and n.mail_state = 'pending' and n.membership_id = m.id
           and (a.demo or m.suspended_at is not null or coalesce(p.mail, 'immediate') = 'none');
        -- Members one by one, each by one worker at a time.
        with waiting as (
            select m.id
              from membership m left join notice_preference p on p.membership_id = m.id
             where coalesce(p.mail, 'immediate') = wanted and m.network_id = access.network()
               and exists (select 1 from notice n where n.membership_id = m.id and n.mail_state = 'pending'
                              and n.claimed_at is null)
             order by m.id limit most for no key update of m skip locked),
        drawn as (select w.id, gen_random_uuid() as mail from waiting w)
        update notice n set mail_id = d.mail, claimed_at = now(), attempts = 1
          from drawn d where n.membership_id = d.id and n.mail_state = 'pending' and n.claimed_at is null;
        -- What was taken up and never went: whole mails, however much they tell.
        with waiting as (
            select m.id
              from membership m
             where m.network_id = access.network()
               and exists (select 1 from notice n where n.membership_id = m.id and n.mail_state = 'pending'
                              and n.claimed_at < now() - stale)
             order by m.id limit most for no key update of m skip locked)
        update notice n set claimed_at = now(), attempts = n.attempts + 1
          from waiting w where n.membership_id = w.id and n.mail_state = 'pending' and n.claimed_at < now() - stale;
        return query
            select n.mail_id, a.email::text, o.name::text, n.step::text, count(*)
              from notice n join membership m on m.id = n.membership_id join account a on a.id = m.account_id
              join organisation o on o.id = m.organisation_id
             where n.mail_state = 'pending' and n.claimed_at = now()
             group by n.mail_id, a.email, o.name, n.step order by n.mail_id, n.step;
    end $$;

create function access.note_mail(mail uuid, went boolean) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform access.refuse_but_worker();
        update notice set mail_state = case when went then 'sent' when attempts >= 20 then 'failed' else 'pending' end,
                          mailed_at = case when went then now() end
         where mail_id = mail and network_id = access.network() and mail_state = 'pending';
    end $$;

-- Questions about rights, a batch: ages, links and amounts, of nobody named. What another worker took up and never answered
-- is taken up again after a while.
create function access.take_estimates(stale interval, most integer) returns table (id uuid, facts jsonb)
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    #variable_conflict use_column
    begin
        perform access.refuse_but_worker();
        return query
            with taken as (
                select r.id from rights_estimate r
                 where r.network_id = access.network() and r.answered_at is null
                   and (r.claimed_at is null or r.claimed_at < now() - stale)
                 order by r.asked_at, r.id limit most for update skip locked)
            update rights_estimate r set claimed_at = now() from taken t where r.id = t.id returning r.id, r.facts;
    end $$;

create function access.note_estimate(estimate uuid, said jsonb, version text, why text) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform access.refuse_but_worker();
        update rights_estimate set answer = said, package = version, fault = why, answered_at = now()
         where id = estimate and network_id = access.network() and answered_at is null and access.is_code(why);
    end $$;

-- How many mails of an organisation have waited for more than a quarter of an hour, or were given up: for its admin.
create function access.mail_waiting() returns bigint
    language sql stable security definer set search_path = public, pg_temp
    as $$ select count(distinct n.mail_id) from notice n join membership m on m.id = n.membership_id
           where access.has_role('admin') and m.organisation_id = access.organisation()
             and (n.mail_state = 'failed'
                  or n.mail_state = 'pending' and n.attempts > 0 and n.at < now() - interval '15 minutes') $$;

-- ---------------------------------------------------------------- what was sent once

-- What was sent more than a day ago is forgotten by whoever sends something, whoever sent it: some never come back.
-- Nobody waits for another who forgets the same.
create function access.forget_sent() returns void
    language sql security definer set search_path = public, pg_temp
    as $$ delete from idempotency i using (
              select o.membership_id, o.key_hash from idempotency o
               where o.network_id = access.network() and access.kind() = 'member'
                 and o.created_at < now() - interval '24 hours'
                 for update skip locked) old
           where i.membership_id = old.membership_id and i.key_hash = old.key_hash $$;

-- ---------------------------------------------------------------- imported lists

-- Lists nobody finished in seven days are forgotten, whoever handed them over: their rows go with them.
create function access.forget_lists() returns bigint
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare n bigint;
    begin
        delete from import_batch
         where network_id = access.network() and access.has_role('intake')
           and stage in ('columns', 'checking', 'ready') and created_at < now() - interval '7 days';
        get diagnostics n = row_count;
        return n;
    end $$;

-- Takes an import back whole: its files are removed as if they had never been opened, each with its line in the journal.
-- Answers the codes of the files that prevent it, and then removes nothing. A file prevents it once the journal knows
-- anything of it but its opening and its reading, or once any other row hangs from it, whatever the table: only what the
-- import itself wrote is deleted here, and the keys refuse the rest.
create function access.undo_import(batch uuid) returns setof text
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare f record; kept text[] := '{}'; org uuid := access.organisation();
    begin
        perform 1 from import_batch b
          where b.id = batch and b.network_id = access.network() and b.organisation_id = org and b.stage = 'done'
            and access.has_role('intake') for update;
        if not found then
            raise exception 'an import of one''s own organisation, once done' using errcode = '42501';
        end if;
        -- Locked first: whoever is changing one of them is waited for, and then seen.
        perform 1 from household h join imported_file i on i.household_id = h.id
          where i.batch_id = batch order by h.id for update of h;
        begin
            for f in select h.id, h.network_id, h.code, h.holder_organisation_id as holder
                       from household h join imported_file i on i.household_id = h.id
                      where i.batch_id = batch order by h.code
            loop
                begin
                    if f.holder <> org or exists (
                        select 1 from journal j where j.household_id = f.id
                           and j.verb not in ('household.open', 'household.read', 'household.timeline')) then
                        raise exception 'touched' using errcode = '23503';
                    end if;
                    delete from imported_file where household_id = f.id;
                    delete from stay where household_id = f.id;
                    delete from person where household_id = f.id;
                    delete from household_profile where household_id = f.id;
                    delete from share where household_id = f.id and ground = 'holder';
                    delete from household where id = f.id;
                    insert into journal (id, network_id, number, at, actor_kind, actor_id, verb, subject, subject_id,
                                         household_id, fields, previous_hash, hash)
                    values (gen_random_uuid(), f.network_id, 0, now(), '', '', 'household.undo_import', 'household',
                            f.id::text, f.id, '{}', '', '');
                exception when foreign_key_violation then
                    kept := kept || f.code;
                end;
            end loop;
            if cardinality(kept) > 0 then
                raise exception 'kept' using errcode = 'KEPT1';
            end if;
            update import_batch set stage = 'undone' where id = batch;
        exception when sqlstate 'KEPT1' then
            null;  -- everything above is taken back
        end;
        return query select unnest(kept);
    end $$;

-- ---------------------------------------------------------------- whom a barème shuts out

-- Who asks the impact simulator anything, a coordinator or a member of the Conseil, asks here first: counted, at most 60
-- times in 24 hours, and journalled. Answers about how many budgets there are to read; null once the limit is reached.
create function access.impact_question() returns bigint
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare me uuid := access.membership(); net uuid := access.network(); free boolean;
    begin
        perform access.refuse_but_impact();
        perform pg_advisory_xact_lock(hashtextextended(me::text, 0));
        delete from network_question q where q.membership_id = me and q.at < now() - interval '1 day';
        select count(*) < 60 into free from network_question q where q.membership_id = me and q.kind = 'impact';
        if free then
            insert into network_question (id, membership_id, kind, at) values (gen_random_uuid(), me, 'impact', now());
        end if;
        insert into journal (id, network_id, number, at, actor_kind, actor_id, verb, subject, subject_id, fields,
                             previous_hash, hash)
        values (gen_random_uuid(), net, 0, now(), '', '', case when free then 'impact.simulate' else 'impact.refused' end,
                'network', net::text, '{}', '', '');
        return case when free then (select count(*) from assessment a where a.network_id = net and a.status = 'validated') end;
    end $$;

create function access.refuse_but_impact() returns void language plpgsql as $$ begin
    if access.membership() is null or not (access.has_role('coordinator') or access.has_role('council')) then
        raise exception 'asked by coordinators and the Conseil alone' using errcode = '42501';
    end if;
end $$;

-- What the impact simulator then reads, within a quarter of an hour: the households of the network with a current validated
-- budget, a part of them at a time (`part` from 0 to `parts` - 1), column by column, and nothing says which: no
-- identifier, no code, no place, no date; ages in whole years on the day of the budget, amounts by kind in twelfths of a
-- cent a month. They come in no order; a line says to which household of this part it belongs. Protected files are counted:
-- nothing of them can be told apart. Somebody: the youngest and the eldest they can be, their share, 1 if unborn; before
-- all, 1 for a single parent: `1;34 34 1 0;6 6 1/2 0`.
create function access.impact_rows(part integer, parts integer)
    returns table (people text[], activity text[], age_band text[], ranks integer[], kinds text[], twelfths bigint[],
                   proved boolean[], landlord boolean[])
    language plpgsql security definer set search_path = public, pg_temp set random_page_cost = '1.1'
    as $$
    declare net uuid := access.network();
        first uuid := access.uuid_share(part, parts); beyond uuid := access.uuid_share(part + 1, parts);
    begin
        perform access.refuse_but_impact();
        if not exists (select 1 from network_question q
                        where q.membership_id = access.membership() and q.kind = 'impact'
                          and q.at > now() - interval '15 minutes') then
            raise exception 'asked first' using errcode = '42501';
        end if;
        return query
        with current as (
            select distinct on (a.household_id) a.id, a.household_id, a.composition, a.reference_date as day
              from assessment a join household h on h.id = a.household_id
             where a.network_id = net and a.status = 'validated' and h.closed_at is null and h.merged_into_id is null
               and a.household_id >= first and a.household_id < beyond and h.id >= first and h.id < beyond
             order by a.household_id, a.reference_date desc, a.validated_at desc, a.id),
        ranked as materialized (select c.*, row_number() over (order by random())::integer - 1 as rank from current c),
        typed as (
            select r.rank, coalesce(d.kind, b.kind)::text as kind, b.origin = 'proof' as seen, b.paid_to_landlord as aid,
                   b.amount_cents * case b.period when 'weekly' then 52 when 'monthly' then 12 when 'bimonthly' then 6
                                    when 'quarterly' then 4 when 'half_yearly' then 2 when 'yearly' then 1 end as amount
              from ranked r join budget_line b on b.assessment_id = r.id
              left join budget_line_detail d on d.line_id = b.id),
        known as (
            select r.rank, concat((r.composition ->> 'single_parent')::boolean::integer, (
                     select string_agg(concat(';', access.youngest(h.birth_date, h.birth_year, h.birth_month, h.adult, r.day),
                                              ' ', access.eldest(h.birth_date, h.birth_year, h.birth_month, h.adult, r.day),
                                              ' ', h.weight, ' ', h.unborn::integer), '')
                       from jsonb_to_recordset(case jsonb_typeof(r.composition -> 'heads')
                                               when 'array' then r.composition -> 'heads' else '[]' end)
                         as h (birth_date date, birth_year integer, birth_month integer, adult boolean, weight text,
                               unborn boolean))) as people,
                   case when w.activity in ('salarie', 'independant') then 'working'
                        when w.activity = 'chomage_indemnise' then 'unemployed'
                        when w.activity = 'retraite' then 'pensioner'
                        when w.activity is null then 'unknown' else 'other' end as activity,
                   case when w.age is null then 'unknown' when w.age < 30 then 'under_30' when w.age < 50 then '30_49'
                        when w.age < 65 then '50_64' else '65_up' end as age_band
              from ranked r
              left join lateral (
                select p.activity, access.years(q.birth_date, r.day) as age
                  from stay s join person q on q.id = s.person_id
                  left join person_activity p on p.person_id = s.person_id
                 where s.household_id = r.household_id and s.link = 'reference'
                 order by s.until_date is not null, s.from_date desc limit 1) w on true)
        select k.*, l.*
          from (select array_agg(k.people order by k.rank), array_agg(k.activity order by k.rank),
                       array_agg(k.age_band order by k.rank) from known k) k,
               (select array_agg(t.rank), array_agg(t.kind), array_agg(t.amount::bigint), array_agg(t.seen),
                       array_agg(t.aid) from typed t) l;
    end $$;

-- Where a part of all identifiers begins, when they are shared out evenly; beyond the last, what no identifier reaches.
create function access.uuid_share(part integer, parts integer) returns uuid language sql immutable
    as $$ select (case when part < parts
                       then lpad(to_hex((part::bigint << 32) / parts), 8, '0') || '-0000-0000-0000-000000000000'
                       else 'ffffffff-ffff-ffff-ffff-ffffffffffff' end)::uuid $$;

create function access.years(born date, day date) returns integer language sql immutable
    as $$ select (extract(year from day) - extract(year from born))::integer
               - (extract(month from day) * 100 + extract(day from day)
                  < extract(month from born) * 100 + extract(day from born))::integer $$;

-- Somebody of a frozen composition without who she is: the youngest she can be on that day, then the eldest.
create function access.youngest(birth date, year integer, month integer, adult boolean, day date) returns integer
    language sql immutable
    as $$ select case when birth is not null then access.years(birth, day)
                      when year is not null then greatest(access.years(
                           (make_date(year, coalesce(month, 12), 1) + interval '1 month' - interval '1 day')::date, day), 0)
                      when adult then 18 else 0 end $$;

create function access.eldest(birth date, year integer, month integer, adult boolean, day date) returns integer
    language sql immutable
    as $$ select case when birth is not null then access.years(birth, day)
                      when year is not null then access.years(make_date(year, coalesce(month, 1), 1), day)
                      when not adult then 17 else 150 end $$;

-- ---------------------------------------------------------------- nobody is twice in one file on one day

-- After the row, so that the wall speaks first; the person is locked, so that two at once are seen by the second.
create function access.refuse_overlap() returns trigger language plpgsql
    as $$ begin
        perform 1 from person p where p.id = new.person_id for no key update;
        if new.until_date < new.from_date or exists (
            select 1 from stay s
             where s.person_id = new.person_id and s.id <> new.id
               and s.from_date <= coalesce(new.until_date, 'infinity')
               and new.from_date <= coalesce(s.until_date, 'infinity')) then
            raise exception 'a person is in a file once a day' using errcode = '23P01';
        end if;
        return null;
    end $$;

create trigger stay_once_a_day after insert or update of person_id, from_date, until_date on stay
    for each row execute function access.refuse_overlap();

-- ---------------------------------------------------------------- a validated budget no longer moves

create function access.freeze_assessment() returns trigger language plpgsql
    as $$
    declare free text[] := array['status', 'superseded_by', 'version'];
    begin
        -- Doors alone may change the file a budget belongs to: two files are one household (policies/doors/merge.sql).
        if old.status = 'draft' or current_user = 'coordination_guard' then
            return new;
        end if;
        if new.status <> 'superseded' or to_jsonb(new) - free is distinct from to_jsonb(old) - free then
            raise exception 'a validated assessment is only ever superseded' using errcode = '42501';
        end if;
        return new;
    end $$;

create trigger assessment_frozen before update on assessment
    for each row execute function access.freeze_assessment();

-- A frozen answer without what workers typed: neither the names of lines nor the questions that repeat them.
create function access.without_typed_words(answer jsonb) returns jsonb language sql immutable
    as $$ select case when answer ? 'refusal'
                 then answer #- '{refusal,says}'
                 else answer
                      || jsonb_build_object('lines', (select coalesce(jsonb_agg(l - 'label' order by n), '[]')
                             from jsonb_array_elements(answer -> 'lines') with ordinality t (l, n)))
                      || jsonb_build_object('notices', (select coalesce(jsonb_agg(l - 'says' order by n), '[]')
                             from jsonb_array_elements(answer -> 'notices') with ordinality t (l, n))) end $$;

-- What it takes to compute one validated budget again: amounts, ages and the frozen answers; no name, no word, no file,
-- nobody. For the operator, one at a time, and written in the network's journal.
create function access.budget_to_reproduce(wanted uuid) returns jsonb
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare a assessment;
    begin
        if not access.is_service('operator') then
            raise exception 'for the operator' using errcode = '42501';
        end if;
        select * into a from assessment x where x.id = wanted and x.status <> 'draft';
        if a.id is null then return null; end if;
        insert into journal (id, network_id, number, at, actor_kind, actor_id, verb, subject, subject_id, household_id,
                             fields, previous_hash, hash)
        values (gen_random_uuid(), a.network_id, 0, now(), '', '', 'budget.reproduce', 'assessment', a.id::text,
                a.household_id, '{}', '', '');
        return jsonb_build_object(
            'on', a.reference_date,
            'composition', case when jsonb_typeof(a.composition) = 'object' then
                a.composition || jsonb_build_object('heads', (select coalesce(jsonb_agg(h - 'person_id' order by n), '[]')
                    from jsonb_array_elements(a.composition -> 'heads') with ordinality t (h, n))) end,
            'lines', (select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'kind', coalesce(d.kind, l.kind),
                    'amount_cents', l.amount_cents, 'period', l.period, 'origin', l.origin, 'month', l.month,
                    'paid_to_landlord', l.paid_to_landlord) order by l.side desc, l.position), '[]')
                from budget_line l left join budget_line_detail d on d.line_id = l.id where l.assessment_id = a.id),
            'answers', (select coalesce(jsonb_agg(jsonb_build_object('code', r.bareme_code, 'version', r.bareme_version,
                    'result', access.without_typed_words(r.result)) order by r.bareme_code), '[]')
                from assessment_result r where r.assessment_id = a.id));
    end $$;

-- ---------------------------------------------------------------- the journal

-- The files an organisation may be said to have acted on: it sees or saw a part, or stands at an end of a referral;
-- a coordinator and the worker act on the referrals of their network.
create function access.concerned(file_id uuid) returns boolean
    language plpgsql stable security definer set search_path = public, pg_temp
    as $$ begin
        if exists (select 1 from share s
                    where s.household_id = file_id and s.network_id = access.network()
                      and s.organisation_id = access.organisation()) then
            return true;
        end if;
        return exists (select 1 from referral r
                        where r.household_id = file_id and r.network_id = access.network()
                          and (r.from_organisation_id = access.organisation()
                               or r.to_organisation_id = access.organisation() and not r.by_hand
                               or access.has_role('coordinator') or access.is_service('worker')));
    end $$;

create function access.journal_text(line journal) returns text language sql immutable
    as $$ select array_to_string(array[
            line.previous_hash, line.network_id::text, line.number::text, line.id::text,
            to_char(line.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            line.actor_kind, line.actor_id, coalesce(line.organisation_id::text, ''), line.verb, line.subject,
            line.subject_id, coalesce(line.household_id::text, ''), array_to_string(line.fields, ',')], E'\x1f') $$;

create function access.chain_journal() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare head journal_head;
    begin
        select * into head from journal_head where network_id = new.network_id for update;
        if not found then
            insert into journal_head (network_id, number, hash) values (new.network_id, 0, '') on conflict do nothing;
            select * into head from journal_head where network_id = new.network_id for update;
        end if;
        new.number := head.number + 1;
        new.previous_hash := head.hash;
        new.at := clock_timestamp();
        new.actor_kind := coalesce(access.kind(), 'nobody');
        new.actor_id := coalesce(access.actor(), '');
        new.organisation_id := access.organisation();
        new.hash := encode(sha256(convert_to(access.journal_text(new), 'UTF8')), 'hex');
        update journal_head set number = new.number, hash = new.hash where network_id = new.network_id;
        return new;
    end $$;

create function access.refuse_change() returns trigger language plpgsql
    as $$ begin raise exception 'the journal is only ever added to' using errcode = '42501'; end $$;

create trigger journal_chain before insert on journal for each row execute function access.chain_journal();
create trigger journal_fixed before update or delete on journal for each row execute function access.refuse_change();
create trigger journal_kept before truncate on journal for each statement execute function access.refuse_change();
