import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster, type Cluster } from './cluster.ts';

// A watch that waits for the end of its input, which the system closes when our process ends, however it ends. The server
// removes its own file last; waiting for the process would wait for whoever collects it, too.
const WATCH = `
  cat >/dev/null
  kill -QUIT "$1"
  while [ -e "$2/postgres/postmaster.pid" ] && kill -0 "$1"; do sleep 0.02; done
  rm -rf "$2"
`;

// Where Linux keeps files in memory.
const MEMORY = '/dev/shm';
// A whole run takes a tenth of it.
const PLENTY = 4 * 1024 ** 3;

/**
 * A cluster of its own for tests: not durable, so faster, and gone when it is stopped or this process dies, data and all.
 * Starts in under a second.
 */
export async function throwAwayCluster(): Promise<Cluster> {
  const cluster = await startCluster({ folder: mkdtempSync(join(quickFolder(), 'tenantry-')), durable: false });
  if (process.platform === 'win32') return { ...cluster, stop: () => stopAndRemove(cluster) };
  const watch = spawn('/bin/sh', ['-c', WATCH, 'watch', String(cluster.pid), cluster.home], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watch.unref();
  return {
    ...cluster,
    async stop() {
      if (watch.exitCode !== null) return false;
      // It held up nobody's end so far; now it does, or the process would be over before the server.
      watch.ref();
      watch.stdin.end();
      await once(watch, 'exit');
      return true;
    },
  };
}

/** @returns memory, where there is plenty of it: a database is 700 files, which a disk takes many times as long to copy */
function quickFolder(): string {
  if (!existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return Math.min(bavail * bsize, freemem()) > PLENTY ? MEMORY : tmpdir();
}

async function stopAndRemove(cluster: Cluster): Promise<boolean> {
  const stopped = await cluster.stop();
  rmSync(cluster.home, { recursive: true, force: true });
  return stopped;
}
