import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { build } from '../../prisma/embedded/build.ts';
import { freePort } from '../../prisma/embedded/free-port.ts';
import { TestDatabase } from '../support/database.ts';
import { environment } from '../support/environment.ts';

const HOST = '127.0.0.1';
const ROOT = join(import.meta.dirname, '../..');

const neighbour = createServer();
let taken: number;
let database: TestDatabase;

beforeAll(async () => {
  taken = await freePort(HOST);
  neighbour.listen(taken, HOST);
  [database] = await Promise.all([TestDatabase.create(), build(ROOT)]);
}, 60_000);

afterAll(async () => {
  neighbour.close();
  await database.drop();
});

/** Starts the server as a process. @returns its exit code, and all that it has said */
async function start(changes: Record<string, string>): Promise<{ code: unknown; text: string }> {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
    cwd: ROOT,
    env: environment({
      HOST,
      PORT: String(await freePort(HOST)),
      DATABASE_URL: database.url('tenantry_app'),
      DIRECT_DATABASE_URL: database.url('tenantry_worker'),
      ...changes,
    }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (text += part));
  const [code]: unknown[] = await once(child, 'close');
  return { code, text };
}

function wrongPassword(): string {
  const url = new URL(database.url('tenantry_app'));
  url.password = 'wrong';
  return url.href;
}

test.each<[string, () => string]>([
  ['MAIL_FROM', () => 'nonsense'],
  ['DATABASE_URL', () => database.url()],
  ['DATABASE_URL', wrongPassword],
  ['DIRECT_DATABASE_URL', () => database.url('tenantry_app')],
  // Of no machine at all (RFC 5737).
  ['HOST', () => '192.0.2.1'],
  ['PORT', () => String(taken)],
])('a bad %s stops the start of the process with its name, and without a stack', async (name, value) => {
  expect(await start({ [name]: value() })).toEqual({
    code: 1,
    text: expect.stringMatching(new RegExp(`^The configuration is not usable.*\\n  ${name} .*\\n$`)),
  });
});
