import { ours, type Rule, tables } from './rule.ts';

const roles = `('tenantry_owner', 'tenantry_app', 'tenantry_worker', 'tenantry_gate')`;
const timeouts = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];

export const privileges: readonly Rule[] = [
  {
    name: 'the server owns nothing',
    violations: `select pg_describe_object(classid, objid, objsubid) as violation from pg_shdepend
      where refobjid = 'tenantry_app'::regrole and deptype = 'o'
        and dbid in (0, (select oid from pg_database where datname = current_database()))`,
    plants: [
      ['alter table teams owner to tenantry_app', 'table teams'],
      ['create schema planted authorization tenantry_app', 'schema planted'],
    ],
  },
  {
    name: 'no role of ours has a power over the policies, and nobody signs in as the gate',
    violations: `select rolname as violation from pg_roles
      where rolname in ${roles} and (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication
        or rolcanlogin = (rolname = 'tenantry_gate'))`,
    plants: [
      ['alter role tenantry_app bypassrls', 'tenantry_app'],
      ['alter role tenantry_worker superuser', 'tenantry_worker'],
      ['alter role tenantry_gate login', 'tenantry_gate'],
    ],
  },
  {
    name: 'no role can act as another, but for the owner where it is told to',
    violations: `select member::regrole || ' as ' || roleid::regrole as violation from pg_auth_members
      where (roleid::regrole::text in ${roles} or member::regrole::text in ${roles}) and not (
        member = 'tenantry_owner'::regrole and roleid::regrole::text in ('tenantry_gate', 'tenantry_worker')
        and not inherit_option and not admin_option)`,
    plants: [
      ['grant tenantry_gate to tenantry_app', 'tenantry_app as tenantry_gate'],
      ['grant tenantry_gate to tenantry_owner with inherit true', 'tenantry_owner as tenantry_gate'],
      ['grant pg_read_all_data to tenantry_worker', 'tenantry_worker as pg_read_all_data'],
    ],
  },
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
    name: 'the server makes nothing in any schema, and does not enter the job queue',
    violations: `select nspname as violation from pg_namespace
      where has_schema_privilege('tenantry_app', oid, 'create')
        or nspname = 'graphile_worker' and has_schema_privilege('tenantry_app', oid, 'usage')`,
    plants: [
      ['grant create on schema app to tenantry_app', 'app'],
      ['grant usage on schema graphile_worker to tenantry_app', 'graphile_worker'],
    ],
  },
  {
    name: 'what was logged stays as it was: nobody but the owner changes or removes an event',
    violations: `with ${tables}
      select t.name || ': ' || r.rolname as violation from tables t, pg_roles r
        where name in ('audit_events', 'security_events')
          and r.rolname in ('tenantry_app', 'tenantry_worker', 'tenantry_gate')
          and (has_table_privilege(r.oid, t.oid, 'delete, truncate') or has_any_column_privilege(r.oid, t.oid, 'update'))`,
    plants: [
      ['grant delete on audit_events to tenantry_app', 'audit_events: tenantry_app'],
      ['grant update (action) on audit_events to tenantry_gate', 'audit_events: tenantry_gate'],
      ['grant update on security_events to tenantry_worker', 'security_events: tenantry_worker'],
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
