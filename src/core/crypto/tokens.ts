import { createHash, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;

/** @returns 256 random bits as 43 characters of base64url: an opaque token, to be given away and kept only as its hash */
export function randomToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** What the database keeps of a token. A plain hash will do: 256 random bits can't be guessed, however fast one tries. */
export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
