import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { freePort } from '../../prisma/embedded/free-port.ts';
import { throwAwayCluster } from '../../prisma/embedded/throw-away.ts';
import { connected } from '../../prisma/engine/connection.ts';
import { until } from '../support/until.ts';
import { removeScratch, scratchClone } from './scratch.ts';

const HOST = '127.0.0.1';

interface Launch {
  readonly process: ChildProcess;
  readonly url: string;
  /** All that it has printed. */
  text(): string;
  /** Until it says that it runs; throws, with what it said, where it ends instead. */
  readonly ready: Promise<void>;
  readonly exit: Promise<number | null>;
}

let clone: string;
const launches: Launch[] = [];

beforeAll(() => (clone = scratchClone()));

afterAll(async () => {
  for (const started of launches) started.process.kill('SIGTERM');
  await Promise.all(launches.map((started) => started.exit));
  removeScratch();
});

function launch(
  port: number,
  environment: Record<string, string> = {},
  script = 'prisma/embedded/start.ts',
  ...args: string[]
): Launch {
  const clean = { PATH: process.env['PATH'], HOME: process.env['HOME'], PORT: String(port), ...environment };
  const child = spawn(process.execPath, [script, ...args], {
    cwd: clone,
    env: clean,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const exit = once(child, 'close').then(([code]: (number | null)[]) => code ?? null);
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.includes('Tenantry is running')) resolve();
      });
    }
    void exit.then((code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
  ready.catch(() => undefined);
  const started = { process: child, url: `http://${HOST}:${port}`, text: () => text, ready, exit };
  launches.push(started);
  return started;
}

async function environmentOf({ url }: Launch): Promise<Record<string, string>> {
  const response = await fetch(`${url}/environment`);
  return JSON.parse(await response.text());
}

const isServing = ({ url }: Launch) =>
  fetch(url).then(
    () => true,
    () => false,
  );
const pidFile = () => join(clone, '.data/postgres/postmaster.pid');
const postgres = () => readFileSync(pidFile(), 'utf8').split('\n')[0];

it('refuses what it is not for, by name', async () => {
  const port = await freePort(HOST);
  const database = 'postgresql://tenantry_app@127.0.0.1:1/none';
  const refusals = [
    launch(port, { NODE_ENV: 'production' }),
    launch(port, { DATABASE_URL: database }),
    launch(port, {}, 'prisma/engine/cli.ts', 'deploy'),
    launch(port, { MIGRATION_DATABASE_URL: database }, 'prisma/engine/cli.ts', 'rollback', 'all'),
  ];
  expect(await Promise.all(refusals.map((refusal) => refusal.exit))).toEqual([1, 1, 1, 1]);
  expect(refusals.map((refusal) => refusal.text())).toEqual([
    expect.stringContaining('npm run db:migrate'),
    expect.stringContaining('MIGRATION_DATABASE_URL is not set'),
    expect.stringContaining('MIGRATION_DATABASE_URL is not set'),
    expect.stringContaining('not "all"'),
  ]);
});

describe('npm start without a database', () => {
  it('builds, makes the database and serves, as the server role and with secrets of its own', async () => {
    const first = launch(await freePort(HOST));
    await first.ready;
    const environment = await environmentOf(first);
    expect(environment).toMatchObject({ NODE_ENV: 'development', HOST: '127.0.0.1' });
    expect(environment).toMatchObject({ APP_URL: 'http://localhost:5173', CORS_ORIGINS: 'http://localhost:5173' });
    expect(environment).not.toHaveProperty('MIGRATION_DATABASE_URL');
    expect(environment['ACCESS_TOKEN_PRIVATE_KEY']).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(Buffer.from(environment['SECRET_KEY'] ?? '', 'base64url')).toHaveLength(32);
    expect(environment['ENCRYPTION_KEYS']).toMatch(/^development:[\w-]{43}$/);
    expect(statSync(join(clone, '.data/secrets.json')).mode & 0o777).toBe(0o600);
    expect(new URL(environment['DATABASE_URL'] ?? '').username).toBe('tenantry_app');
    // Browsers run it as a classic script, in which a module's `export` is an error.
    const built = readFileSync(join(clone, 'dist/core/openapi/swagger-ui.session.js'), 'utf8');
    expect(() => new Script(built)).not.toThrow();
    expect(first.text()).toMatch(/\/docs[^]*\/dev\/mailbox[^]*postgres[^]*Ctrl-C/);

    const second = launch(Number(new URL(first.url).port));
    expect(await second.exit).toBe(1);
    expect(second.text()).toContain('is taken');

    first.process.kill('SIGINT');
    expect(await first.exit).toBe(0);
    expect(await isServing(first)).toBe(false);
    expect(existsSync(pidFile())).toBe(false);
  });

  it('builds nothing the second time; killed, it takes the server with it and the next start takes over', async () => {
    const killed = launch(await freePort(HOST), { APP_URL: 'http://app.localhost:8080/tenantry' });
    await killed.ready;
    // Where the front end is, it may also call from.
    expect(await environmentOf(killed)).toMatchObject({ CORS_ORIGINS: 'http://app.localhost:8080' });
    // How long it takes is measured by CI, where nothing else runs beside it.
    expect(killed.text()).not.toMatch(/Compiling|Generating/);
    const pid = postgres();
    killed.process.kill('SIGKILL');
    await killed.exit;
    await until(async () => !(await isServing(killed)));

    const next = launch(await freePort(HOST));
    await next.ready;
    expect(postgres()).toBe(pid);
    await fetch(`${next.url}/crash`).catch(() => undefined);
    expect(await next.exit).toBe(7);
    expect(existsSync(pidFile())).toBe(false);
  });
});

describe('npm start with a database', () => {
  it('migrates it and lets the worker in with a password of its own', async () => {
    const cluster = await throwAwayCluster();
    try {
      const given = { DATABASE_URL: cluster.url('postgres', 'tenantry_app'), MIGRATION_DATABASE_URL: cluster.adminUrl };
      const started = launch(await freePort(HOST), given);
      await started.ready;
      const environment = await environmentOf(started);
      expect(environment).not.toHaveProperty('MIGRATION_DATABASE_URL');
      await connected(environment['DATABASE_URL'] ?? '', (client) => client.query('select 1'));
      await connected(environment['DIRECT_DATABASE_URL'] ?? '', (client) =>
        client.query('select from graphile_worker.jobs'),
      );
      expect(new URL(environment['DIRECT_DATABASE_URL'] ?? '').username).toBe('tenantry_worker');
      started.process.kill('SIGTERM');
      expect(await started.exit).toBe(0);
    } finally {
      await cluster.stop();
    }
  });
});
