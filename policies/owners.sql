-- The doors are handed over to the guard, and the app may call them: applied once every door is there.

-- ---------------------------------------------------------------- who owns and who may call

-- To receive a door the guard must be allowed in the schema, for the time of the hand-over only.
grant create on schema access to coordination_guard;
do $$
declare f record;
begin
    for f in select p.oid::regprocedure as name, p.prosecdef
               from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'access'
    loop
        execute format('revoke all on function %s from public', f.name);
        execute format('grant execute on function %s to coordination_app, coordination_guard', f.name);
        if f.prosecdef then
            execute format('alter function %s owner to coordination_guard', f.name);
        end if;
    end loop;
end $$;
revoke create on schema access from coordination_guard;
