import { execFileSync } from 'node:child_process';
import { accessSync, chownSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';

const ROOT = 0;
const CANDIDATES = ['postgres', 'nobody'];

/** The system account that PostgreSQL runs as, where that is not our own: it refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Undefined where our own account serves. Throws where we are root and there is nobody else. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== ROOT) return undefined;
  for (const name of CANDIDATES) {
    const uid = idOf(name, '-u');
    const gid = idOf(name, '-g');
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error(`PostgreSQL does not run as root, and this system has no user ${CANDIDATES.join(' or ')}.`);
}

/** Whether the account can reach the file and read and run it; our own account can reach what is its own. */
export function canUse(path: string, account: Account | undefined): boolean {
  if (account === undefined) return isReadable(path);
  return permits(path, account, constants.R_OK | constants.X_OK) && canEnter(dirname(path), account);
}

/** Whether the account can pass through the folder and all above it. */
export function canEnter(folder: string, account: Account | undefined): boolean {
  if (account === undefined) return true;
  const parent = dirname(folder);
  return permits(folder, account, constants.X_OK) && (parent === folder || canEnter(parent, account));
}

/** Gives a file or folder to the account. */
export function give(path: string, account: Account | undefined): void {
  if (account !== undefined) chownSync(path, account.uid, account.gid);
}

function idOf(name: string, flag: '-u' | '-g'): number | undefined {
  try {
    return Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' }));
  } catch {
    return undefined;
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** Judged by the three classic triples: a group beyond the first, or an access list, only costs a copy too many. */
function permits(path: string, { uid, gid }: Account, wanted: number): boolean {
  const { uid: owner, gid: group, mode } = statSync(path);
  const shift = owner === uid ? 6 : group === gid ? 3 : 0;
  return ((mode >> shift) & wanted) === wanted;
}
