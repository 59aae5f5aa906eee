-- Whoever runs the accounts of an organisation may widen her own rights, which a small one cannot do without: the data
-- protection officers of the network and the other admins of her organisation are told at once.
create function access.tell_of_own_rights() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        insert into notice (id, network_id, membership_id, step, about, at, mail_state, attempts)
        select gen_random_uuid(), m.network_id, m.id, 'own_rights', now(), now(), 'pending', 0
          from membership m
         where m.network_id = new.network_id and m.id <> new.id and m.suspended_at is null
           and ('dpo' = any (m.roles) or m.organisation_id = new.organisation_id and 'admin' = any (m.roles));
        return null;
    end $$;

create trigger own_rights_widened after update of roles, professional on membership
    for each row when (new.id = access.membership()
                       and (not new.roles <@ old.roles or new.professional and not old.professional))
    execute function access.tell_of_own_rights();

-- Two roles count for the whole network, and any of its admins may give them: the same people are told when one is given to
-- somebody else, an account that was invited included. The journal says who gave it.
create function access.tell_of_network_role(member_id uuid, becomes text[], was text[]) returns void
    language sql set search_path = public, pg_temp
    as $$ insert into notice (id, network_id, membership_id, step, about, at, mail_state, attempts)
          select gen_random_uuid(), m.network_id, m.id, 'network_role', now(), now(), 'pending', 0
            from membership given join membership m on m.network_id = given.network_id
           where given.id = member_id and m.id not in (given.id, coalesce(access.membership(), given.id))
             and m.suspended_at is null
             and exists (select 1 from unnest(array['coordinator', 'dpo']) wide
                          where wide = any (becomes) and wide <> all (was))
             and ('dpo' = any (m.roles) or m.organisation_id = given.organisation_id and 'admin' = any (m.roles)) $$;

create function access.network_role_given() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform access.tell_of_network_role(new.id, new.roles, old.roles);
        return null;
    end $$;

create trigger network_role_given after update of roles on membership
    for each row when (new.id is distinct from access.membership() and not new.roles <@ old.roles)
    execute function access.network_role_given();
