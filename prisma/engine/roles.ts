import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Role } from './connection.ts';
import { scramVerifier } from './scram.ts';

const rolesFile = join(import.meta.dirname, '../roles.sql');

// Roles belong to the whole server: another database's deployment can be changing them at this moment, and PostgreSQL
// then answers "tuple concurrently updated" or "already exists" to one of the two.
const CLASH_CODES: ReadonlySet<string> = new Set(['XX000', '23505', '42710']);
const ATTEMPTS = 10;
const PAUSE_MS = 100;

/** A password for each role that is to have one. */
export type Passwords = Partial<Record<Role, string>>;

/**
 * Makes the roles and their grants where the connection may, and gives a password to each role that has none yet.
 * Throws, naming prisma/roles.sql, where they are missing and the connection may not make them, and where the server's or
 * the worker's role owns something.
 */
export async function ensureRoles(client: pg.Client, passwords: Passwords): Promise<void> {
  if (await mayAdminister(client)) await administer(client, passwords);
  else await requireRoles(client);
  await refuseOwners(client);
}

/** Sets a role's password whatever it had: the connection has to be an administrator's. */
export async function setPassword(client: pg.Client, role: Role, password: string): Promise<void> {
  const verifier = client.escapeLiteral(scramVerifier(password));
  await client.query(`alter role ${client.escapeIdentifier(role)} password ${verifier}`);
}

/** Whether the connection may make roles. */
export async function mayAdminister(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    'select rolsuper or rolcreaterole as may from pg_roles where rolname = current_user',
  );
  return rows[0]?.may ?? false;
}

async function administer(client: pg.Client, passwords: Passwords): Promise<void> {
  const existing = await existingRoles(client);
  await applyRoles(client, await readFile(rolesFile, 'utf8'), ATTEMPTS);
  const bare = (await rolesWithoutPassword(client)) ?? ROLES.filter((role) => !existing.has(role));
  for (const role of bare) {
    const password = passwords[role];
    if (password !== undefined) await setPassword(client, role, password);
  }
}

const ROLES = [
  'tenantry_owner',
  'tenantry_app',
  'tenantry_worker',
  'tenantry_keys',
  'tenantry_operator',
] as const satisfies readonly Role[];

async function existingRoles(client: pg.Client): Promise<Set<string>> {
  const { rows } = await client.query<{ rolname: string }>('select rolname from pg_roles where rolname = any ($1)', [
    ROLES,
  ]);
  return new Set(rows.map((row) => row.rolname));
}

async function applyRoles(client: pg.Client, script: string, attempts: number): Promise<void> {
  try {
    await client.query(script);
  } catch (error) {
    const clash = error instanceof pg.DatabaseError && CLASH_CODES.has(error.code ?? '');
    if (!clash || attempts <= 1) throw error;
    await pause(PAUSE_MS * Math.random());
    await applyRoles(client, script, attempts - 1);
  }
}

/** Undefined where the connection may not know: only a superuser sees who has a password. */
async function rolesWithoutPassword(client: pg.Client): Promise<Role[] | undefined> {
  const { rows } = await client.query<{ may: boolean }>("select has_table_privilege('pg_authid', 'select') as may");
  if (!rows[0]?.may) return undefined;
  const bare = await client.query<{ rolname: Role }>(
    'select rolname from pg_authid where rolname = any ($1) and rolpassword is null',
    [ROLES],
  );
  return bare.rows.map((row) => row.rolname);
}

async function requireRoles(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ ready: boolean }>(`
    select count(*) = 7
      and bool_and(rolname <> 'tenantry_owner'
        or pg_has_role(current_user, oid, 'SET') and has_database_privilege(oid, current_database(), 'CREATE')) as ready
    from pg_roles
    where rolname in ('tenantry_owner', 'tenantry_app', 'tenantry_worker', 'tenantry_keys', 'tenantry_operator', 'tenantry_gate', 'tenantry_queue')`);
  if (rows[0]?.ready) return;
  throw new Error(
    'The database roles of Tenantry are missing or incomplete, and this connection may not make them. ' +
      'Run prisma/roles.sql in this database as an administrator: psql "$ADMIN_URL" -f prisma/roles.sql',
  );
}

/** Whoever owns a table or a function can make it run code of theirs in the deployment, which is the more powerful one. */
async function refuseOwners(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ object: string; owner: string }>(`
    select pg_describe_object(classid, objid, objsubid) as object, refobjid::regrole as owner from pg_shdepend
    where deptype = 'o' and refobjid in ('tenantry_app'::regrole, 'tenantry_worker'::regrole, 'tenantry_keys'::regrole,
      'tenantry_operator'::regrole)
      and dbid = (select oid from pg_database where datname = current_database())
    limit 1`);
  const [found] = rows;
  if (found === undefined) return;
  throw new Error(
    `${found.owner} owns ${found.object} in this database and is to own nothing. ` +
      'Look at what it is, and who made it, before you drop it; development data can be removed instead.',
  );
}
