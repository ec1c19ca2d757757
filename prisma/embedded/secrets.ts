import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasStrings, readJson } from './json.ts';
import { PASSABLE } from './place.ts';

const KEY_BYTES = 32;
/** 16 characters: a person types it. */
const DEMO_PASSWORD_BYTES = 12;
const PRIVATE_FILE = 0o600;

/** What a development server needs and nobody should have to think of. */
export interface Secrets {
  /** ES256, PKCS#8 in PEM. */
  readonly accessTokenPrivateKey: string;
  /** Once it has been rotated: the one that signs next (private), and the one that did (public). */
  readonly accessTokenNextKey?: string | undefined;
  readonly accessTokenPreviousKey?: string | undefined;
  /** 32 bytes, base64url. */
  readonly secretKey: string;
  /** A master key with its id. */
  readonly encryptionKeys: string;
  readonly metricsToken: string;
  /** tenantry_worker's, for a given server without a DIRECT_DATABASE_URL. */
  readonly workerPassword: string;
  /** Of the demo account. */
  readonly demoPassword: string;
}

/** The secrets of this clone, made once and kept in `file`, which only its owner can read. */
export function developmentSecrets(file: string): Secrets {
  if (existsSync(file)) complete(file);
  else keep(file, newSecrets());
  return readJson(file, isSecrets);
}

/** A clone that is older than one of the secrets gets that one, and keeps the others. */
function complete(file: string): void {
  const kept = readJson(file, isObject);
  if (isSecrets(kept)) return;
  const draft = draftOf(file, { ...newSecrets(), ...kept });
  renameSync(draft, file);
}

/** Changes secrets of a clone that has them: whole or not at all. */
export function changeSecrets(file: string, changes: Partial<Secrets>): void {
  const draft = draftOf(file, { ...developmentSecrets(file), ...changes });
  renameSync(draft, file);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isSecrets = (value: unknown) =>
  hasStrings(value, [
    'accessTokenPrivateKey',
    'secretKey',
    'encryptionKeys',
    'metricsToken',
    'workerPassword',
    'demoPassword',
  ]);

function newSecrets(): Secrets {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    accessTokenPrivateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    secretKey: randomBytes(KEY_BYTES).toString('base64url'),
    encryptionKeys: `development:${randomBytes(KEY_BYTES).toString('base64url')}`,
    metricsToken: randomBytes(KEY_BYTES).toString('base64url'),
    workerPassword: randomBytes(KEY_BYTES).toString('base64url'),
    demoPassword: randomBytes(DEMO_PASSWORD_BYTES).toString('base64url'),
  };
}

/** Whole or not at all, and never over what another start at the same moment has kept: a link refuses to replace. */
function keep(file: string, secrets: Secrets): void {
  mkdirSync(dirname(file), { recursive: true, mode: PASSABLE });
  const draft = draftOf(file, secrets);
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(draft);
  }
}

function draftOf(file: string, secrets: Secrets): string {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: PRIVATE_FILE, flush: true });
  return draft;
}
