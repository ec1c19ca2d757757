import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type pg from 'pg';
import { masterKeys } from '../../src/config/variables.ts';
import { MasterKeys } from '../../src/core/crypto/master-keys.ts';
import { actingAs, connected } from '../engine/connection.ts';
import { required } from '../engine/environment.ts';
import { rotateData } from './data.ts';
import { rotateMaster } from './master.ts';
import { keyStatus } from './status.ts';
import type { Progress } from './sweep.ts';

const USAGE = `Usage: npm run keys -- <command>
  status                  counts what is under which key
  rotate-master           puts data keys and waiting jobs under the first of ENCRYPTION_KEYS
  rotate-data [before]    gives every owner a data key made after this moment (now), and moves what is under older ones
Each may be stopped, and run again: it goes on with what is left. Fails where something could not be moved.
Environment: ENCRYPTION_KEYS, and KEYS_DATABASE_URL as tenantry_keys`;

type Command = (client: pg.Client, keys: MasterKeys, argument: string | undefined) => Promise<boolean>;

const commands: Record<string, Command> = {
  async status(client) {
    console.log(JSON.stringify(await keyStatus(client), null, 2));
    return true;
  },
  async 'rotate-master'(client, keys) {
    return isWhole(await rotateMaster(client, keys, report));
  },
  async 'rotate-data'(client, keys, argument = new Date().toISOString()) {
    const before = new Date(argument);
    if (Number.isNaN(before.getTime())) throw new Error(`rotate-data takes a moment in time, not "${argument}"`);
    console.log(`To go on after a stop: npm run keys -- rotate-data ${before.toISOString()}`);
    return isWhole(await rotateData(client, keys, { before, report }));
  },
};

function report({ name, rows, moved, passed, failed }: Readonly<Progress>): void {
  console.log(`${name}: ${rows} rows, ${moved} moved, ${passed} in use, ${failed} not readable`);
}

function isWhole(done: readonly Progress[]): boolean {
  const [passed, failed] = [sum(done, 'passed'), sum(done, 'failed')];
  if (passed > 0) console.log(`${passed} were in use: run it again.`);
  if (failed > 0) console.error(`${failed} could not be read, and are as they were.`);
  return passed + failed === 0;
}

function sum(done: readonly Progress[], what: 'passed' | 'failed'): number {
  return done.reduce((total, progress) => total + progress[what], 0);
}

async function main(): Promise<boolean> {
  if (existsSync('.env')) process.loadEnvFile();
  const [name = '', argument] = parseArgs({ allowPositionals: true }).positionals;
  const command = commands[name];
  if (command === undefined) throw new Error(USAGE);
  const keys = new MasterKeys(masterKeys(required(process.env, 'ENCRYPTION_KEYS')));
  const url = actingAs(required(process.env, 'KEYS_DATABASE_URL'), 'tenantry_keys');
  return connected(url, (client) => command(client, keys, argument));
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
