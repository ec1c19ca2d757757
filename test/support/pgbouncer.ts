import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../prisma/embedded/free-port.ts';
import { until } from './until.ts';

const HOST = '127.0.0.1';

/** PgBouncer is not on npm: Debian's `pgbouncer` is used where it is installed, as CI does. */
export const pgbouncerInstalled = spawnSync('pgbouncer', ['--version']).status === 0;

export interface Pooler {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts a pooler in transaction mode in front of the database, with fewer server connections than its clients will have.
 * @param url a connection to the database itself
 */
export async function startPgbouncer(url: string, serverConnections: number): Promise<Pooler> {
  const target = new URL(url);
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-pgbouncer-'));
  const port = await freePort(HOST);
  writeFileSync(join(folder, 'users.txt'), `"${target.username}" "${decodeURIComponent(target.password)}"\n`);
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
* = host=${target.hostname} port=${target.port}
[pgbouncer]
listen_addr = ${HOST}
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${join(folder, 'users.txt')}
pool_mode = transaction
default_pool_size = ${serverConnections}
`,
  );
  chmodSync(folder, 0o755);
  // It refuses to run as root.
  const account = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('pgbouncer', ['-q', ...account, join(folder, 'pgbouncer.ini')], { stdio: 'ignore' });
  await until(() => isListening(port));
  target.host = `${HOST}:${port}`;
  return {
    url: target.href,
    stop: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      rmSync(folder, { recursive: true });
    },
  };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, HOST);
  const answer = once(socket, 'connect').then(
    () => true,
    () => false,
  );
  return answer.finally(() => socket.destroy());
}
