import pg from 'pg';

/** The database roles that people and programs act as; prisma/roles.sql makes them. */
export type Role = 'tenantry_owner' | 'tenantry_app' | 'tenantry_worker' | 'tenantry_keys' | 'tenantry_operator';

// A statement that waits longer than this for a table holds up everybody who queues behind it.
const LOCK_TIMEOUT = '2s';

/**
 * The same database, acting as a role from the first statement on: what is created belongs to that role, whoever signs in.
 * The URL's own user has to be the role itself, or be allowed to SET ROLE to it.
 */
export function actingAs(url: string, role: Role): string {
  const acting = new URL(url);
  acting.searchParams.set('options', `-c role=${role} -c lock_timeout=${LOCK_TIMEOUT}`);
  return acting.href;
}

/** Another database of the same server. */
export function withDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}

/** Runs `work` on a connection of its own, and closes it. */
export async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // A connection that breaks while idle says so by an event; the next statement reports it as well.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
