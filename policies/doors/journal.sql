-- Which files the journal speaks of: their codes and nothing else, for the data protection officer of their network, who
-- answers « qui a ouvert mon dossier ? » to a person who gives the code of her household. She reads every line already. A
-- file that was merged speaks for the household too: its lines are asked for with those of the file it joined.
create function access.journal_files(ids uuid[], asked text) returns table (id uuid, code text)
    language plpgsql stable security definer set search_path = public, pg_temp
    as $$
    begin
        if access.membership() is null or not access.has_role('dpo') then
            raise exception 'asked by the data protection officer' using errcode = '42501';
        end if;
        return query
        with one as (select h.id from household h where h.network_id = access.network() and h.code = asked)
        select h.id, h.code::text from household h
         where h.network_id = access.network()
           and (h.id = any (ids) or h.id in (select one.id from one) or h.merged_into_id in (select one.id from one));
    end $$;
