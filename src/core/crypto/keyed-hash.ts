import { createHmac } from 'node:crypto';

/** What a digest is for. The same value under two purposes gives two digests that can't be told to belong together. */
export type DigestPurpose =
  | 'client_address'
  | 'email_address'
  | 'idempotency_key'
  | 'idempotent_call'
  | 'outside_session'
  | 'own_password'
  | 'refresh_token';

/** HMAC-SHA-256 under the server's secret: only this server can make, or recognise, a digest. */
export class KeyedHash {
  readonly #key: Buffer;

  /** @param key at least 32 random bytes */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** @returns 32 bytes; the same on every server with the same secret */
  digest(purpose: DigestPurpose, value: string): Buffer {
    return createHmac('sha256', this.#key).update(`${purpose}\0${value}`).digest();
  }
}
