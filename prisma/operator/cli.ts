import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { masterKeys, secretKey } from '../../src/config/variables.ts';
import { KeyedHash } from '../../src/core/crypto/keyed-hash.ts';
import { MasterKeys } from '../../src/core/crypto/master-keys.ts';
import { connected } from '../engine/connection.ts';
import { type Environment, required } from '../engine/environment.ts';
import {
  type Answer,
  type Command,
  findLimits,
  findOrganizations,
  findUser,
  type Keys,
  recentCalls,
  removeSecondFactor,
  setLimit,
  suspendOrganization,
  suspendUser,
  unlock,
} from './commands.ts';
import { atWork } from './workplace.ts';

const USAGE = `Usage: npm run operator -- <command> [what] --reason "…" [--json] [--as name]
  organizations [text]               whose name, slug or id it is in; a hundred, --after a slug for the next ones
  user <address or id>               what is known of a person
  suspend-organization <id or slug>  nobody gets in any more; reactivate-organization
  limits <id or slug>                how many members it may have, and each team of it
  limit <id or slug> <limit> <value> sets one: members.max and teams.max_members to a number or none, members.count_pending to
                                     true or false, each to default
  suspend-user <address or id>       signs them out and keeps them out; reactivate-user
  unlock <address>                   after wrong passwords, wrong codes, or links that were held back
  remove-second-factor <address>     of who has lost the app and the codes; tells them by mail, signs everybody out
  calls                              the last hundred of these calls; takes no reason
Each is kept with its reason and with who called: --as, or else the account that runs it.
Exits with 0, with 2 where there is no such organisation or person, with 1 where it failed.
Environment: OPERATOR_DATABASE_URL as tenantry_operator; unlock and remove-second-factor also SECRET_KEY, the latter also
ENCRYPTION_KEYS, as the servers have them. Nothing in a clone whose database is that of "npm start"`;

const NOT_FOUND = 2;
const REASON = { min: 5, max: 500 };
const LONGEST_NAME = 100;

interface Call {
  readonly command: Command;
  readonly target: string;
  readonly calledBy: string;
  readonly reason: string;
  readonly json: boolean;
}

function read(): Call {
  const text = { type: 'string' } as const;
  const options = { reason: text, after: text, as: text, json: { type: 'boolean' } } as const;
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  const [name = '', target, ...rest] = positionals;
  const needsTarget = name !== 'organizations' && name !== 'calls';
  const command = commandOf(name, rest, values.after ?? '');
  if (command === undefined || (needsTarget && !target)) throw new Error(USAGE);
  const reason = values.reason?.trim() ?? '';
  if (name !== 'calls' && (reason.length < REASON.min || reason.length > REASON.max)) {
    throw new Error(`Say why: --reason "…", ${REASON.min} to ${REASON.max} characters.`);
  }
  const calledBy = (values.as ?? userInfo().username).slice(0, LONGEST_NAME);
  return { command, target: target ?? '', calledBy, reason, json: values.json ?? false };
}

/** @throws Error for a limit that is none */
function commandOf(name: string, rest: readonly string[], after: string): Command | undefined {
  const [limit, value, ...more] = rest;
  if (name === 'limit' && limit && value && more.length === 0) return setLimit(limit, value);
  if (rest.length > 0) return undefined;
  const commands = new Map<string, Command>([
    ['organizations', findOrganizations(after)],
    ['user', findUser],
    ['suspend-organization', suspendOrganization(true)],
    ['reactivate-organization', suspendOrganization(false)],
    ['limits', findLimits],
    ['suspend-user', suspendUser(true)],
    ['reactivate-user', suspendUser(false)],
    ['unlock', unlock],
    ['remove-second-factor', removeSecondFactor],
    ['calls', recentCalls],
  ]);
  return commands.get(name);
}

function keysOf(environment: Environment): Keys {
  return {
    keyedHash: () => new KeyedHash(secretKey(required(environment, 'SECRET_KEY'))),
    masterKeys: () => new MasterKeys(masterKeys(required(environment, 'ENCRYPTION_KEYS'))),
    language: environment['DEFAULT_LANGUAGE'] || 'en',
  };
}

const SENTENCES = {
  changed: 'Done.',
  unchanged: 'Nothing to do: it was so.',
  not_found: 'Nobody and nothing is there.',
};

function print({ outcome, rows }: Answer, json: boolean): void {
  if (json) console.log(JSON.stringify({ outcome, rows }));
  else {
    if (rows.length > 0) console.table(rows);
    if (outcome !== 'found') console.log(SENTENCES[outcome]);
  }
}

async function main(): Promise<number> {
  if (existsSync('.env')) process.loadEnvFile();
  const { command, target, json, ...caller } = read();
  const answer = await atWork(process.env, ({ url, environment }) =>
    connected(url, (client) => command(client, caller, target, keysOf(environment))),
  );
  print(answer, json);
  return answer.outcome === 'not_found' ? NOT_FOUND : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
