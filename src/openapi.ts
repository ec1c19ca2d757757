import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { AppModule } from './app.module.ts';
import { readConfig } from './config/index.ts';
import { createApplication } from './core/http/index.ts';
import { createDocument } from './core/openapi/index.ts';

/** What the application can't be made without and the document says nothing of; it asks no database. */
const config = readConfig({
  NODE_ENV: 'test',
  LOG_LEVEL: 'silent',
  DATABASE_URL: 'postgresql://tenantry_app@localhost/none',
  DIRECT_DATABASE_URL: 'postgresql://tenantry_worker@localhost/none',
  API_URL: 'http://localhost:3000',
  APP_URL: 'http://localhost:5173',
  ACCESS_TOKEN_PRIVATE_KEY: newKey(),
  SECRET_KEY: randomBytes(32).toString('base64url'),
  ENCRYPTION_KEYS: `none:${randomBytes(32).toString('base64url')}`,
  MAIL_FROM: 'Tenantry <no-reply@example.com>',
});

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

// `npm run openapi`: the document as it is reviewed, and as clients are made from it.
const app = await createApplication(AppModule.of(config), config);
writeFileSync('openapi.json', `${JSON.stringify(createDocument(app), null, 2)}\n`);
await app.close();
