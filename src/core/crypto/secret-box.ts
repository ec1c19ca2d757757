import { hkdfSync, randomBytes } from 'node:crypto';
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES, TAG_BYTES } from './aes-gcm.ts';

/** What a sealed text is for, and all that it must belong to: whoever opens it names the same. */
export type SealContext = readonly [
  purpose: 'cursor' | 'kept_answer' | 'data_key' | 'job',
  ...belongsTo: readonly string[],
];

const SALT_BYTES = 16;

/** Seals texts so that only a server with the same secret can read or make them (AES-256-GCM). */
export class SecretBox {
  readonly #secret: Buffer;

  /** @param secret at least 32 random bytes */
  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  /** @returns the text, unreadable; another one each time, so that two can't be told to hold the same */
  seal(text: string, context: SealContext): Buffer {
    const salt = randomBytes(SALT_BYTES);
    const { key, nonce } = this.#keyOf(salt);
    return Buffer.concat([salt, encrypt(key, nonce, text, context)]);
  }

  /** @returns the text; undefined for what was sealed elsewhere or in another context, or was changed since */
  open(sealed: Buffer, context: SealContext): string | undefined {
    if (sealed.length < SALT_BYTES + TAG_BYTES) return undefined;
    const { key, nonce } = this.#keyOf(sealed.subarray(0, SALT_BYTES));
    return decrypt(key, nonce, sealed.subarray(SALT_BYTES), context);
  }

  /** Of one text alone: under one key for all, random nonces would come round after some 2³² of them (NIST SP 800-38D, 8.3). */
  #keyOf(salt: Buffer): { key: Buffer; nonce: Buffer } {
    const bytes = Buffer.from(hkdfSync('sha256', this.#secret, salt, 'tenantry secret box', KEY_BYTES + NONCE_BYTES));
    return { key: bytes.subarray(0, KEY_BYTES), nonce: bytes.subarray(KEY_BYTES) };
  }
}
