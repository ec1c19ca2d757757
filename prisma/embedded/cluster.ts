import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { connected, type Role } from '../engine/connection.ts';
import { serverAccount, type Account } from './account.ts';
import { binaries, type Binaries } from './binaries.ts';
import { ADMIN, ensureData, type Data } from './data.ts';
import { freePort } from './free-port.ts';
import { FileLock } from './lock.ts';
import { reachable } from './place.ts';
import { runningPostmaster, type Postmaster } from './postmaster.ts';
import { run } from './process.ts';

const HOST = '127.0.0.1';
const START_SECONDS = 60;
const LOCK_PATIENCE_MS = 90_000;
// Another program can take a free port in the moment before PostgreSQL does.
const PORT_ATTEMPTS = 3;
const LOG_TAIL = 2_000;

const SETTINGS = [`listen_addresses=${HOST}`, 'unix_socket_directories=', 'max_connections=200'];
// Only for data that nobody will miss: a crash of the machine leaves it unreadable.
const THROW_AWAY_SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_wal_size=256MB'];

export interface Cluster {
  /** The administrator's connection to the database "postgres". */
  readonly adminUrl: string;
  /** Where its data is; an absolute path. */
  readonly home: string;
  /** The server's process. */
  readonly pid: number;
  /** Whether this process started it, or found it running. */
  readonly startedHere: boolean;
  /** The password of a role in this cluster; always the same. */
  password(role: Role): string;
  /** A connection to a database, as a role or else as the administrator. */
  url(database: string, role?: Role): string;
  /** Stops it, unless another process uses it too. Returns whether it was stopped. */
  stop(): Promise<boolean>;
}

export interface ClusterOptions {
  /** Where to keep the data; another folder is used where PostgreSQL's account can't reach it. */
  readonly folder: string;
  /** Whether what is committed has to survive a crash of the machine. */
  readonly durable: boolean;
}

interface Server {
  readonly home: string;
  readonly data: Data;
  readonly programs: Binaries;
  readonly account: Account | undefined;
  readonly durable: boolean;
}

/** Starts the PostgreSQL that npm carries, or joins the one that already serves the same folder. */
export async function startCluster({ folder, durable }: ClusterOptions): Promise<Cluster> {
  const account = serverAccount();
  const home = reachable(folder, account);
  const starting = await FileLock.exclusive(join(home, 'start.lock'), LOCK_PATIENCE_MS);
  try {
    const programs = await binaries(account);
    const data = await ensureData(home, { programs, account, durable });
    const server: Server = { home, data, programs, account, durable };
    const running = runningPostmaster(data.folder);
    const postmaster = running ?? (await startServer(server, PORT_ATTEMPTS));
    const adminUrl = urlOf(postmaster.port, ADMIN, data.password, 'postgres');
    await proveOurs(adminUrl, data.folder);
    await closeMaintenanceDatabases(adminUrl);
    return clusterOn(server, postmaster, running === undefined);
  } finally {
    starting.release();
  }
}

async function startServer(server: Server, attempts: number): Promise<Postmaster> {
  const { data, programs, account, durable } = server;
  const port = await freePort(HOST);
  const settings = durable ? SETTINGS : [...SETTINGS, ...THROW_AWAY_SETTINGS];
  const options = [`-p ${port}`, ...settings.map((setting) => `-c ${setting}`)].join(' ');
  const log = join(data.folder, 'server.log');
  const args = ['start', '--wait', '--silent', `--timeout=${START_SECONDS}`, `--pgdata=${data.folder}`, `--log=${log}`];
  try {
    await run(programs.pgCtl, [...args, `--options=${options}`], data.folder, account);
  } catch (cause) {
    const tail = existsSync(log) ? readFileSync(log, 'utf8').slice(-LOG_TAIL) : '';
    if (attempts > 1 && tail.includes('Address already in use')) return startServer(server, attempts - 1);
    throw new Error(`PostgreSQL did not start. The end of ${log}:\n${tail}`, { cause });
  }
  const started = runningPostmaster(data.folder);
  if (started === undefined) throw new Error(`PostgreSQL ended as soon as it had started; see ${log}`);
  return started;
}

/** The last word is the server's own: only the one that serves our folder knows our password's verifier. */
async function proveOurs(url: string, folder: string): Promise<void> {
  const served = await connected(url, async (client) => {
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    return rows[0]?.data_directory;
  });
  if (served !== folder) throw new Error(`the server that answers for ${folder} serves ${served}`);
}

/** PostgreSQL lets everybody into these and make temporary tables there; our roles have no business in them. */
async function closeMaintenanceDatabases(url: string): Promise<void> {
  await connected(url, (client) => client.query('revoke all on database postgres, template1 from public'));
}

function clusterOn(server: Server, { pid, port }: Postmaster, startedHere: boolean): Cluster {
  const { home, data } = server;
  const use = FileLock.shared(join(home, 'use.lock'));
  const password = (role: Role) => createHmac('sha256', data.password).update(role).digest('base64url');
  let stopping: Promise<boolean> | undefined;
  return {
    adminUrl: urlOf(port, ADMIN, data.password, 'postgres'),
    home,
    pid,
    startedHere,
    password,
    url: (database, role) =>
      role === undefined ? urlOf(port, ADMIN, data.password, database) : urlOf(port, role, password(role), database),
    stop: () => (stopping ??= leave(server, use)),
  };
}

/** Whoever leaves last turns off the light. */
async function leave({ home, data, programs, account }: Server, use: FileLock): Promise<boolean> {
  const stopping = await FileLock.exclusive(join(home, 'start.lock'), LOCK_PATIENCE_MS);
  try {
    use.release();
    const alone = FileLock.tryExclusive(join(home, 'use.lock'));
    if (alone === undefined) return false;
    alone.release();
    if (runningPostmaster(data.folder) === undefined) return true;
    const args = ['stop', '--wait', '--silent', '--mode=fast', `--pgdata=${data.folder}`];
    await run(programs.pgCtl, args, data.folder, account);
    return true;
  } finally {
    stopping.release();
  }
}

function urlOf(port: number, user: string, password: string, database: string): string {
  return `postgresql://${user}:${password}@${HOST}:${port}/${encodeURIComponent(database)}`;
}

/** Makes the database where there is none of that name. */
export async function ensureDatabase(cluster: Cluster, name: string): Promise<void> {
  await connected(cluster.adminUrl, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await createDatabase(client, name);
  });
}

// Another process that starts at the same time may have made it in between.
const DUPLICATE: ReadonlySet<string> = new Set(['42P04', '23505']);

async function createDatabase(client: pg.Client, name: string): Promise<void> {
  try {
    await client.query(`create database ${client.escapeIdentifier(name)}`);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && DUPLICATE.has(error.code ?? ''))) throw error;
  }
}
