import { createPublicKey, generateKeyPairSync } from 'node:crypto';

/** The keys of access tokens in PEM, as the server's configuration has them. */
export interface SigningKeys {
  /** Private: signs. */
  readonly current: string;
  /** Private: will sign. Known to every server, and to whoever verifies tokens, before that. */
  readonly next: string | undefined;
  /** Public: verifies what was signed before. */
  readonly previous: string | undefined;
}

/** @returns PKCS#8 PEM of a new ES256 key */
export function newSigningKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
}

/** @returns the next key signs, the current one verifies on, and a new one is announced; where none was, that alone */
export function rotated({ current, next, previous }: SigningKeys): SigningKeys {
  const announced = newSigningKey();
  if (next === undefined) return { current, next: announced, previous };
  return { current: next, next: announced, previous: publicOf(current) };
}

function publicOf(privateKey: string): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}
