import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { canEnter, type Account } from './account.ts';

// Where a system keeps what its services must not lose; only root writes here, so nobody can lay a trap in it.
const SYSTEM_STATE = '/var/lib/tenantry';
const HASH_LENGTH = 12;

/** Others may pass through to what is theirs, and not look around. */
export const PASSABLE = 0o711;
const PRIVATE = 0o700;

/**
 * Makes a folder that the account can reach: `wanted` itself, or where a parent of it is closed to the account (root's
 * own home is), one under /var/lib whose name is derived from the wanted path.
 */
export function reachable(wanted: string, account: Account | undefined): string {
  mkdirSync(wanted, { recursive: true, mode: account === undefined ? PRIVATE : PASSABLE });
  const own = realpathSync(wanted);
  if (account === undefined) return own;
  const folder = canEnter(dirname(own), account) ? own : standIn(own);
  mkdirSync(folder, { recursive: true });
  // Whatever the umask, and made before or not.
  if (folder !== own) chmodSync(dirname(folder), PASSABLE);
  chmodSync(folder, PASSABLE);
  return folder;
}

function standIn(path: string): string {
  const hash = createHash('sha256').update(path).digest('hex').slice(0, HASH_LENGTH);
  return join(SYSTEM_STATE, `${basename(path).replace(/^\./, '')}-${hash}`);
}
