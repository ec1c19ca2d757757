-- The roles of Tenantry and what they may do with this database. Run by an administrator in the database itself, as often
-- as you like: psql "$ADMIN_URL" -f prisma/roles.sql. It sets no passwords: \password tenantry_app, and so on.
--
--   tenantry_owner   owns the schema and runs the migrations
--   tenantry_app     is the server: owns nothing, and row level security binds it
--   tenantry_worker  is the job worker: owns nothing either, and may work in the job queue's schema alone
--   tenantry_keys    moves what is encrypted from one key to the next: owns nothing, and sees keys and sealed columns alone
--   tenantry_operator  is whoever runs the whole, for `npm run operator`: owns nothing, sees no table, and may call a few functions
--   tenantry_gate    owns the functions that see before a scope exists; nobody can sign in as it
--   tenantry_queue   owns the function that adds a job; nobody can sign in as it

do $$
declare
  v_role text;
  v_login text;
begin
  foreach v_role in array array[
    'tenantry_owner', 'tenantry_app', 'tenantry_worker', 'tenantry_keys', 'tenantry_operator', 'tenantry_gate', 'tenantry_queue'
  ] loop
    v_login := case when v_role in ('tenantry_gate', 'tenantry_queue') then 'nologin' else 'login' end;
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      execute format('create role %I %s nosuperuser nobypassrls nocreatedb nocreaterole noreplication', v_role, v_login);
    -- Only where something is wrong: naming SUPERUSER, even to take it away, is refused to all but superusers.
    elsif exists (
      select from pg_catalog.pg_roles
      where rolname = v_role
        and (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication
          or rolcanlogin <> (v_login = 'login'))
    ) then
      execute format('alter role %I %s nosuperuser nobypassrls nocreatedb nocreaterole noreplication', v_role, v_login);
    end if;
  end loop;
end $$;

-- The owner may hand functions to these two and act as them on request, and inherits nothing from them unasked.
grant tenantry_gate, tenantry_queue to tenantry_owner with inherit false, set true;

-- A superuser can act as anybody; another administrator has to be allowed to act as the owner that it has just made.
do $$
begin
  if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user)
    and not pg_has_role(current_user, 'tenantry_owner', 'SET') then
    execute format('grant tenantry_owner to %I with inherit false, set true', current_user);
  end if;
end $$;

-- PostgreSQL lets a role change its own settings for good, timeouts and the scope itself, and nobody can take that away: what
-- is not set here is taken back.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['tenantry_app', 'tenantry_worker', 'tenantry_keys', 'tenantry_operator'] loop
    execute format('alter role %I reset all', v_role);
    execute format('alter role %I in database %I reset all', v_role, current_database());
  end loop;
end $$;

-- Every answer has to come within 3 s. The server gives a statement up before the process cuts its connection (after 2 s), and
-- a lock before the statement. A transaction that its process forgot must not hold locks or the audit seal.
alter role tenantry_app set statement_timeout = '1800ms';
alter role tenantry_app set lock_timeout = '1500ms';
alter role tenantry_app set idle_in_transaction_session_timeout = '5s';
-- Points in time are UTC wherever they become text.
alter role tenantry_app set timezone = 'UTC';
alter role tenantry_worker set timezone = 'UTC';
-- Batches under a second: whoever waits for one of its rows is a request.
alter role tenantry_keys set statement_timeout = '5s';
alter role tenantry_keys set lock_timeout = '500ms';
alter role tenantry_keys set idle_in_transaction_session_timeout = '5s';
alter role tenantry_keys set timezone = 'UTC';
-- A look through all organisations may take its time; whoever waits for a row of theirs is a request.
alter role tenantry_operator set statement_timeout = '30s';
alter role tenantry_operator set lock_timeout = '2s';
alter role tenantry_operator set idle_in_transaction_session_timeout = '5s';
alter role tenantry_operator set timezone = 'UTC';
-- A migration that waits for a table makes everybody behind it wait as well: it gives up first.
alter role tenantry_owner set lock_timeout = '2s';

do $$
begin
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to tenantry_app, tenantry_worker, tenantry_keys, tenantry_operator', current_database());
  execute format('grant create, connect on database %I to tenantry_owner', current_database());
end $$;

revoke create on schema public from public;
grant create, usage on schema public to tenantry_owner;
grant usage on schema public to tenantry_app, tenantry_gate, tenantry_worker, tenantry_keys;

-- Rows live in tables, behind policies; a large object would be its maker's own, past all of them. PostgreSQL lets everybody
-- make them, and only a superuser can change that.
do $$
declare
  v_function regprocedure;
begin
  if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    return;
  end if;
  for v_function in
    select oid from pg_catalog.pg_proc
    where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^(lo_.*|loread|lowrite)$'
  loop
    execute format('revoke execute on function %s from public', v_function);
  end loop;
end $$;
