import { keepers, ours, type Rule, tables } from './rule.ts';

const timeouts = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];

export const privileges: readonly Rule[] = [
  {
    name: 'the server may read, insert, update and delete rows, and do nothing else to a table',
    violations: `with ${tables}
      select t.name || ': ' || lower(privilege_type) as violation from tables t, aclexplode(t.relacl)
        where grantee = 'tenantry_app'::regrole
          and (privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE') or is_grantable)`,
    plants: [
      ['grant truncate on teams to tenantry_app', 'teams: truncate'],
      ['grant references on teams to tenantry_app', 'teams: references'],
      ['grant trigger on teams to tenantry_app', 'teams: trigger'],
      ['grant maintain on teams to tenantry_app', 'teams: maintain'],
      ['grant select on teams to tenantry_app with grant option', 'teams: select'],
    ],
  },
  {
    name: 'everybody may do nothing',
    violations: `with ${tables}
      select t.name || ': ' || lower(privilege_type) as violation from tables t, aclexplode(t.relacl) where grantee = 0
      union all
      select 'schema ' || nspname || ': ' || lower(privilege_type) from pg_namespace, aclexplode(nspacl)
        where ${ours} and grantee = 0 and not (nspname = 'public' and privilege_type = 'USAGE')`,
    plants: [
      ['grant select on teams to public', 'teams: select'],
      ['grant create on schema public to public', 'schema public: create'],
    ],
  },
  {
    name: 'the server and the worker make nothing in any schema, and the server does not enter the job queue',
    violations: `select r.rolname || ': ' || nspname as violation from pg_namespace n, pg_roles r
      where r.rolname in ('tenantry_app', 'tenantry_worker') and has_schema_privilege(r.oid, n.oid, 'create')
        or r.rolname = 'tenantry_app' and nspname = 'graphile_worker' and has_schema_privilege(r.oid, n.oid, 'usage')`,
    plants: [
      ['grant create on schema app to tenantry_app', 'tenantry_app: app'],
      ['grant create on schema graphile_worker to tenantry_worker', 'tenantry_worker: graphile_worker'],
      ['grant usage on schema graphile_worker to tenantry_app', 'tenantry_app: graphile_worker'],
    ],
  },
  {
    name: "the worker works on the queue's rows alone, and does not touch the list of its migrations",
    violations: `
      select c.oid::regclass || ': ' || lower(privilege_type) as violation
        from pg_class c join pg_namespace n on n.oid = relnamespace, aclexplode(relacl)
        where grantee in (0, 'tenantry_worker'::regrole) and not nspname in ('pg_catalog', 'information_schema')
          and not (nspname = 'graphile_worker' and not is_grantable and case
            when relkind = 'r' then relname <> 'migrations' and privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
            else privilege_type = 'SELECT' end)`,
    plants: [
      ['grant select on users to tenantry_worker', 'users: select'],
      ['grant trigger on graphile_worker._private_jobs to tenantry_worker', 'graphile_worker._private_jobs: trigger'],
      ['grant update on graphile_worker.migrations to tenantry_worker', 'graphile_worker.migrations: update'],
      ['grant insert on graphile_worker.jobs to tenantry_worker', 'graphile_worker.jobs: insert'],
    ],
  },
  {
    name: 'what acts for the gate or the queue is called by the server, or else by the operator',
    violations: `
      select p.oid::regprocedure || ': ' || grantee::regrole as violation from pg_proc p, aclexplode(proacl)
        where proowner::regrole::text in ${keepers}
          and not (privilege_type = 'EXECUTE' and not is_grantable and grantee in ('tenantry_app'::regrole, proowner)
            or privilege_type = 'EXECUTE' and not is_grantable and grantee = 'tenantry_operator'::regrole
              and not has_function_privilege('tenantry_app', p.oid, 'execute'))`,
    plants: [
      [
        'grant execute on function app.enqueue(text, json) to tenantry_worker',
        'app.enqueue(text,json): tenantry_worker',
      ],
      ['grant execute on function app.enqueue(text, json) to public', 'app.enqueue(text,json): -'],
      [
        'grant execute on function app.enqueue(text, json) to tenantry_operator',
        'app.enqueue(text,json): tenantry_operator',
      ],
    ],
  },
  {
    name: 'the operator calls functions, and touches no table',
    violations: `with ${tables}
      select t.name as violation from tables t
        where has_any_column_privilege('tenantry_operator', t.oid, 'select, insert, update, references')
          or has_table_privilege('tenantry_operator', t.oid, 'delete, truncate, trigger, maintain')
      union all
      select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = pronamespace
        where nspname in ('app', 'graphile_worker') and has_function_privilege('tenantry_operator', p.oid, 'execute')
          and not prosecdef`,
    plants: [
      ['grant select (id) on users to tenantry_operator', 'users'],
      ['grant select on operator_calls to tenantry_operator', 'operator_calls'],
      ['grant execute on function app.is_last_owner(uuid, uuid) to tenantry_operator', 'app.is_last_owner(uuid,uuid)'],
    ],
  },
  {
    name: 'nobody keeps anything in large objects, which no policy covers',
    violations: `select p.oid::regprocedure::text as violation from pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner)))
      where pronamespace = 'pg_catalog'::regnamespace and proname in ('lo_creat', 'lo_create', 'lo_from_bytea')
        and grantee <> proowner`,
    plants: [
      ['grant execute on function lo_creat(integer) to public', 'lo_creat(integer)'],
      ['grant execute on function lo_from_bytea(oid, bytea) to tenantry_app', 'lo_from_bytea(oid,bytea)'],
    ],
  },
  {
    name: 'what was logged stays as it was: nobody but the owner changes or removes an event',
    violations: `with ${tables}
      select t.name || ': ' || r.rolname as violation from tables t, pg_roles r
        where name in ('audit_events', 'security_events', 'operator_calls')
          and r.rolname in ('tenantry_app', 'tenantry_worker', 'tenantry_keys', 'tenantry_operator', 'tenantry_gate')
          and (has_table_privilege(r.oid, t.oid, 'delete, truncate') or has_any_column_privilege(r.oid, t.oid, 'update'))`,
    plants: [
      ['grant delete on audit_events to tenantry_app', 'audit_events: tenantry_app'],
      ['grant update (action) on audit_events to tenantry_gate', 'audit_events: tenantry_gate'],
      ['grant update on security_events to tenantry_worker', 'security_events: tenantry_worker'],
      ['grant delete on operator_calls to tenantry_gate', 'operator_calls: tenantry_gate'],
    ],
  },
  {
    name: 'when an event happened, where and under which id is not for the server to say',
    violations: `with ${tables}
      select t.name || '.' || attname as violation from tables t join pg_attribute a on attrelid = t.oid
        where name in ('audit_events', 'security_events') and attname in ('organization_id', 'user_id', 'id', 'occurred_at')
          and has_column_privilege('tenantry_app', t.oid, attnum, 'insert')`,
    plants: [
      ['grant insert on audit_events to tenantry_app', 'audit_events.occurred_at'],
      ['grant insert (id) on security_events to tenantry_app', 'security_events.id'],
    ],
  },
  {
    name: "the server's statements have an end",
    violations: `select wanted as violation from unnest(array['${timeouts.join(`', '`)}']) as wanted
      where not exists (select from pg_db_role_setting, unnest(setconfig) as setting
        where setrole = 'tenantry_app'::regrole and setdatabase = 0 and setting ~ ('^' || wanted || '=[1-9]'))`,
    plants: [
      ['alter role tenantry_app reset statement_timeout', 'statement_timeout'],
      ['alter role tenantry_app set lock_timeout = 0', 'lock_timeout'],
    ],
  },
];
