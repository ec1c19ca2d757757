import pg from 'pg';
import { ConfigError } from '../../config/index.ts';

/**
 * Those who own the functions that see past row level security, and nobody signs in as one; and those of PostgreSQL itself by
 * whom one reaches the server's files and programs, past any policy.
 */
const KEEPERS = [
  'tenantry_gate',
  'tenantry_queue',
  'pg_database_owner',
  'pg_execute_server_program',
  'pg_read_server_files',
  'pg_write_server_files',
  'pg_read_all_data',
  'pg_write_all_data',
  'pg_maintain',
  'pg_signal_backend',
  'pg_create_subscription',
];

/** None of which they may be, or become; nor may one be the other, or the one who works across organisations. */
const BEYOND_SERVER = [...KEEPERS, 'tenantry_worker', 'tenantry_keys', 'tenantry_operator'];
const BEYOND_WORKER = [...KEEPERS, 'tenantry_app', 'tenantry_keys', 'tenantry_operator'];

const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 5_000;

/** What becomes of a sign-in. */
interface Finding {
  /** The database, and the start of its server, which no other shares. */
  readonly place: string;
  readonly migrated: boolean;
  /** Why row level security is no wall to the role, which is so for what it may become, too. */
  readonly power: string | null;
  readonly mayEnter: boolean;
  readonly mayWork: boolean;
}

const QUESTION = `
  select current_database() || ' ' || extract(epoch from pg_postmaster_start_time()) as place,
    tables.relowner is not null as migrated,
    (select case
          when r.rolname <> current_user then 'may become ' || r.rolname
          when r.rolsuper then 'is a superuser'
          when r.rolbypassrls then 'has BYPASSRLS'
          when r.rolcreaterole then 'has CREATEROLE'
          when r.rolreplication then 'has REPLICATION'
          when r.oid = tables.relowner then 'owns the tables'
          else 'is ' || r.rolname
        end
      from pg_roles r
      where pg_has_role(current_user, r.oid, 'member')
        and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolreplication
          or r.oid = tables.relowner or r.rolname = any($1))
      order by r.rolname <> current_user, r.rolname
      limit 1) as power,
    exists (select from pg_proc p join pg_namespace n on n.oid = pronamespace
      where nspname = 'app' and proname = 'enter'
        and has_schema_privilege(n.oid, 'usage') and has_function_privilege(p.oid, 'execute')) as "mayEnter",
    exists (select from pg_namespace
      where nspname = 'graphile_worker' and has_schema_privilege(oid, 'usage')) as "mayWork"
  from (select) as one
  left join (select relowner from pg_class join pg_namespace n on n.oid = relnamespace
    where nspname = 'public' and relname = 'organizations') as tables on true`;

/**
 * Refuses database roles that are more than they need be, or less. Under a superuser, a role with BYPASSRLS, the owner of the
 * tables or of the functions before the scope, tenants would not be kept apart. In every environment, so that nobody gets used
 * to it. One connection for each, at the same time, and not the pool's, whose patience is that of a request: a process that
 * starts has much else to do.
 * @param urls `directUrl` is the worker's, which has to lead to the same database
 * @throws ConfigError naming DATABASE_URL, DIRECT_DATABASE_URL or both, and what is wrong with them; never a password
 */
export async function refuseUnfitRoles({ url, directUrl }: { url: string; directUrl: string }): Promise<void> {
  const [server, worker] = await Promise.all([found(ask(url, BEYOND_SERVER)), found(ask(directUrl, BEYOND_WORKER))]);
  const faults = [
    ...named('DATABASE_URL', faultOf(server, serverFault), 'tenantry_app'),
    ...named(
      'DIRECT_DATABASE_URL',
      faultOf(worker, (finding) => workerFault(finding, server)),
      'tenantry_worker',
    ),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
}

async function ask(connectionString: string, beyond: readonly string[]): Promise<Finding> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    application_name: 'tenantry start',
  });
  // The statement that it breaks fails as well; without a listener the error would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const rows: unknown[] = (await client.query(QUESTION, [beyond])).rows;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the question has one row, and these columns
    return rows[0] as Finding;
  } finally {
    await client.end();
  }
}

/** @returns what was found, or why nothing was */
async function found(asking: Promise<Finding>): Promise<Finding | string> {
  return asking.catch(reasonOf);
}

/** Where a name has several addresses, the error is one of several and says nothing itself. */
function reasonOf(error: Error & { errors?: readonly Error[] }): string {
  return (error.errors ?? [error]).map(({ message }) => message).join(', ');
}

function faultOf(finding: Finding | string, judge: (finding: Finding) => string | null): string | null {
  if (typeof finding === 'string') return `is of no use: ${finding}`;
  return finding.power === null ? judge(finding) : `names a role that ${finding.power}`;
}

function serverFault({ migrated, mayEnter }: Finding): string | null {
  if (!migrated) return UNMIGRATED;
  return mayEnter ? null : 'names a role that may not execute app.enter';
}

function workerFault({ migrated, mayWork, place }: Finding, server: Finding | string): string | null {
  if (!migrated) return UNMIGRATED;
  if (!mayWork) return 'names a role that may not use the schema graphile_worker';
  return typeof server === 'string' || server.place === place ? null : 'leads to another database than DATABASE_URL';
}

const UNMIGRATED = 'leads to a database without the tables: run npm run db:migrate';

function named(variable: string, fault: string | null, role: string): string[] {
  return fault === null ? [] : [`${variable} ${fault}. It is for ${role}.`];
}
