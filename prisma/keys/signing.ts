import { existsSync } from 'node:fs';
import { changeSecrets, developmentSecrets } from '../embedded/secrets.ts';
import { pemText, signingKey, verificationKey } from '../../src/config/variables.ts';
import { newSigningKey, rotated, type SigningKeys } from './signing-keys.ts';

const DEVELOPMENT_SECRETS = '.data/secrets.json';

/**
 * `npm run keys:signing`: the next key signs access tokens from now on. Prints the new configuration where the environment
 * holds one; otherwise changes the development secrets of this clone.
 */
function rotate(environment: NodeJS.ProcessEnv): void {
  if (environment['ACCESS_TOKEN_PRIVATE_KEY']) rotateConfigured(environment);
  else if (existsSync(DEVELOPMENT_SECRETS)) rotateDevelopment();
  else
    throw new Error('Nothing to rotate: set ACCESS_TOKEN_PRIVATE_KEY as the servers have it, or run "npm start" once.');
}

/** Values to standard output alone, so that they can be piped to where secrets are kept. */
function rotateConfigured(environment: NodeJS.ProcessEnv): void {
  const { ACCESS_TOKEN_NEXT_KEY: next, ACCESS_TOKEN_PREVIOUS_KEY: previous } = environment;
  const keys = rotated({
    current: pemOf(environment['ACCESS_TOKEN_PRIVATE_KEY'] ?? ''),
    next: next ? pemOf(next) : undefined,
    previous: previous ? publicPemOf(previous) : undefined,
  });
  for (const [name, pem] of Object.entries(variablesOf(keys))) {
    if (pem !== undefined) console.log(`${name}=${Buffer.from(pem).toString('base64')}`);
  }
  console.error(
    next
      ? 'Give these to every server, one after the other. Rotate again after 10 minutes at the earliest.'
      : 'A next key is announced, and nothing has been rotated: give these to every server, wait 5 minutes, and run this again with them.',
  );
}

function pemOf(variable: string): string {
  return signingKey(variable).export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** @returns it with what stands behind it */
function publicPemOf(variable: string): string {
  verificationKey(variable);
  return pemText(variable);
}

function variablesOf({ current, next, previous }: SigningKeys): Record<string, string | undefined> {
  return { ACCESS_TOKEN_PRIVATE_KEY: current, ACCESS_TOKEN_NEXT_KEY: next, ACCESS_TOKEN_PREVIOUS_KEY: previous };
}

/** The one server of a clone reads its keys at the start, so that a next key may sign that nobody has heard of. */
function rotateDevelopment(): void {
  const secrets = developmentSecrets(DEVELOPMENT_SECRETS);
  const keys = rotated({
    current: secrets.accessTokenPrivateKey,
    next: secrets.accessTokenNextKey ?? newSigningKey(),
    previous: secrets.accessTokenPreviousKey,
  });
  changeSecrets(DEVELOPMENT_SECRETS, {
    accessTokenPrivateKey: keys.current,
    accessTokenNextKey: keys.next,
    accessTokenPreviousKey: keys.previous,
  });
  console.log('Rotated in .data/secrets.json: stop "npm start", and start again.');
}

try {
  if (existsSync('.env')) process.loadEnvFile();
  rotate(process.env);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
