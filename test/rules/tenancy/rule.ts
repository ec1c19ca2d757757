/** What must be true of the database's catalogue, whoever adds to the schema. docs/tenancy.md says why. */
export interface Rule {
  readonly name: string;
  /** Answers one `violation` for each object that breaks the rule. */
  readonly violations: string;
  /** What may break it, and why. One that nothing breaks any more has to go. */
  readonly exceptions?: Readonly<Record<string, string>>;
  /** Statements, each of which breaks the rule, and the violation that has to be found then. */
  readonly plants: readonly (readonly [statement: string, violation: string])[];
}

/** Ours are all but PostgreSQL's own and the job queue's, whose makers have other habits and which is closed to the server. */
export const ours = `nspname not like 'pg\\_%' and nspname not in ('information_schema', 'graphile_worker')`;
export const tables = `
  tables as (
    select c.*, nspname, case when nspname = 'public' then '' else nspname || '.' end || relname as name
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours}
  )`;
/** The column that says whose row it is: its number, in every table that belongs to an organisation. */
export const tenantTables = `${tables},
  tenant_tables as (
    select t.oid, t.name, a.attnum, a.attname from tables t join pg_attribute a on a.attrelid = t.oid
      where t.relkind in ('r', 'p') and not a.attisdropped
        and (a.attname = 'organization_id' or t.name = 'organizations' and a.attname = 'id')
  )`;
export const functions = `
  functions as (
    select p.*, p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where ${ours} and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
  )`;

/** The roles that own functions which act for others; nobody signs in as these. */
export const keepers = `('tenantry_gate', 'tenantry_queue')`;

/** Whether the keeper of keys has business in a table `c`: where data keys, sealed columns or waiting jobs are. */
export const keepsKeys = `(c.oid in ('organization_keys'::regclass, 'user_keys'::regclass, 'graphile_worker._private_jobs'::regclass)
  or exists (select from pg_attribute s where s.attrelid = c.oid and s.atttypid = 'app.sealed'::regtype and not s.attisdropped))`;

export const migrationsTable = "the migration engine's own list; the server may not touch it";
export const gateOnly =
  "nobody's until it is used: the gate's functions alone see it, and the server has no privilege on it";

export const plantedTable = 'create table planted (organization_id uuid, id uuid, primary key (organization_id, id))';
