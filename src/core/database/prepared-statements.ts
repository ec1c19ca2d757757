import type pg from 'pg';

/** A statement that the server has parsed on one connection; `fields` are known once it has been described. */
export interface PreparedStatement {
  readonly name: string;
  fields?: pg.FieldDef[];
}

/** Enough for every statement of the code; beyond it, the oldest makes room, so that a connection's memory is bounded. */
export const PREPARED_STATEMENT_LIMIT = 500;

/**
 * The named statements of one connection. A name is never used twice: what became of a statement that failed is unknown
 * (it may or may not have been parsed), so its name is closed before the next group, which is no error if it is not there.
 */
export class PreparedStatements {
  readonly #byText = new Map<string, PreparedStatement>();
  #toClose: string[] = [];
  #count = 0;

  find(text: string): PreparedStatement | undefined {
    return this.#byText.get(text);
  }

  create(): PreparedStatement {
    this.#count += 1;
    return { name: `s${this.#count}` };
  }

  /** Keeps a statement that is known to work, in place of the oldest one when there are too many. */
  keep(text: string, statement: PreparedStatement): void {
    this.#byText.set(text, statement);
    for (const [oldest, dropped] of this.#byText) {
      if (this.#byText.size <= PREPARED_STATEMENT_LIMIT) break;
      this.#byText.delete(oldest);
      this.discard(dropped);
    }
  }

  discard(statement: PreparedStatement): void {
    this.#toClose.push(statement.name);
  }

  /** After a change of the schema: every statement is parsed anew. */
  discardAll(): void {
    for (const statement of this.#byText.values()) this.discard(statement);
    this.#byText.clear();
  }

  /** @returns the names to close with the next group, once */
  takeDiscarded(): readonly string[] {
    const names = this.#toClose;
    if (names.length > 0) this.#toClose = [];
    return names;
  }
}
