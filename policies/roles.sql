-- The three roles. Applied by whoever administers the server, as often as one likes: it never undoes a thing.
--   coordination_owner  owns the tables and migrates them; nobody serves pages with it
--   coordination_app    serves; owns nothing, and row security is forced on it
--   coordination_guard  cannot sign in; owns the few doors of access.sql, which look past row security
-- Passwords are not here: they are set beside, from the addresses in the settings.

do $$
declare
  wanted text;
begin
  foreach wanted in array array['coordination_owner', 'coordination_app', 'coordination_guard'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      execute format('create role %I', wanted);
    end if;
  end loop;
end
$$;

alter role coordination_owner with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role coordination_app with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role coordination_guard with nologin nosuperuser nocreatedb nocreaterole noreplication bypassrls;

-- The owner may hand a door over to the guard; that does not lend it the guard's eyes.
grant coordination_guard to coordination_owner;

-- Failed statements, the details of errors and the values given to a statement quote rows: names of people have no place in a
-- log, whoever runs the server and however it keeps its own. A server that lets nobody decide so is left as it is.
do $$
declare
  who text;
  said text[];
begin
  foreach who in array array['coordination_owner', 'coordination_app'] loop
    foreach said slice 1 in array array[['log_error_verbosity', 'terse'], ['log_min_error_statement', 'panic'],
                                        ['log_parameter_max_length', '0'], ['log_parameter_max_length_on_error', '0']] loop
      begin
        execute format('alter role %I set %I to %L', who, said[1], said[2]);
      exception when insufficient_privilege then
        raise notice '% stays as the server has it', said[1];
      end;
    end loop;
  end loop;
end
$$;
