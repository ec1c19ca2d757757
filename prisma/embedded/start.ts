import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { seed, type SignIn } from '../seed.ts';
import { addressOf } from './address.ts';
import { build } from './build.ts';
import { openDatabase, type Database } from './database.ts';
import { developmentSecrets, type Secrets } from './secrets.ts';
import { Server } from './server.ts';
import { untilToldToStop } from './signals.ts';

const ROOT = join(import.meta.dirname, '../..');
const DATA = join(ROOT, '.data');

/** `npm start`: everything that a developer needs to see the API run. Resolves with the exit code. */
async function start(): Promise<number> {
  const began = performance.now();
  if (existsSync(join(ROOT, '.env'))) process.loadEnvFile(join(ROOT, '.env'));
  refuseProduction();
  const { port, url } = await addressOf(process.env);
  const stop = untilToldToStop();
  const secrets = developmentSecrets(join(DATA, 'secrets.json'));
  // Compiling and the database don't wait for each other.
  const building = build(ROOT);
  building.catch(() => undefined);
  const database = await openDatabase(process.env, DATA, secrets);
  try {
    await building;
    const signIn = await seed(database.appUrl, secrets.demoPassword);
    if (stop.aborted) return 0;
    const server = new Server(ROOT, serverEnvironment(database, secrets, port));
    return await serve(server, stop, `${url}/health/ready`, () =>
      welcome({ port, database, signIn, seconds: (performance.now() - began) / 1000 }),
    );
  } finally {
    if (!(await database.close())) console.log('PostgreSQL stays up: another start of Tenantry is using it.');
  }
}

function refuseProduction(): void {
  if (process.env['NODE_ENV'] !== 'production') return;
  throw new Error('"npm start" is for development. In production run "npm run db:migrate", then "node dist/main.js".');
}

function serverEnvironment(database: Database, secrets: Secrets, port: number): NodeJS.ProcessEnv {
  const { MIGRATION_DATABASE_URL: _, ...given } = process.env;
  const appUrl = given['APP_URL'] ?? 'http://localhost:5173';
  return {
    HOST: '127.0.0.1',
    API_URL: `http://localhost:${port}`,
    APP_URL: appUrl,
    // Whoever follows a mailed link to the front end signs in there. A URL that is none is named by the server.
    ...(URL.canParse(appUrl) && { CORS_ORIGINS: new URL(appUrl).origin }),
    MAIL_FROM: 'Tenantry <no-reply@example.com>',
    ACCESS_TOKEN_PRIVATE_KEY: secrets.accessTokenPrivateKey,
    ACCESS_TOKEN_NEXT_KEY: secrets.accessTokenNextKey ?? '',
    ACCESS_TOKEN_PREVIOUS_KEY: secrets.accessTokenPreviousKey ?? '',
    SECRET_KEY: secrets.secretKey,
    ENCRYPTION_KEYS: secrets.encryptionKeys,
    METRICS_TOKEN: secrets.metricsToken,
    // Compiled code is kept from one start to the next.
    NODE_COMPILE_CACHE: join(DATA, 'compile-cache'),
    ...given,
    NODE_ENV: 'development',
    PORT: String(port),
    DATABASE_URL: database.appUrl,
    DIRECT_DATABASE_URL: database.workerUrl,
  };
}

/** Runs the server until it ends or is to stop. */
async function serve(server: Server, stop: AbortSignal, readyUrl: string, onReady: () => void): Promise<number> {
  const { promise: told, resolve } = Promise.withResolvers<number>();
  if (stop.aborted) resolve(0);
  else stop.addEventListener('abort', () => resolve(0));
  try {
    const ready = server.ready(readyUrl).then((isReady) => isReady && !stop.aborted && onReady());
    const failed = ready.then(() => server.ended);
    return await Promise.race([server.ended, failed, told]);
  } finally {
    await server.stop();
  }
}

function welcome(facts: { port: number; database: Database; signIn: SignIn; seconds: number }): void {
  const { port, database, signIn, seconds } = facts;
  const api = `http://localhost:${port}`;
  const lines = [
    ['API', api],
    ['Swagger UI', `${api}/docs`],
    ['Mailbox', `${api}/dev/mailbox`],
    ['Sign in', `${signIn.email} / ${signIn.password}`],
    ['', `${signIn.memberEmail} / ${signIn.password}, who may change nothing`],
    ['Data', database.description],
    ['Stop', 'Ctrl-C'],
  ];
  const block = lines.map(([label = '', value]) => `  ${label.padEnd(12)}${value}`).join('\n');
  console.log(`\nTenantry is running (ready in ${seconds.toFixed(1)} s)\n\n${block}\n`);
}

try {
  process.exitCode = await start();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
// What an imported seed or a driver left open must not keep a stopped launcher alive.
process.exit();
