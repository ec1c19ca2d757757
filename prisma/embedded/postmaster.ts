import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A PostgreSQL that serves a data folder of ours. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/**
 * The server that runs on the data folder. What postmaster.pid says is believed only where it names this very folder and
 * the process it names works in it under the folder's own account: the file may be left over, or copied with the folder,
 * and the password must not be sent to whoever listens on that port now. A file that is not believed is removed, for
 * PostgreSQL would refuse to start over it.
 */
export function runningPostmaster(data: string): Postmaster | undefined {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  // Process, data folder, start time, port, socket folder, address, shared memory, state.
  const [pid, folder, , port] = readFileSync(file, 'utf8').split('\n');
  const named = { pid: Number(pid), port: Number(port) };
  if (folder !== undefined && isSame(folder, data) && worksIn(named.pid, data)) return named;
  rmSync(file);
  return undefined;
}

function isSame(folder: string, data: string): boolean {
  try {
    return realpathSync(folder) === realpathSync(data);
  } catch {
    return false;
  }
}

function worksIn(pid: number, data: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (process.platform === 'linux') return worksInOnLinux(pid, data);
  return process.platform === 'win32' ? isAlive(pid) : commandOf(pid).includes(data);
}

function worksInOnLinux(pid: number, data: string): boolean {
  try {
    return (
      readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data) &&
      readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres' &&
      statSync(`/proc/${pid}`).uid === statSync(data).uid
    );
  } catch {
    return false;
  }
}

function commandOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
