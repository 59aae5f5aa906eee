-- Tells the data protection officers of the network, and the other admins of her organisation, of what became of an account:
-- neither whoever it is, nor whoever did it.
create function access.tell_of_account(member_id uuid, said text) returns void
    language sql set search_path = public, pg_temp
    as $$ insert into notice (id, network_id, membership_id, step, about, at, mail_state, attempts)
          select gen_random_uuid(), m.network_id, m.id, said, now(), now(), 'pending', 0
            from membership her join membership m on m.network_id = her.network_id
           where her.id = member_id and m.id not in (her.id, coalesce(access.membership(), her.id))
             and m.suspended_at is null
             and ('dpo' = any (m.roles) or m.organisation_id = her.organisation_id and 'admin' = any (m.roles)) $$;

-- Whoever runs the accounts of an organisation may widen her own rights, which a small one cannot do without: the others are
-- told at once.
create function access.tell_of_own_rights() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform access.tell_of_account(new.id, 'own_rights');
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
    as $$ select access.tell_of_account(member_id, 'network_role')
           where exists (select 1 from unnest(array['coordinator', 'dpo']) wide
                          where wide = any (becomes) and wide <> all (was)) $$;

create function access.network_role_given() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
        perform access.tell_of_network_role(new.id, new.roles, old.roles);
        return null;
    end $$;

create trigger network_role_given after update of roles on membership
    for each row when (new.id is distinct from access.membership() and not new.roles <@ old.roles)
    execute function access.network_role_given();
