import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hash } from '@node-rs/argon2';
import { openDatabase } from '../embedded/database.ts';
import { developmentSecrets } from '../embedded/secrets.ts';
import { connected } from '../engine/connection.ts';
import { required } from '../engine/environment.ts';
import { seed } from '../seed.ts';
import { fill } from './fill.ts';
import { organization, person, type Size } from './population.ts';
import { Progress } from './progress.ts';

const ROOT = join(import.meta.dirname, '../..');
const DATA = join(ROOT, '.data');

const USAGE = `Usage: npm run seed -- [--organizations 10] [--members 20] [--teams 5] [--invitations 2]
                        [--roles 5] [--seed 1] [--production]
  --organizations  how many there are to be
  --members        in each of them; every one but the first shares one with the one before
  --teams          in each of them, some beneath others, some private; 0 for none
  --invitations    in each of them, that wait to be accepted; 0 for none
  --roles          in each of them, of its own, held by some of its members; 0 for none
  --seed           another number makes other people and organisations, beside those that are there
  --production     fills a database that is not known to be for development; nobody can sign in as these people then
What is there stays: run it again to go on after a stop, or for more. It fills the database that "npm start" uses.`;

const MOST = 1_000_000;

interface Request extends Size {
  readonly production: boolean;
}

function read(): Request {
  const text = { type: 'string' } as const;
  const options = {
    organizations: text,
    members: text,
    teams: text,
    invitations: text,
    roles: text,
    seed: text,
    production: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) throw new Error(USAGE);
  return {
    organizations: whole('organizations', values.organizations ?? '10'),
    members: whole('members', values.members ?? '20'),
    teams: whole('teams', values.teams ?? '5', 0),
    invitations: whole('invitations', values.invitations ?? '2', 0),
    roles: whole('roles', values.roles ?? '5', 0),
    seed: whole('seed', values.seed ?? '1'),
    production: values.production ?? false,
  };
}

function whole(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= MOST) return value;
  throw new Error(`--${name} is a whole number from ${least} to ${MOST}, not "${text}".\n\n${USAGE}`);
}

/** A database that somebody named is taken for production's, as the server takes it, unless they say that it is not. */
function refuseProduction({ production }: Request, environment: NodeJS.ProcessEnv): void {
  const stage = environment['NODE_ENV'];
  const isProduction =
    stage === 'production' || (environment['DATABASE_URL'] && stage !== 'development' && stage !== 'test');
  if (!isProduction || production) return;
  throw new Error(
    "DATABASE_URL may be production's: set NODE_ENV=development where it is not, or say --production and mean it.",
  );
}

async function fillProduction(size: Size): Promise<void> {
  await fillBy(required(process.env, 'DATABASE_URL'), size);
  console.log('Nobody can sign in as one of them.');
}

/** The database of `npm start`, which may be running. */
async function fillDevelopment(size: Size): Promise<void> {
  const secrets = developmentSecrets(join(DATA, 'secrets.json'));
  const database = await openDatabase(process.env, DATA, secrets);
  try {
    const { password } = await seed(database.appUrl, secrets.demoPassword);
    await fillBy(database.appUrl, size, await hash(password));
    const founder = person(size.seed, organization(size.seed, 0), 0, 0);
    console.log(`Everybody's password is the demo's. The first of them: ${founder.email} / ${password}`);
  } finally {
    await database.close();
  }
}

function fillBy(url: string, size: Size, passwordHash?: string): Promise<void> {
  const progress = new Progress(size, process.stdout);
  return connected(url, (client) =>
    fill(client, size, { ...(passwordHash && { passwordHash }), report: (filled) => progress.show(filled) }),
  );
}

try {
  if (existsSync('.env')) process.loadEnvFile();
  const request = read();
  refuseProduction(request, process.env);
  await (request.production ? fillProduction(request) : fillDevelopment(request));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
