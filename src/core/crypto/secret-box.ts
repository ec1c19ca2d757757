import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** What a sealed text is for, and all that it must belong to: whoever opens it names the same. */
export type SealContext = readonly [purpose: 'cursor' | 'kept_answer', ...belongsTo: readonly string[]];

const CIPHER = 'aes-256-gcm';
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;

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
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(bytesOf(context));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([salt, cipher.getAuthTag(), sealed]);
  }

  /** @returns the text; undefined for what was sealed elsewhere or in another context, or was changed since */
  open(sealed: Buffer, context: SealContext): string | undefined {
    if (sealed.length < SALT_BYTES + TAG_BYTES) return undefined;
    const { key, nonce } = this.#keyOf(sealed.subarray(0, SALT_BYTES));
    const tag = sealed.subarray(SALT_BYTES, SALT_BYTES + TAG_BYTES);
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(bytesOf(context))
      .setAuthTag(tag);
    const text = decipher.update(sealed.subarray(SALT_BYTES + TAG_BYTES));
    try {
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }

  /** Of one text alone: under one key for all, random nonces would come round after some 2³² of them (NIST SP 800-38D, 8.3). */
  #keyOf(salt: Buffer): { key: Buffer; nonce: Buffer } {
    const bytes = Buffer.from(hkdfSync('sha256', this.#secret, salt, 'tenantry secret box', KEY_BYTES + NONCE_BYTES));
    return { key: bytes.subarray(0, KEY_BYTES), nonce: bytes.subarray(KEY_BYTES) };
  }
}

/** As JSON, in which no two contexts look alike wherever their parts are cut. */
function bytesOf(context: SealContext): Buffer {
  return Buffer.from(JSON.stringify(context));
}
