import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

export const KEY_BYTES = 32;
/** The one length for which GCM uses a nonce as it is (NIST SP 800-38D, 8.2). */
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

const CIPHER = 'aes-256-gcm';

/**
 * @param nonce never used twice under one key
 * @param context what the text belongs to: whoever decrypts it names the same
 * @returns tag and ciphertext
 */
export function encrypt(key: KeyObject | Buffer, nonce: Buffer, text: string, context: readonly string[]): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(bytesOf(context));
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([cipher.getAuthTag(), ciphertext]);
}

/**
 * @param box tag and ciphertext
 * @returns the text; undefined for what was encrypted under another key or in another context, or was changed since
 */
export function decrypt(
  key: KeyObject | Buffer,
  nonce: Buffer,
  box: Buffer,
  context: readonly string[],
): string | undefined {
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(bytesOf(context))
    .setAuthTag(box.subarray(0, TAG_BYTES));
  const text = decipher.update(box.subarray(TAG_BYTES));
  try {
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

/** As JSON, in which no two contexts look alike wherever their parts are cut. */
function bytesOf(context: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(context));
}
