import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { give, type Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { run } from './process.ts';

export const ADMIN = 'postgres';

const PASSWORD_BYTES = 24;
const PRIVATE = 0o700;
const PRIVATE_FILE = 0o600;

/** A data folder and the password of its administrator. */
export interface Data {
  readonly folder: string;
  readonly password: string;
}

/**
 * The data folder under `home`, made if there is none. `durable`: it is on disk before it is used.
 * @throws where there is data, and its password is gone
 */
export async function ensureData(
  home: string,
  { programs, account, durable }: { programs: Binaries; account: Account | undefined; durable: boolean },
): Promise<Data> {
  const folder = join(home, 'postgres');
  const passwordFile = join(home, 'postgres.password');
  if (existsSync(folder) && !existsSync(passwordFile)) {
    throw new Error(`${passwordFile} is missing. Restore it, or remove ${folder} to begin again without its data.`);
  }
  const password = keptPassword(passwordFile);
  // Made under another name and renamed when it is whole: a first start that was cut short leaves nothing to trip over.
  if (!existsSync(folder)) {
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: PRIVATE });
    give(unfinished, account);
    await initialize(unfinished, { password, programs, account, durable });
    renameSync(unfinished, folder);
  }
  return { folder, password };
}

function keptPassword(file: string): string {
  if (!existsSync(file))
    writeFileSync(file, randomBytes(PASSWORD_BYTES).toString('base64url'), { mode: PRIVATE_FILE, flush: true });
  return readFileSync(file, 'utf8');
}

async function initialize(
  folder: string,
  options: { password: string; programs: Binaries; account: Account | undefined; durable: boolean },
): Promise<void> {
  const { password, programs, account, durable } = options;
  const passwordFile = `${folder}.password`;
  writeFileSync(passwordFile, password, { mode: PRIVATE_FILE });
  give(passwordFile, account);
  const args = [`--pgdata=${folder}`, `--username=${ADMIN}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  // The builtin provider sorts the same on every system, whatever its C library.
  args.push(
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
  );
  if (!durable) args.push('--no-sync');
  try {
    await run(programs.initdb, args, folder, account);
  } finally {
    rmSync(passwordFile);
  }
}
