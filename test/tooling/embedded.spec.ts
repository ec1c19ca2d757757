import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { startCluster, type Cluster } from '../../prisma/embedded/cluster.ts';
import { FileLock } from '../../prisma/embedded/lock.ts';
import { connected } from '../../prisma/engine/connection.ts';
import { until } from '../support/until.ts';
import { removeScratch, scratchFolder } from './scratch.ts';

const EMBEDDED = join(import.meta.dirname, '../../prisma/embedded');

const runScript = (script: string, environment: Record<string, string> = {}) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });

const running: Cluster[] = [];

async function start(folder: string, durable = true): Promise<Cluster> {
  const cluster = await startCluster({ folder, durable });
  running.push(cluster);
  return cluster;
}

afterEach(async () => {
  for (const cluster of running.splice(0)) await cluster.stop();
});
afterAll(removeScratch);

const valuesOf = (url: string, query: string) =>
  connected(url, async (client) => (await client.query({ text: query, rowMode: 'array' })).rows.flat());

/** Waits for it: a process is there until its parent has taken note of its end. */
const end = (pid: number): Promise<void> => until(() => ['', 'Z'].includes(stateOf(pid)));

/** One letter, or nothing where there is no such process. */
function stateOf(pid: number): string {
  if (!existsSync('/proc/self/stat'))
    return spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' }).stdout[0] ?? '';
  try {
    return /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}

describe('the embedded cluster', () => {
  const folder = () => join(scratch, 'data');
  let scratch: string;
  beforeAll(() => (scratch = scratchFolder()));

  it('survives a first start that was cut short', async () => {
    mkdirSync(join(folder(), 'postgres.unfinished/base'), { recursive: true });
    const cluster = await start(folder());
    expect(await valuesOf(cluster.adminUrl, 'select 1')).toEqual([1]);
    expect(existsSync(join(folder(), 'postgres.unfinished'))).toBe(false);
  });

  it('is durable, sorts the same everywhere and keeps its password to itself', async () => {
    const cluster = await start(folder());
    const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'server_encoding'];
    const settings = await valuesOf(
      cluster.adminUrl,
      `select ${names.map((name) => `current_setting('${name}')`).join()}`,
    );
    expect(settings).toEqual(['on', 'on', 'on', '127.0.0.1', 'UTF8']);
    expect(await valuesOf(cluster.adminUrl, 'select datlocprovider::text, datlocale from pg_database limit 1')).toEqual(
      ['b', 'C.UTF-8'],
    );
    expect(statSync(join(folder(), 'postgres.password')).mode & 0o777).toBe(0o600);
    const stranger = new URL(cluster.adminUrl);
    stranger.password = 'guess';
    await expect(valuesOf(stranger.href, 'select 1')).rejects.toThrow(/password/);
  });

  it('keeps its data over a restart', async () => {
    const cluster = await start(folder());
    await valuesOf(cluster.adminUrl, 'create table kept as select 42 as answer');
    await cluster.stop();
    await end(cluster.pid);
    const again = await start(folder());
    expect(again.startedHere).toBe(true);
    expect(await valuesOf(again.adminUrl, 'select answer from kept')).toEqual([42]);
  });

  it('is joined by a second start, even at the same moment, and stopped by the last to leave', async () => {
    const [first, second] = await Promise.all([start(folder()), start(folder())]);
    expect(first.pid).toBe(second.pid);
    expect(first.startedHere).not.toBe(second.startedHere);
    expect(await first.stop()).toBe(false);
    expect(await valuesOf(second.adminUrl, 'select 1')).toEqual([1]);
    expect(await second.stop()).toBe(true);
    await end(second.pid);
  });

  it('starts over what a crash of the machine leaves', async () => {
    const cluster = await start(folder());
    process.kill(cluster.pid, 'SIGKILL');
    await end(cluster.pid);
    const again = await start(folder());
    expect(again.startedHere).toBe(true);
    expect(await valuesOf(again.adminUrl, 'select answer from kept')).toEqual([42]);
  });

  it.each([
    ['names another folder', () => scratch],
    ['names a process that is not the server', () => join(folder(), 'postgres')],
  ])('does not trust a postmaster.pid that %s, nor send it the password', async (_, named) => {
    await (await start(folder())).stop();
    const trap = await listener();
    const pid = join(folder(), 'postgres/postmaster.pid');
    writeFileSync(pid, [process.pid, named(), 0, trap.port, '', '127.0.0.1', '', 'ready', ''].join('\n'));
    const cluster = await start(folder());
    expect(cluster.startedHere).toBe(true);
    expect(new URL(cluster.adminUrl).port).not.toBe(String(trap.port));
    expect(trap.callers()).toBe(0);
    await trap.close();
  });

  it('says what to do when its password is gone', async () => {
    const lost = join(scratchFolder(), 'data');
    mkdirSync(join(lost, 'postgres'), { recursive: true });
    await expect(start(lost)).rejects.toThrow(/postgres\.password is missing/);
  });

  async function listener(): Promise<{ port: number; callers(): number; close(): Promise<void> }> {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return {
      port: address.port,
      callers: () => sockets.length,
      close: () => new Promise((resolve) => server.close(() => resolve())),
    };
  }
});

describe('a throw-away cluster', () => {
  const isRoot = process.getuid?.() === 0;

  it('starts where a closed home shuts PostgreSQL out, gives up durability, and goes when its process is killed', async () => {
    const closed = scratchFolder();
    chmodSync(closed, 0o700);
    const script = `import { writeSync } from 'node:fs';
      import { throwAwayCluster } from ${JSON.stringify(join(EMBEDDED, 'throw-away.ts'))};
      import { connected } from ${JSON.stringify(join(EMBEDDED, '../engine/connection.ts'))};
      const { pid, home, adminUrl } = await throwAwayCluster();
      const { rows } = await connected(adminUrl, (client) => client.query('show fsync'));
      writeSync(1, JSON.stringify({ pid, home, fsync: rows[0].fsync }));
      process.kill(process.pid, 'SIGKILL');`;
    const { stdout } = runScript(script, { TMPDIR: closed });
    const { pid, home, fsync }: { pid: number; home: string; fsync: string } = JSON.parse(stdout);
    expect(fsync).toBe('off');
    expect(home.startsWith(closed)).toBe(!isRoot);
    await until(() => !existsSync(home));
    await end(pid);
  });
});

describe('the lock between processes', () => {
  // Killed by one signal where it got the lock, by another where not.
  const attempt = (path: string) =>
    runScript(`import { FileLock } from ${JSON.stringify(join(EMBEDDED, 'lock.ts'))};
      const lock = FileLock.tryExclusive(${JSON.stringify(path)});
      process.kill(process.pid, lock ? 'SIGKILL' : 'SIGTERM');`).signal === 'SIGKILL';

  it('is let go when its holder is killed', () => {
    const path = join(scratchFolder(), 'lock');
    expect(attempt(path)).toBe(true);
    expect(FileLock.tryExclusive(path)).toBeDefined();
  });

  it('is held by one alone, or by several together, never both', async () => {
    const path = join(scratchFolder(), 'lock');
    const readers = [FileLock.shared(path), FileLock.shared(path)];
    expect(FileLock.tryExclusive(path)).toBeUndefined();
    // That try must not have cost the readers their lock.
    expect(attempt(path)).toBe(false);
    for (const reader of readers) reader.release();
    const writer = FileLock.tryExclusive(path);
    await expect(FileLock.exclusive(path, 60)).rejects.toThrow(/held/);
    expect(attempt(path)).toBe(false);
    writer?.release();
    expect(attempt(path)).toBe(true);
  });
});
