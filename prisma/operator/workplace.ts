import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../embedded/database.ts';
import { developmentSecrets } from '../embedded/secrets.ts';
import { actingAs } from '../engine/connection.ts';
import { type Environment, required } from '../engine/environment.ts';

const DATA = join(import.meta.dirname, '../../.data');
const SECRETS = join(DATA, 'secrets.json');

/** Where the operator works: the database as tenantry_operator, and the environment that the servers there have. */
export interface Workplace {
  readonly url: string;
  readonly environment: Environment;
}

/** Works where OPERATOR_DATABASE_URL leads, or else in the database that `npm start` has made for this clone. */
export async function atWork<T>(environment: Environment, work: (place: Workplace) => Promise<T>): Promise<T> {
  const isGiven = environment['OPERATOR_DATABASE_URL'] || environment['DATABASE_URL'] || !existsSync(SECRETS);
  if (isGiven || environment['NODE_ENV'] === 'production') {
    return work({ url: actingAs(required(environment, 'OPERATOR_DATABASE_URL'), 'tenantry_operator'), environment });
  }
  const secrets = developmentSecrets(SECRETS);
  const database = await openDatabase(environment, DATA, secrets);
  try {
    const own = { SECRET_KEY: secrets.secretKey, ENCRYPTION_KEYS: secrets.encryptionKeys, ...environment };
    return await work({ url: required({ url: database.operatorUrl }, 'url'), environment: own });
  } finally {
    await database.close();
  }
}
