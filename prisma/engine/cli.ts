import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { throwAwayCluster } from '../embedded/throw-away.ts';
import { deploy } from './deploy.ts';
import { drift } from './drift.ts';
import { passwordsOf, required } from './environment.ts';
import { rollback } from './rollback.ts';
import { status } from './status.ts';

const USAGE = `Usage: node prisma/engine/cli.ts <command>
  deploy         makes roles (where it may) and applies the migrations that the database lacks
  status         says how the database stands to the migrations; fails where they differ
  check          fails where the migrations and the Prisma schema have drifted apart
  rollback [n]   takes back the last n migrations (1)
Environment: MIGRATION_DATABASE_URL, which check can do without; for deploy also DATABASE_URL and DIRECT_DATABASE_URL,
whose passwords new roles get`;

type Command = (url: string, argument: string | undefined) => Promise<boolean>;

const commands: Record<string, Command> = {
  async deploy(url) {
    const applied = await deploy(url, { passwords: passwordsOf(process.env) });
    list('Applied', applied, 'The database is up to date.');
    return true;
  },
  async status(url) {
    const { pending, unknown, failed, edited } = await status(url);
    list('Not applied yet', pending);
    list('In the database, but not in prisma/migrations', unknown);
    list('Failed; take it back with "npm run db:rollback", then deploy again', failed);
    list('Edited after it was applied', edited);
    const differences = [pending, unknown, failed, edited].flat().length;
    if (differences === 0) console.log('The database is up to date.');
    return differences === 0;
  },
  async check(url) {
    const script = await drift(url);
    console.log(
      script === '' ? 'The migrations and the schema agree.' : `The schema needs what no migration does:\n${script}`,
    );
    return script === '';
  },
  async rollback(url, argument = '1') {
    const count = Number(argument);
    if (!Number.isInteger(count) || count < 1)
      throw new Error(`rollback takes a number of migrations, not "${argument}"`);
    list('Taken back', await rollback(url, count), 'There is nothing to take back.');
    return true;
  },
};

function list(title: string, names: readonly string[], otherwise?: string): void {
  if (names.length > 0) console.log(`${title}:\n${names.map((name) => `  ${name}`).join('\n')}`);
  else if (otherwise !== undefined) console.log(otherwise);
}

async function main(): Promise<boolean> {
  if (existsSync('.env')) process.loadEnvFile();
  const [name = '', argument] = parseArgs({ allowPositionals: true }).positionals;
  const command = commands[name];
  if (command === undefined) throw new Error(USAGE);
  if (name === 'check' && !process.env['MIGRATION_DATABASE_URL']) return onThrowAwayServer(command);
  return command(required(process.env, 'MIGRATION_DATABASE_URL'), argument);
}

/** For what looks at no database of anybody's. */
async function onThrowAwayServer(command: Command): Promise<boolean> {
  const cluster = await throwAwayCluster();
  try {
    return await command(cluster.adminUrl, undefined);
  } finally {
    await cluster.stop();
  }
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
