import { keepers, ours, type Rule } from './rule.ts';

const roles = `('tenantry_owner', 'tenantry_app', 'tenantry_worker', 'tenantry_keys', 'tenantry_operator', 'tenantry_gate', 'tenantry_queue')`;

export const roleRules: readonly Rule[] = [
  {
    name: 'nobody who signs in owns anything, but for the owner',
    violations: `select pg_describe_object(classid, objid, objsubid) as violation from pg_shdepend
      where refobjid in (select oid from pg_roles where rolcanlogin and rolname <> 'tenantry_owner') and deptype = 'o'
        and (select oid from pg_database where datname = current_database())
          in (dbid, case when classid = 'pg_database'::regclass then objid end)`,
    plants: [
      ['alter table teams owner to tenantry_app', 'table teams'],
      ['create schema planted authorization tenantry_app', 'schema planted'],
      ['select lo_create(4711); alter large object 4711 owner to tenantry_worker', 'large object 4711'],
    ],
  },
  {
    name: 'whatever the server or the worker calls, reads or sets off can be changed by nobody who signs in, but the owner',
    violations: `
      select pg_describe_object(classid, objects.oid, 0) as violation
        from (
          select 'pg_namespace'::regclass as classid, oid, oid as namespace, nspowner as owner from pg_namespace
          union all select 'pg_class'::regclass, oid, relnamespace, relowner from pg_class
          union all select 'pg_proc'::regclass, oid, pronamespace, proowner from pg_proc
        ) as objects join pg_namespace n on n.oid = namespace join pg_roles r on r.oid = owner
        where (${ours} or nspname = 'graphile_worker') and rolcanlogin and rolname <> 'tenantry_owner'`,
    plants: [
      ['alter function app.enqueue(text, json) owner to tenantry_worker', 'function app.enqueue(text,json)'],
      [
        'alter function graphile_worker.force_unlock_workers(text[]) owner to tenantry_worker',
        'function graphile_worker.force_unlock_workers(text[])',
      ],
      ['alter table graphile_worker.migrations owner to tenantry_worker', 'table graphile_worker.migrations'],
      ['alter view graphile_worker.jobs owner to tenantry_worker', 'view graphile_worker.jobs'],
      ['alter schema graphile_worker owner to tenantry_worker', 'schema graphile_worker'],
      [
        `create function planted() returns trigger language plpgsql as $$ begin return new; end $$;
         create trigger planted before insert on teams for each row execute function planted()`,
        'function planted()',
      ],
    ],
  },
  {
    name: 'no role of ours has a power over the policies, and nobody signs in as the gate or the queue',
    violations: `select rolname as violation from pg_roles
      where rolname in ${roles} and (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication
        or rolcanlogin = (rolname in ${keepers}))`,
    plants: [
      ['alter role tenantry_app bypassrls', 'tenantry_app'],
      ['alter role tenantry_worker superuser', 'tenantry_worker'],
      ['alter role tenantry_keys bypassrls', 'tenantry_keys'],
      ['alter role tenantry_gate login', 'tenantry_gate'],
      ['alter role tenantry_queue login', 'tenantry_queue'],
    ],
  },
  {
    name: 'no role can act as another, but for the owner where it is told to',
    violations: `select member::regrole || ' as ' || roleid::regrole as violation from pg_auth_members
      where (roleid::regrole::text in ${roles} or member::regrole::text in ${roles}) and not (
        member = 'tenantry_owner'::regrole and roleid::regrole::text in ${keepers}
        and not inherit_option and not admin_option)`,
    plants: [
      ['grant tenantry_gate to tenantry_app', 'tenantry_app as tenantry_gate'],
      ['grant tenantry_keys to tenantry_app', 'tenantry_app as tenantry_keys'],
      ['grant tenantry_queue to tenantry_worker', 'tenantry_worker as tenantry_queue'],
      ['grant tenantry_worker to tenantry_owner with inherit false', 'tenantry_owner as tenantry_worker'],
      ['grant tenantry_gate to tenantry_owner with inherit true', 'tenantry_owner as tenantry_gate'],
      ['grant pg_read_all_data to tenantry_worker', 'tenantry_worker as pg_read_all_data'],
    ],
  },
];
