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
