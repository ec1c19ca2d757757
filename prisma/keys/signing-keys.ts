import { createPublicKey, generateKeyPairSync } from 'node:crypto';

/** The keys of access tokens in PEM, as the server's configuration has them. */
export interface SigningKeys {
  /** Private: signs. */
  readonly current: string;
  /** Private: will sign. Known to every server, and to whoever verifies tokens, before that. */
  readonly next: string | undefined;
  /** Public: verifies what was signed before. Behind it a line tells until when it signed, which readers of PEM pass over (RFC 7468, 2). */
  readonly previous: string | undefined;
}

/** Of an access token. */
export const TOKEN_LIFETIME_SECONDS = 600;
const MS_PER_SECOND = 1_000;
const SIGNED_UNTIL = /^Signed until (\S+)$/m;

/** @returns PKCS#8 PEM of a new ES256 key */
export function newSigningKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
}

/**
 * @returns the next key signs, the current one verifies on, and a new one is announced; where none was, that alone
 * @throws Error while tokens of the previous key may be good, as nothing would verify them any more
 */
export function rotated({ current, next, previous }: SigningKeys, now = new Date()): SigningKeys {
  const announced = newSigningKey();
  if (next === undefined) return { current, next: announced, previous };
  refuseWhileGood(previous, now);
  return { current: next, next: announced, previous: `${publicOf(current)}Signed until ${now.toISOString()}\n` };
}

/** As far as the key tells: one that was not made here does not. */
function refuseWhileGood(previous: string | undefined, now: Date): void {
  const [, signedUntil = ''] = SIGNED_UNTIL.exec(previous ?? '') ?? [];
  const goodUntil = new Date(Date.parse(signedUntil) + TOKEN_LIFETIME_SECONDS * MS_PER_SECOND);
  if (goodUntil > now) {
    throw new Error(
      `Tokens of the key before are good until ${goodUntil.toISOString()}: rotate after that. If they are not to be, leave that key out.`,
    );
  }
}

function publicOf(privateKey: string): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}
