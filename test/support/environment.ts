import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { type Config, readConfig } from '../../src/config/index.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** @returns an environment that the server starts with, secrets made anew, with the given changes */
export function environment(changes: Record<string, string | undefined> = {}): Record<string, string | undefined> {
  return {
    NODE_ENV: 'test',
    DATABASE_URL: 'postgresql://tenantry_app@localhost:1/none',
    DIRECT_DATABASE_URL: 'postgresql://tenantry_worker@localhost:1/none',
    API_URL: 'http://localhost:3000',
    APP_URL: 'http://localhost:5173',
    ACCESS_TOKEN_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    SECRET_KEY: randomBytes(32).toString('base64url'),
    ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64url')}`,
    MAIL_FROM: 'Tenantry <no-reply@example.com>',
    LOG_LEVEL: 'silent',
    ...changes,
  };
}

/** @returns the environment as the application takes it */
export function testConfig(changes: Record<string, string | undefined> = {}): Config {
  return readConfig(environment(changes));
}
