import pg from 'pg';
import type { Statement } from './statement.ts';

export type Row = Record<string, unknown> | unknown[];

/** What a statement answered, in the form in which node-postgres answers, which is what the Prisma adapter reads. */
export class ResultSet {
  readonly rows: Row[] = [];
  /** The command tag without its counts: SELECT, INSERT, COMMIT … */
  command = '';
  /** Rows returned or changed; null for a command that counts none. */
  rowCount: number | null = null;
  readonly fields: readonly pg.FieldDef[];
  readonly #parsers: readonly ((text: string) => unknown)[];
  readonly #asArray: boolean;

  constructor(statement: Statement, fields: readonly pg.FieldDef[]) {
    const types = statement.types ?? pg.types;
    this.fields = fields;
    // oxlint-disable-next-line typescript/no-unsafe-return -- pg calls a parser's result any; here it is unknown
    this.#parsers = fields.map((field) => types.getTypeParser(field.dataTypeID, 'text'));
    this.#asArray = statement.rowMode === 'array';
  }

  /** @param texts the columns in PostgreSQL's text format */
  add(texts: readonly (string | null)[]): void {
    const values = texts.map((text, index) => (text === null ? null : this.#parsers[index]?.(text)));
    this.rows.push(this.#asArray ? values : this.#named(values));
  }

  #named(values: readonly unknown[]): Record<string, unknown> {
    const row: Record<string, unknown> = {};
    this.fields.forEach((field, index) => (row[field.name] = values[index]));
    return row;
  }

  /** @param tag such as `INSERT 0 5`, `SELECT 20` or `COMMIT` */
  complete(tag: string): void {
    const count = Number(/\d+$/.exec(tag)?.[0]);
    this.command = tag.replace(/ .*/, '');
    this.rowCount = Number.isNaN(count) ? null : count;
  }
}

/** @returns the first of the results, which a group of at least one statement always has */
export function first(results: readonly ResultSet[]): ResultSet {
  const [result] = results;
  if (!result) throw new Error('a group without a statement has no result');
  return result;
}
