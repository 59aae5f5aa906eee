-- Two files of one household become one, and the way back. One door each; the rest of this file is their hands.
-- Every table that hangs from a file is found in the catalogue: what a later version adds is carried like the rest.

-- ---------------------------------------------------------------- what hangs from a file

-- Left where they are: the journal, which tells what happened to which file; `share` and `person_link`, which have rules of
-- their own below; the merges themselves; who may come near each file, which is weighed first;
-- which import opened which file. A row of which there may be one a file stays too, when the kept file has its own.
create function access.carried_tables() returns setof text language sql stable
    as $$ select c.relname::text
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            join pg_attribute a on a.attrelid = c.oid and a.attname = 'household_id' and not a.attisdropped
           where n.nspname = 'public' and c.relkind in ('r', 'p')
             and c.relname not in ('journal', 'share', 'person_link', 'merge', 'merge_move', 'protection', 'file_opening', 'bar',
                                 'imported_file')
           order by 1 $$;

-- What each carried table shows to whoever was given a part. Others: nothing to a partner who did not write it. A table
-- that is not named here is taken to show every part, so that nobody sees anything new by forgetfulness.
create function access.weighed_tables() returns text[] language sql immutable
    as $$ select array['person', 'stay', 'person_activity', 'household_profile', 'document_seen', 'assessment', 'budget_line',
                       'budget_line_detail', 'assessment_result', 'budget_decision', 'rights_estimate', 'debt', 'need', 'goal', 'referral',
                       'referral_text', 'note', 'contact', 'task', 'referent', 'past_address', 'share_review',
                       'access_request_file', 'referral_link', 'agreement_service', 'referral_assignment', 'confirmation_link', 'appointment',
                       'agreement', 'agreement_part', 'agreement_person', 'protected_address', 'safe_contact'] $$;

-- Whether I hold both files, and may change them.
create function access.holds_both(one uuid, other uuid) returns boolean language sql stable
    set search_path = public, pg_temp
    as $$ select access.has_role('intake') and one <> other and 2 = (
              select count(distinct s.household_id) from access.live_share s
               where s.household_id in (one, other) and s.scope = 'identity' and s.ground = 'holder') $$;

-- Whether each pair is of one person of either file, and nobody is paired twice.
create function access.pairs_hold(kept uuid, absorbed uuid, pairs jsonb) returns boolean language sql stable
    set search_path = public, pg_temp
    as $$ select not exists (select 1 from jsonb_each_text(pairs) p
                              where not exists (select 1 from person a join person k on k.id = p.value::uuid
                                                 where a.id = p.key::uuid and a.household_id = absorbed
                                                   and k.household_id = kept))
             and (select count(*) = count(distinct value) from jsonb_each_text(pairs)) $$;

-- Both protected or neither, and whoever opens the kept one by name may open the other: nobody comes nearer by a merge.
create function access.guarded_alike(kept uuid, absorbed uuid) returns boolean language sql stable
    set search_path = public, pg_temp
    as $$ select access.is_protected(kept) = access.is_protected(absorbed)
             and (not access.is_protected(kept) or not exists (
                  select 1 from file_opening k
                   where k.household_id = kept and k.ended_at is null and (k.until is null or k.until > now())
                     and not exists (select 1 from file_opening a
                                      where a.household_id = absorbed and a.membership_id = k.membership_id
                                        and a.ended_at is null and (a.until is null or a.until >= k.until)))) $$;

create function access.days_in_common(one stay, other stay) returns boolean language sql immutable
    as $$ select one.from_date <= coalesce(other.until_date, 'infinity')
             and other.from_date <= coalesce(one.until_date, 'infinity') $$;

-- The parts in which the absorbed file brings something to the kept one, with these choices.
create function access.merge_brings(kept uuid, absorbed uuid, choices jsonb) returns text[]
    language plpgsql stable set search_path = public, pg_temp
    as $$
    declare pairs jsonb := choices -> 'pairs'; found text[]; unknown text; any_row boolean;
    begin
        select array_agg(distinct part) into found from (
            select 'identity' from household_profile k join household_profile a on a.household_id = absorbed,
                   jsonb_array_elements_text(choices -> 'fields') field
             where k.household_id = kept and to_jsonb(k) -> field is distinct from to_jsonb(a) -> field
            union all
            select 'identity' from person p where p.household_id = absorbed and not pairs ? p.id::text
            union all
            select 'identity' from person a join person k on k.id = (pairs ->> a.id::text)::uuid
             where choices -> 'names' ? a.id::text
               and (a.family_name, a.given_name, a.birth_date, a.birth_precision)
                   is distinct from (k.family_name, k.given_name, k.birth_date, k.birth_precision)
                or k.household_id = kept and k.deceased_on is null and a.deceased_on is not null
            union all
            select 'identity' from stay a where a.household_id = absorbed and pairs ? a.person_id::text
               and not exists (select 1 from stay k where k.person_id = (pairs ->> a.person_id::text)::uuid
                                  and access.days_in_common(k, a))
            union all
            select unnest(case when a.sensitive then array['identity', 'sensitive'] else array['identity'] end)
              from person_activity a where a.household_id = absorbed
               and not exists (select 1 from person_activity k where k.person_id = (pairs ->> a.person_id::text)::uuid)
            union all select 'identity' from document_seen where household_id = absorbed
            union all select 'identity' from safe_contact where household_id = absorbed
            union all select 'budget' from assessment where household_id = absorbed
            union all select 'budget' from debt where household_id = absorbed
            union all select 'sensitive' from budget_line_detail where household_id = absorbed
            union all select 'sensitive' from rights_estimate where household_id = absorbed and sensitive
            union all select 'needs' from goal where household_id = absorbed
            union all select unnest(case when sensitive then array['needs', 'sensitive'] else array['needs'] end)
              from need where household_id = absorbed
            union all select 'sensitive' from referral_text where household_id = absorbed and sensitive
        ) brought (part);
        for unknown in select t from access.carried_tables() t where t <> all (access.weighed_tables()) loop
            execute format('select exists (select 1 from %I where household_id = $1)', unknown) into any_row using absorbed;
            if any_row then
                return array['identity', 'budget', 'needs', 'aid', 'notes', 'sensitive'];
            end if;
        end loop;
        return coalesce(found, '{}');
    end $$;

-- What becomes of each open share of the kept file. A part in which the absorbed file brings something stays open to an
-- organisation only where that organisation read it in the absorbed file too, for the narrower audience and the nearer
-- end; with the identity, everything of hers closes.
create function access.merge_shares_of(kept uuid, absorbed uuid, choices jsonb)
    returns table (share_id uuid, organisation_id uuid, scope text, ground text, closes boolean, audience text,
                   valid_until date)
    language sql stable set search_path = public, pg_temp
    as $$
    with brought as (select unnest(access.merge_brings(kept, absorbed, choices)) as part),
    weighed as (
        select s.*, b.id as other_id, b.audience as other_audience, b.valid_until as other_until,
               s.scope in (select part from brought) as touched
          from share s
          left join lateral (
              select o.* from share o
               where o.household_id = absorbed and o.organisation_id = s.organisation_id and o.scope = s.scope
                 and o.revoked_at is null and o.valid_from <= access.today()
                 and (o.valid_until is null or o.valid_until >= access.today())
               order by coalesce(o.valid_until, 'infinity') desc, o.audience = 'all' desc limit 1) b on true
         where s.household_id = kept and s.revoked_at is null
           and (s.valid_until is null or s.valid_until >= access.today())),
    decided as (
        select w.*, w.touched and w.other_id is null as shut from weighed w)
    select d.id, d.organisation_id, d.scope, d.ground,
           d.shut or d.ground <> 'holder' and not exists (
               select 1 from decided i
                where i.organisation_id = d.organisation_id and i.scope = 'identity' and not i.shut),
           case when d.touched and d.other_audience = 'professionals' then 'professionals' else d.audience end,
           case when d.touched then least(d.valid_until, d.other_until) else d.valid_until end
      from decided d $$;

-- The same for the screen, before anything is done: for the holder of both files.
create function access.merge_shares(kept uuid, absorbed uuid, choices jsonb)
    returns table (share_id uuid, organisation_id uuid, scope text, ground text, closes boolean, audience text,
                   valid_until date)
    language plpgsql stable security definer set search_path = public, pg_temp
    as $$
    begin
        if not access.holds_both(kept, absorbed) or not access.pairs_hold(kept, absorbed, choices -> 'pairs') then
            raise exception 'two files one holds' using errcode = '42501';
        end if;
        return query select * from access.merge_shares_of(kept, absorbed, choices);
    end $$;

-- ---------------------------------------------------------------- carrying rows over

create function access.key_columns(of_table text) returns text[] language sql stable
    as $$ select array_agg(a.attname::text order by a.attnum)
            from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
           where i.indrelid = ('public.' || quote_ident(of_table))::regclass and i.indisprimary $$;

-- `{"id": …}` of a row named `t`.
create function access.key_of(of_table text) returns text language sql stable
    as $$ select 'jsonb_build_object(' || string_agg(format('%L, t.%I', k, k), ', ') || ')'
            from unnest(access.key_columns(of_table)) k $$;

-- `where` of the row whose key is $1, as its index reads it.
create function access.is_row(of_table text) returns text language sql stable
    as $$ select string_agg(format('t.%1$I = (jsonb_populate_record(null::%2$I, $1)).%1$I', k, of_table), ' and ')
            from unnest(access.key_columns(of_table)) k $$;

-- The rows that may not follow: one a file (or a person) of which the kept file has its own.
create function access.staying(of_table text, person text) returns text language sql stable
    as $$ select coalesce(string_agg(format(' or exists (select 1 from %I o where o.ctid <> t.ctid and %s)', of_table, (
                     select string_agg(case a.attname
                                when 'household_id' then 'o.household_id = $2'
                                when 'person_id' then 'o.person_id = ' || person
                                else format('o.%1$I = t.%1$I', a.attname) end, ' and ')
                       from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any (i.indkey))), ''), '')
            from pg_index i
           where i.indrelid = ('public.' || quote_ident(of_table))::regclass and i.indisunique
             and exists (select 1 from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any (i.indkey)
                            and a.attname in ('household_id', 'person_id'))
             and not exists (select 1 from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any (i.indkey)
                                and a.attname = 'id') $$;

create function access.carry(merging merge, of_table text, pairs jsonb) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    declare person text; stays text := 'false'; sets text := ''; old text := ''; back jsonb;
    begin
        select coalesce(jsonb_object_agg(value, key), '{}') into back from jsonb_each_text(pairs);
        if exists (select 1 from pg_attribute where attrelid = ('public.' || quote_ident(of_table))::regclass
                      and attname = 'person_id' and not attisdropped) then
            person := 'coalesce(($3 ->> t.person_id::text)::uuid, t.person_id)';
            sets := ', person_id = ' || person;
            old := ' || case when $4 ? t.person_id::text then jsonb_build_object(''person_id'', $4 -> t.person_id::text)'
                   ' else ''{}'' end';
        end if;
        if of_table = 'person' then
            stays := '$3 ? t.id::text';
        elsif of_table = 'stay' then
            stays := '$3 ? t.person_id::text and exists (select 1 from stay o where access.days_in_common(o, t)'
                     ' and o.person_id = ($3 ->> t.person_id::text)::uuid)';
        end if;
        execute format(
            'with gone as (update %1$I t set household_id = $2%2$s where t.household_id = $1 and not (%3$s%4$s)'
            ' returning %5$s as key, jsonb_build_object(''household_id'', $1)%6$s as was)'
            ' insert into merge_move (id, network_id, household_id, merge_id, table_name, did, row_key, was)'
            ' select gen_random_uuid(), $6, $2, $5, %1$L, ''carried'', key, was from gone',
            of_table, sets, stays, access.staying(of_table, person), access.key_of(of_table), old)
        using merging.absorbed_id, merging.household_id, pairs, back, merging.id, merging.network_id;
    end $$;

-- Writes that values of a row were replaced, and replaces them.
create function access.replace_values(merging merge, of_table text, key jsonb, becomes jsonb) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    declare now_is jsonb; was jsonb;
    begin
        execute format('select to_jsonb(t) from %I t where %s', of_table, access.is_row(of_table)) into now_is using key;
        select jsonb_object_agg(k, now_is -> k) into was
          from jsonb_object_keys(becomes) k where now_is -> k is distinct from becomes -> k;
        if was is null then
            return;
        end if;
        perform access.write_values(of_table, key, becomes);
        insert into merge_move (id, network_id, household_id, merge_id, table_name, did, row_key, was, became)
        select gen_random_uuid(), merging.network_id, merging.household_id, merging.id, of_table, 'changed', key, was,
               (select jsonb_object_agg(k, becomes -> k) from jsonb_object_keys(was) k);
    end $$;

create function access.write_values(of_table text, key jsonb, "values" jsonb) returns void
    language plpgsql set search_path = public, pg_temp
    as $$ begin
        execute format('update %1$I t set %2$s where %3$s', of_table,
                       (select string_agg(format('%1$I = (jsonb_populate_record(null::%2$I, $2)).%1$I', k, of_table), ', ')
                          from jsonb_object_keys("values") k), access.is_row(of_table))
        using key, "values";
    end $$;

-- ---------------------------------------------------------------- the merge

-- `choices`: pairs {absorbed person: kept person}, links {absorbed person: her link from now on}, names [absorbed person
-- whose name and birth are kept], fields [columns of the profile taken from the absorbed file].
create function access.merge_files(merging uuid, kept uuid, absorbed uuid, choices jsonb)
    returns void language plpgsql security definer set search_path = public, pg_temp set timezone = 'UTC'
    as $$
    declare m merge; pairs jsonb := choices -> 'pairs'; one record; of_table text; at timestamptz := clock_timestamp();
    begin
        -- Whoever comes second waits here, and then finds the files merged. Alone (`for update`), and not only against those
        -- who would change them: what somebody is adding to either at this instant would be mislaid in the closed one.
        -- What she holds may be needed below: `giving_way` (kit/db.py) begins again rather than wait for her.
        perform 1 from household where id in (kept, absorbed) order by id for update;
        if not access.holds_both(kept, absorbed) or exists (
            select 1 from household where id in (kept, absorbed)
               and (merged_into_id is not null or closed_at is not null or network_id <> access.network())) then
            raise exception 'two open files one holds' using errcode = '42501';
        end if;
        if not access.guarded_alike(kept, absorbed) then
            raise exception 'two files opened to the same workers' using errcode = '42501';
        end if;
        if not access.pairs_hold(kept, absorbed, pairs) then
            raise exception 'people of the two files, each once' using errcode = '42501';
        end if;
        if exists (select 1 from access.merge_shares_of(kept, absorbed, choices) s where s.ground = 'holder' and s.closes)
           or exists (select unnest(access.merge_brings(kept, absorbed, choices))
                      intersect select s.scope from share s
                                 where s.household_id = absorbed and s.ground = 'holder' and s.revoked_at is null
                      except select s.scope from share s
                              where s.household_id = kept and s.ground = 'holder' and s.revoked_at is null) then
            raise exception 'the holder does not read the same parts of both' using errcode = '42501';
        end if;
        insert into merge (id, network_id, household_id, absorbed_id, organisation_id, merged_at, merged_by, until_date)
        values (merging, access.network(), kept, absorbed, access.organisation(), at, access.membership(),
                access.today() + 30)
        returning * into m;
        set constraints all deferred;
        perform access.merge_close_shares(m, choices);
        perform access.merge_people(m, choices);
        for of_table in select t from access.carried_tables() t loop
            perform access.carry(m, of_table, pairs);
        end loop;
        perform access.merge_links(m, choices);
        perform access.merge_budgets(m);
        perform access.merge_care(m);
        perform access.merge_profile(m, choices -> 'fields', at);
        perform access.replace_values(m, 'household', jsonb_build_object('id', absorbed), jsonb_build_object(
            'closed_at', at, 'closing_reason', 'dossier_en_double', 'merged_into_id', kept));
        perform access.mark_guarded(kept);
        set constraints all immediate;
    end $$;

create function access.merge_close_shares(m merge, choices jsonb) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    declare s record; at timestamptz := clock_timestamp();
    begin
        for s in select * from access.merge_shares_of(m.household_id, m.absorbed_id, choices) loop
            perform access.replace_values(m, 'share', jsonb_build_object('id', s.share_id),
                case when s.closes then jsonb_build_object('revoked_at', at)
                     else jsonb_build_object('audience', s.audience, 'valid_until', s.valid_until) end);
        end loop;
        -- No share of the absorbed file extends to the kept one: each stays written, ended.
        for s in select * from share where household_id = m.absorbed_id and ground <> 'holder' loop
            if s.revoked_at is null then
                perform access.replace_values(m, 'share', jsonb_build_object('id', s.id), jsonb_build_object('revoked_at', at));
            end if;
            perform access.replace_values(
                m, 'share', jsonb_build_object('id', s.id), jsonb_build_object('household_id', m.household_id));
        end loop;
    end $$;

-- Somebody of both files: the name and birth that were chosen; a death known to one of the two is known.
create function access.merge_people(m merge, choices jsonb) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    declare p record; becomes jsonb;
    begin
        for p in select k.id, to_jsonb(k) as kept, to_jsonb(a) as absorbed, choices -> 'names' ? a.id::text as chosen
                   from jsonb_each_text(choices -> 'pairs') pair
                   join person a on a.id = pair.key::uuid join person k on k.id = pair.value::uuid
        loop
            becomes := jsonb_build_object(
                'objected', (p.kept -> 'objected')::boolean or (p.absorbed -> 'objected')::boolean,
                'deceased_on', coalesce(nullif(p.kept -> 'deceased_on', 'null'), p.absorbed -> 'deceased_on'));
            if p.chosen then
                select becomes || jsonb_object_agg(k, p.absorbed -> k) into becomes
                  from unnest(array['family_name', 'given_name', 'birth_date', 'birth_precision', 'name_folded', 'name_keys']) k;
            end if;
            if not becomes <@ p.kept then
                perform access.replace_values(m, 'person', jsonb_build_object('id', p.id),
                                              becomes || jsonb_build_object('version', (p.kept ->> 'version')::int + 1));
            end if;
        end loop;
    end $$;

-- The kept file keeps its person of reference: who was it in the other file on the same days has another link there. The
-- same human being in two files, when both are one, needs no link.
create function access.merge_links(m merge, choices jsonb) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    declare s record; l record; one uuid; other uuid; there uuid; beyond uuid;
    begin
        for s in select t.*, coalesce(c.was ->> 'person_id', t.person_id::text) as known_as
                   from stay t
                   join merge_move c on c.merge_id = m.id and c.table_name = 'stay' and c.did = 'carried'
                                    and (c.row_key ->> 'id')::uuid = t.id
                  where t.link = 'reference' and exists (
                        select 1 from stay o
                         where o.household_id = m.household_id and o.link = 'reference' and access.days_in_common(o, t)
                           and not exists (select 1 from merge_move x where x.merge_id = m.id and x.table_name = 'stay'
                                              and x.row_key ->> 'id' = o.id::text))
        loop
            perform access.replace_values(m, 'stay', jsonb_build_object('id', s.id), jsonb_build_object(
                'link', coalesce(choices -> 'links' ->> s.known_as, 'other')));
        end loop;
        for l in select * from person_link
                  where household_id in (m.household_id, m.absorbed_id) or other_household_id in (m.household_id, m.absorbed_id)
        loop
            one := coalesce((choices -> 'pairs' ->> l.person_id::text)::uuid, l.person_id);
            other := coalesce((choices -> 'pairs' ->> l.other_person_id::text)::uuid, l.other_person_id);
            select household_id into there from person where id = one;
            select household_id into beyond from person where id = other;
            if there = beyond or exists (
                select 1 from person_link x where x.id <> l.id and (x.person_id, x.other_person_id) = (one, other)) then
                delete from person_link where id = l.id;
                insert into merge_move (id, network_id, household_id, merge_id, table_name, did, row_key, was)
                values (gen_random_uuid(), m.network_id, m.household_id, m.id, 'person_link', 'removed',
                        jsonb_build_object('id', l.id), to_jsonb(l));
            else
                perform access.replace_values(m, 'person_link', jsonb_build_object('id', l.id), jsonb_build_object(
                    'household_id', there, 'person_id', one, 'other_household_id', beyond, 'other_person_id', other));
            end if;
        end loop;
    end $$;

-- An organisation has one budget in force a file: the older of two is replaced by the newer.
create function access.merge_budgets(m merge) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    declare a record;
    begin
        for a in select old.id, newest.id as by_id
                   from assessment old
                   join lateral (select n.id from assessment n
                                  where n.household_id = m.household_id and n.organisation_id = old.organisation_id
                                    and n.status = 'validated'
                                  order by n.validated_at desc, n.id desc limit 1) newest on true
                  where old.household_id = m.household_id and old.status = 'validated' and old.id <> newest.id
        loop
            perform access.replace_values(m, 'assessment', jsonb_build_object('id', a.id),
                                          jsonb_build_object('status', 'superseded', 'superseded_by', a.by_id));
        end loop;
    end $$;

-- Whoever may not come near one of the two files does not come near both; what was to be avoided in one is avoided.
create function access.merge_care(m merge) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    declare b record; added uuid; mine jsonb; theirs jsonb;
    begin
        for b in select * from bar a where a.household_id = m.absorbed_id and a.lifted_at is null and not exists (
                     select 1 from bar k where k.household_id = m.household_id and k.membership_id = a.membership_id
                        and k.lifted_at is null)
        loop
            added := gen_random_uuid();
            insert into bar (id, network_id, household_id, organisation_id, membership_id, reason, set_at, set_by)
            values (added, b.network_id, m.household_id, b.organisation_id, b.membership_id, b.reason, b.set_at, b.set_by);
            insert into merge_move (id, network_id, household_id, merge_id, table_name, did, row_key, was)
            values (gen_random_uuid(), m.network_id, m.household_id, m.id, 'bar', 'added', jsonb_build_object('id', added), '{}');
        end loop;
        select to_jsonb(c) into mine from safe_contact c where household_id = m.household_id;
        select to_jsonb(c) into theirs from safe_contact c where household_id = m.absorbed_id;
        if mine is not null and theirs is not null then
            perform access.replace_values(m, 'safe_contact', jsonb_build_object('household_id', m.household_id), jsonb_build_object(
                'call', (mine -> 'call')::boolean and (theirs -> 'call')::boolean,
                'message', (mine -> 'message')::boolean and (theirs -> 'message')::boolean,
                'letter', (mine -> 'letter')::boolean and (theirs -> 'letter')::boolean,
                'email', (mine -> 'email')::boolean and (theirs -> 'email')::boolean,
                'words', case when theirs ->> 'words' in ('', mine ->> 'words') then mine ->> 'words'
                              else trim(mine ->> 'words' || E'\n' || (theirs ->> 'words')) end,
                'version', (mine ->> 'version')::int + 1));
        end if;
    end $$;

create function access.merge_profile(m merge, fields jsonb, at timestamptz) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    declare mine jsonb; theirs jsonb; becomes jsonb;
    begin
        select to_jsonb(p) into mine from household_profile p where household_id = m.household_id;
        select to_jsonb(p) into theirs from household_profile p where household_id = m.absorbed_id;
        select jsonb_object_agg(f, theirs -> f) into becomes
          from jsonb_array_elements_text(fields) f
         where theirs ? f and f not in ('household_id', 'network_id', 'version', 'updated_at', 'updated_by')
           and theirs -> f is distinct from mine -> f;
        if becomes is not null then
            perform access.replace_values(m, 'household_profile', jsonb_build_object('household_id', m.household_id),
                becomes || jsonb_build_object('updated_at', at, 'updated_by', m.merged_by,
                                              'version', (mine ->> 'version')::int + 1));
        end if;
    end $$;

-- ---------------------------------------------------------------- the way back

-- Puts every row back where it was. What was written since stays in the kept file, but for what hangs from a row that
-- goes back. A key that no longer holds then (an agreement given since by somebody who goes back) refuses the whole.
create function access.undo_merge(merging uuid)
    returns void language plpgsql security definer set search_path = public, pg_temp set timezone = 'UTC'
    as $$
    declare m merge; r merge_move; care safe_contact;
    begin
        select * into m from merge where id = merging;
        perform 1 from household where id in (m.household_id, m.absorbed_id) order by id for update;
        select * into m from merge where id = merging;
        select * into care from safe_contact where household_id = m.household_id and updated_at > m.merged_at;
        if m.id is null or m.undone_at is not null or m.until_date < access.today()
           or not access.holds_both(m.household_id, m.absorbed_id)
           or exists (select 1 from merge x
                       where x.undone_at is null and x.merged_at > m.merged_at
                         and (x.household_id in (m.household_id, m.absorbed_id)
                              or x.absorbed_id in (m.household_id, m.absorbed_id))) then
            raise exception 'the last merge of a file one holds, for thirty days' using errcode = '42501';
        end if;
        set constraints all deferred;
        for r in select * from merge_move where merge_id = merging and did <> 'carried' loop
            perform access.put_back(r);
        end loop;
        for r in select * from merge_move where merge_id = merging and did = 'carried' loop
            perform access.write_values(r.table_name, r.row_key, r.was);
        end loop;
        perform access.follow(m);
        perform access.undo_budgets(m);
        perform access.undo_shares(m);
        perform access.undo_care(m, care);
        -- Whose name was taken off the one since, finds no older one in the other.
        update file_opening a set ended_at = now()
          from file_opening k
         where a.household_id = m.absorbed_id and a.ended_at is null
           and k.household_id = m.household_id and k.membership_id = a.membership_id and k.ended_at >= m.merged_at
           and not exists (select 1 from file_opening x
                            where x.household_id = m.household_id and x.membership_id = a.membership_id
                              and x.ended_at is null and (x.until is null or x.until > now()));
        perform access.guard_alike(m.household_id, m.absorbed_id);
        perform access.mark_guarded(m.household_id);
        perform access.mark_guarded(m.absorbed_id);
        set constraints all immediate;
        delete from merge_move where merge_id = merging;
        update merge set undone_at = clock_timestamp(), undone_by = access.membership() where id = merging;
    end $$;

-- Two files that part again are as hard to come near as the one they made: protected since, or closed to somebody since,
-- it leaves no open door behind it.
create function access.guard_alike(kept uuid, parted uuid) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    begin
        if access.is_protected(kept) and not access.is_protected(parted) then
            insert into protection (id, network_id, household_id, since, set_by)
            values (gen_random_uuid(), access.network(), parted, now(), access.membership());
            perform access.put_address_apart(parted);
            insert into file_opening (id, network_id, household_id, household_code, organisation_id, membership_id, ground,
                                      reason, opened_at, opened_by)
            select gen_random_uuid(), h.network_id, h.id, h.code, o.organisation_id, o.membership_id, 'named', '', now(),
                   access.membership()
              from file_opening o join household h on h.id = parted
             where o.household_id = kept and o.ground = 'named' and o.ended_at is null
               and o.organisation_id = h.holder_organisation_id;
        end if;
        insert into bar (id, network_id, household_id, organisation_id, membership_id, reason, set_at, set_by)
        select gen_random_uuid(), k.network_id, parted, k.organisation_id, k.membership_id, k.reason, k.set_at, k.set_by
          from bar k
         where k.household_id = kept and k.lifted_at is null
           and not exists (select 1 from bar a where a.household_id = parted and a.membership_id = k.membership_id
                              and a.lifted_at is null);
    end $$;

-- The same of a file just opened for those who leave another one: whoever is kept from the household is kept from each part
-- of it. Whoever came there by a broken glass keeps the hours that are left.
create function access.guard_parted(kept uuid, parted uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform 1 from household where id = kept for no key update;
        if not access.holds_both(kept, parted) or not exists (
            select 1 from household h where h.id = parted and h.opened_by = access.membership() and h.opened_at >= now()) then
            raise exception 'a file one holds, and one just opened' using errcode = '42501';
        end if;
        perform access.guard_alike(kept, parted);
        insert into file_opening (id, network_id, household_id, household_code, organisation_id, membership_id, ground,
                                  reason, opened_at, opened_by, until)
        select gen_random_uuid(), h.network_id, h.id, h.code, o.organisation_id, o.membership_id, o.ground, o.reason, now(),
               access.membership(), o.until
          from file_opening o join household h on h.id = parted
         where o.household_id = kept and o.membership_id = access.membership() and o.ground = 'break_glass'
           and o.ended_at is null and o.until > now() and access.is_protected(kept);
        perform access.mark_guarded(parted);
    end $$;

-- Values come back unless they were changed again since; a share, unless its agreement was withdrawn or refused since.
create function access.put_back(r merge_move) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    declare now_is jsonb; back jsonb;
    begin
        if r.did = 'added' then
            execute format('delete from %I t where %s', r.table_name, access.is_row(r.table_name)) using r.row_key;
            return;
        elsif r.did = 'removed' then
            execute format('insert into %1$I select * from jsonb_populate_record(null::%1$I, $1)', r.table_name) using r.was;
            return;
        end if;
        execute format('select to_jsonb(t) from %I t where %s', r.table_name, access.is_row(r.table_name))
           into now_is using r.row_key;
        if r.table_name = 'share' and not r.was ? 'household_id' and exists (
            select 1 from agreement g left join agreement_person a on a.agreement_id = g.id and a.answer = 'refuses'
             where g.id = (now_is ->> 'agreement_id')::uuid and (g.withdrawn_at is not null or a.agreement_id is not null)) then
            return;
        end if;
        select jsonb_object_agg(k, r.was -> k) into back
          from jsonb_object_keys(r.was) k where k <> 'version' and now_is -> k = r.became -> k;
        if back is not null then
            if r.was ? 'version' then
                back := back || jsonb_build_object('version', (now_is ->> 'version')::int + 1);
            end if;
            perform access.write_values(r.table_name, r.row_key, back);
        end if;
    end $$;

-- What was written since on a row that went back (a line of its budget, an answer to its referral) goes with it.
create function access.follow(m merge) returns void
    language plpgsql set search_path = public, pg_temp
    as $$
    declare k record; moved bigint; any_moved boolean := true;
    begin
        while any_moved loop
            any_moved := false;
            for k in
                select c.conrelid::regclass::text as child, c.confrelid::regclass::text as parent,
                       max(quote_ident(ca.attname)) filter (where pa.attname = 'household_id') as file,
                       string_agg(format('t.%I = p.%I', ca.attname, pa.attname), ' and ')
                           filter (where pa.attname <> 'household_id') as joined
                  from pg_constraint c
                  join lateral unnest(c.conkey, c.confkey) as key (child, parent) on true
                  join pg_attribute ca on ca.attrelid = c.conrelid and ca.attnum = key.child
                  join pg_attribute pa on pa.attrelid = c.confrelid and pa.attnum = key.parent
                  join pg_namespace n on n.oid = c.connamespace
                 where n.nspname = 'public' and c.contype = 'f' and c.confrelid <> 'public.household'::regclass
                   and c.conrelid <> 'public.merge_move'::regclass
                 group by c.oid, c.conrelid, c.confrelid
                having bool_or(pa.attname = 'household_id')
            loop
                execute format('update %s t set %s = $2 from %s p where t.%2$s = $1 and p.household_id = $2 and %4$s',
                               k.child, k.file, k.parent, k.joined) using m.household_id, m.absorbed_id;
                get diagnostics moved = row_count;
                any_moved := any_moved or moved > 0;
            end loop;
        end loop;
    end $$;

-- What was withdrawn or given up since ends what the merge had ended before it: nothing is read without the identity. Both
-- files may have been handed over since: whoever holds them reads who sees what.
create function access.undo_shares(m merge) returns void
    language plpgsql set search_path = public, pg_temp
    as $$ begin
        update share s set revoked_at = now()
         where s.household_id in (m.household_id, m.absorbed_id) and s.ground = 'agreement' and s.revoked_at is null
           and not exists (select 1 from share i
                            where i.household_id = s.household_id and i.organisation_id = s.organisation_id
                              and i.scope = 'identity' and i.revoked_at is null);
        update share s set holder_organisation_id = h.holder_organisation_id
          from household h
         where h.id in (m.household_id, m.absorbed_id) and s.household_id = h.id and s.revoked_at is null
           and s.holder_organisation_id <> h.holder_organisation_id;
    end $$;

-- What was said since of how to reach the household, and who objected since to being told of, holds for both files: nobody
-- knows any more of which it was said.
create function access.undo_care(m merge, care safe_contact) returns void
    language plpgsql set search_path = public, pg_temp
    as $$ begin
        if care.household_id is not null then
            insert into safe_contact as c (household_id, network_id, call, message, letter, email, words, updated_at,
                                           updated_by, version)
            select one, care.network_id, care.call, care.message, care.letter, care.email, care.words, care.updated_at,
                   care.updated_by, 1
              from unnest(array[m.household_id, m.absorbed_id]) one
            on conflict (household_id) do update
               set call = c.call and excluded.call, message = c.message and excluded.message,
                   letter = c.letter and excluded.letter, email = c.email and excluded.email,
                   words = case when position(c.words in excluded.words) > 0 then excluded.words
                                when position(excluded.words in c.words) > 0 then c.words
                                else c.words || E'\n' || excluded.words end,
                   updated_at = excluded.updated_at, updated_by = excluded.updated_by, version = c.version + 1
             where (c.call, c.message, c.letter, c.email, c.words)
                   is distinct from (excluded.call, excluded.message, excluded.letter, excluded.email, excluded.words);
        end if;
        update person a set objected = true, version = a.version + 1
         where a.household_id = m.absorbed_id and not a.objected and exists (
               select 1 from person k
                where k.household_id = m.household_id and k.objected
                  and (access.sorted_words(k.name_folded) = access.sorted_words(a.name_folded)
                       or k.birth_precision = 'day' and a.birth_precision = 'day' and k.birth_date = a.birth_date));
    end $$;

-- One budget in force an organisation and a file, again on both sides.
create function access.undo_budgets(m merge) returns void
    language plpgsql set search_path = public, pg_temp
    as $$ begin
        update assessment a set status = 'validated', superseded_by = null
         where a.household_id = m.absorbed_id and a.status = 'superseded'
           and exists (select 1 from assessment by_one where by_one.id = a.superseded_by
                          and by_one.household_id = m.household_id);
        update assessment a set status = 'superseded', superseded_by = newer.id
          from assessment newer
         where a.household_id = m.household_id and newer.household_id = m.household_id and a.status = 'validated'
           and newer.status = 'validated' and newer.organisation_id = a.organisation_id
           and (newer.validated_at, newer.id) > (a.validated_at, a.id)
           and exists (select 1 from merge_move x where x.merge_id = m.id and x.table_name = 'assessment'
                          and x.did = 'changed' and x.row_key ->> 'id' = a.id::text);
    end $$;

-- ---------------------------------------------------------------- nothing more is written in an absorbed file

-- After the rows and after their keys were checked, once a statement: whoever waited for a merge to end is told, and nothing is mislaid.
create function access.refuse_merged() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        if exists (select 1 from added a join household h on h.id = a.household_id where h.merged_into_id is not null) then
            raise exception 'this file was merged into another' using errcode = '42501';
        end if;
        return null;
    end $$;

do $$
declare one text;
begin
    for one in select t from access.carried_tables() t loop
        execute format('create trigger zz_not_merged after insert on public.%I referencing new table as added'
                       ' for each statement execute function access.refuse_merged()', one);
    end loop;
end $$;

-- What partners may read again once a merge is undone, told before it is: for the holder of both files.
create function access.merge_ended(merging uuid)
    returns table (organisation_id uuid, scope text, household_id uuid)
    language sql stable security definer set search_path = public, pg_temp
    as $$
    select distinct s.organisation_id, s.scope, coalesce((carried.was ->> 'household_id')::uuid, s.household_id)
      from merge m
      join merge_move ended on ended.merge_id = m.id and ended.table_name = 'share' and ended.was ? 'revoked_at'
      join share s on s.id = (ended.row_key ->> 'id')::uuid
      join agreement g on g.id = s.agreement_id and g.withdrawn_at is null
      left join merge_move carried on carried.merge_id = m.id and carried.table_name = 'share'
                                  and carried.row_key = ended.row_key and carried.was ? 'household_id'
     where m.id = merging and access.holds_both(m.household_id, m.absorbed_id)
       and (s.valid_until is null or s.valid_until >= access.today())
       and not exists (select 1 from agreement_person a where a.agreement_id = g.id and a.answer = 'refuses')
     order by 1, 2 $$;
