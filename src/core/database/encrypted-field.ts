import { inspect } from 'node:util';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { SealedField } from '../crypto/index.ts';

export interface EncryptedFieldOptions extends SealedField {
  /** Prisma's model of the table, where there is one; its field is called as the column, in camel case. */
  readonly model?: Prisma.ModelName;
}

/** What a parameter becomes: the sealed text itself, what stands in `_index`, or whatever may stand there for an equal text. */
type Use = 'column' | 'index' | 'look_up';

/**
 * A text on its way to an encrypted column, as a parameter of SQL. `Database.query` seals it; whatever else would send, print or
 * serialise it gets an error, or nothing of the text.
 */
export class Plaintext {
  readonly field: SealedField;
  readonly use: Use;
  readonly row: string | undefined;
  readonly #text: string;

  constructor(field: SealedField, use: Use, text: string, row?: string) {
    this.field = field;
    this.use = use;
    this.row = row;
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  /** Asked for by node-postgres, of a parameter that nothing has sealed. */
  toPostgres(): never {
    throw new TypeError(
      `${this.field.table}.${this.field.column} is sealed by Database.query alone, not in a deferred statement`,
    );
  }

  toJSON(): never {
    return this.toPostgres();
  }

  [inspect.custom](): string {
    return `Plaintext of ${this.field.table}.${this.field.column}`;
  }
}

/** A column whose texts are encrypted. What a statement reads from it is plain; a parameter says that it goes there. */
export class EncryptedField {
  readonly #field: SealedField;

  constructor(field: SealedField) {
    this.#field = field;
  }

  /**
   * @param row the row's id; left out where the row is the owner itself, as in `users`
   * @returns a parameter: the text for this column
   */
  of(text: string | null, row?: string): Plaintext | null {
    return text === null ? null : new Plaintext(this.#field, 'column', text, row);
  }

  /** @returns a parameter: what stands for the text in the column's `_index`. Where one thing has several spellings, choose one */
  indexOf(text: string | null): Plaintext | null {
    return text === null ? null : new Plaintext(this.#field, 'index', text);
  }

  /** @returns a parameter for `where tax_number_index = any (…)`: an equal text may be indexed under any of its owner's keys */
  lookUp(text: string): Plaintext {
    return new Plaintext(this.#field, 'look_up', text);
  }
}

const declared: EncryptedFieldOptions[] = [];

/**
 * Declares that a column is encrypted: its type is `app.sealed`, or the application does not start. From then on code reads and
 * writes it as plain text, by Prisma as if it were any other, by SQL with the field's parameters.
 */
export function encrypted(options: EncryptedFieldOptions): EncryptedField {
  declared.push(options);
  return new EncryptedField(options);
}

export function declaredFields(): readonly EncryptedFieldOptions[] {
  return declared;
}
