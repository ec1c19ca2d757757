import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES, TAG_BYTES } from './aes-gcm.ts';
import type { MasterKeys } from './master-keys.ts';
import { format, parse } from './sealed-text.ts';
import { Undecipherable } from './undecipherable.ts';

/** A key is used no longer than this after it was asked for: so long, a server goes on with one that was replaced or destroyed. */
export const REMEMBERED_MS = 10_000;

/** Whose data it is. Each has keys of its own, so that destroying them forgets this owner alone. */
export interface Owner {
  readonly kind: 'organization' | 'user';
  readonly id: string;
}

/** A column that is encrypted. */
export interface SealedField {
  readonly table: string;
  readonly column: string;
}

/** Where a sealed text stands: in another row, column or table it does not open. */
export interface Place extends SealedField {
  /** The row's id. */
  readonly row: string;
}

/** What seals the texts of one owner. */
export class DataKey {
  readonly id: string;
  readonly owner: Owner;
  readonly #secret: Buffer;
  readonly #sealing: KeyObject;

  private constructor(owner: Owner, id: string, secret: Buffer) {
    this.owner = owner;
    this.id = id;
    this.#secret = secret;
    this.#sealing = createSecretKey(this.#derive('seal'));
  }

  static generate(owner: Owner): DataKey {
    return new DataKey(owner, uuid(), randomBytes(KEY_BYTES));
  }

  /** @throws Undecipherable where no master key opens it for this owner */
  static unwrap(owner: Owner, id: string, wrapped: string, masterKeys: MasterKeys): DataKey {
    const secret = masterKeys.open(wrapped, ['data_key', owner.kind, owner.id, id]);
    return new DataKey(owner, id, Buffer.from(secret, 'base64url'));
  }

  /** @returns the key as it may be kept */
  wrap(masterKeys: MasterKeys): string {
    return masterKeys.seal(this.#secret.toString('base64url'), ['data_key', this.owner.kind, this.owner.id, this.id]);
  }

  /** @returns the text, unreadable, with the id of this key; another one each time */
  seal(text: string, place: Place): string {
    const nonce = randomBytes(NONCE_BYTES);
    return format({
      keyId: this.id,
      box: Buffer.concat([nonce, encrypt(this.#sealing, nonce, text, this.#context(place))]),
    });
  }

  /** @throws Undecipherable for what was sealed under another key or for another place, or was changed since */
  open(sealed: string, place: Place): string {
    const { keyId, box } = parse(sealed);
    if (keyId !== this.id || box.length < NONCE_BYTES + TAG_BYTES) throw new Undecipherable('altered');
    const nonce = box.subarray(0, NONCE_BYTES);
    const text = decrypt(this.#sealing, nonce, box.subarray(NONCE_BYTES), this.#context(place));
    if (text === undefined) throw new Undecipherable('altered');
    return text;
  }

  /** @returns 32 bytes, the same for equal texts of one owner in one column, and for nothing else */
  blindIndex(text: string, { table, column }: SealedField): Buffer {
    return createHmac('sha256', this.#derive('index', table, column))
      .update(text)
      .digest();
  }

  #context({ table, column, row }: Place): readonly string[] {
    return [table, column, row, this.owner.kind, this.owner.id];
  }

  /** A key for each purpose, so that what one of them shows is nothing to the other (RFC 5869). */
  #derive(...purpose: readonly string[]): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#secret, '', JSON.stringify(['data key', ...purpose]), KEY_BYTES));
  }
}
