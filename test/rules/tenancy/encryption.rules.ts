import { keepsKeys, type Rule, tables } from './rule.ts';

/** What a column is called that holds what nobody should read in a dump. */
const SENSITIVE =
  '(^|_)(phone|mobile|fax|secret|iban|bank_account|card_number|tax_number|tax_id|national_id|passport|ssn|birth_?day|birth_?date|salary)(_|$)';

export const encryption: readonly Rule[] = [
  {
    name: 'what is called as something that nobody should read in a dump is sealed',
    violations: `with ${tables}
      select t.name || '.' || attname as violation from tables t join pg_attribute a on attrelid = t.oid
        where attnum > 0 and not attisdropped and attname ~ '${SENSITIVE}' and atttypid <> 'app.sealed'::regtype
          and not (attname like '%\\_index' and atttypid = 'bytea'::regtype)
          and relkind in ('r', 'p')`,
    plants: [
      ['alter table teams add column phone text', 'teams.phone'],
      ['alter table members add column bank_account varchar(40)', 'members.bank_account'],
      ['alter table users add column totp_secret bytea', 'users.totp_secret'],
      ['alter table teams add column phone_number_2 jsonb', 'teams.phone_number_2'],
    ],
  },
  {
    name: 'the keeper of keys adds and wraps keys, moves sealed texts, and sees nothing but these and whose they are',
    violations: `
      select c.oid::regclass || '.' || attname || ': ' || privilege as violation
        from pg_class c join pg_namespace n on n.oid = relnamespace join pg_attribute a on attrelid = c.oid and attnum > 0,
          unnest(array['select', 'insert', 'update', 'references']) as privilege
        where not nspname in ('pg_catalog', 'information_schema') and not attisdropped
          and has_column_privilege('tenantry_keys', c.oid, attnum, privilege) and not (${keepsKeys} and case
            when relname = '_private_jobs' then attname = 'payload' and privilege <> 'insert' or attname = 'id' and privilege = 'select'
            when relname in ('organization_keys', 'user_keys') then case privilege
              when 'select' then true
              when 'insert' then attname in ('organization_id', 'user_id', 'id', 'wrapped_key')
              when 'update' then attname in ('wrapped_key', 'superseded_at') end
            when atttypid = 'app.sealed'::regtype or attname like '%\\_index' then privilege in ('select', 'update')
            else privilege = 'select' and exists (select from pg_constraint
              where conrelid = c.oid and contype = 'p' and attnum = any (conkey)) end)
      union all
      select c.oid::regclass || ': ' || lower(privilege_type) from pg_class c, aclexplode(relacl)
        where grantee = 'tenantry_keys'::regrole and privilege_type not in ('SELECT', 'INSERT', 'UPDATE')
      union all
      select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = pronamespace
        where nspname in ('app', 'graphile_worker') and has_function_privilege('tenantry_keys', p.oid, 'execute')`,
    plants: [
      ['grant select (name) on users to tenantry_keys', 'users.name: select'],
      ['grant update (id) on users to tenantry_keys', 'users.id: update'],
      ['grant select on teams to tenantry_keys', 'teams.name: select'],
      ['grant update (destroyed_at) on user_keys to tenantry_keys', 'user_keys.destroyed_at: update'],
      ['grant delete on user_keys to tenantry_keys', 'user_keys: delete'],
      [
        'grant update (run_at) on graphile_worker._private_jobs to tenantry_keys',
        'graphile_worker._private_jobs.run_at: update',
      ],
      ['grant execute on function app.enqueue(text, json) to tenantry_keys', 'app.enqueue(text,json)'],
    ],
  },
  {
    name: 'whatever is sealed is checked for its key, and may be moved to the next one',
    violations: `select attrelid::regclass || '.' || attname as violation from pg_attribute a
      where atttypid = 'app.sealed'::regtype and attnum > 0 and not attisdropped and not (
        exists (select from pg_trigger where tgrelid = attrelid and tgfoid = 'app.check_data_key'::regproc and tgenabled = 'O'
          and tgname = 'check_key_of_' || attname)
        and has_column_privilege('tenantry_keys', attrelid, attnum, 'update')
        and exists (select from pg_policy where polrelid = attrelid and polname = 'keys_maintenance'))`,
    plants: [
      ['drop trigger check_key_of_phone on users', 'users.phone'],
      ['alter table teams add column secret app.sealed', 'teams.secret'],
      ['drop policy keys_maintenance on users', 'users.phone'],
      ['create view phones with (security_invoker) as select id, phone from users', 'phones.phone'],
      ['revoke update (phone) on users from tenantry_keys', 'users.phone'],
    ],
  },
];
