import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { currentContext } from '../context/context.ts';
import { DataKeys, type Owner, type Place, type SealedField, Undecipherable } from '../crypto/index.ts';
import type { Connections } from './connections.ts';
import { DatabaseMonitor } from './database-monitor.ts';
import { type EncryptedFieldOptions, declaredFields, Plaintext } from './encrypted-field.ts';
import { keyStore, type Sender } from './key-store.ts';
import { type ModelField, type PrismaArgs, sealedArgs } from './prisma-sealing.ts';
import { first, type ResultSet, type Row } from './result-set.ts';
import { SEALED_COLUMNS, type SealedColumn } from './sealed-catalogue.ts';
import type { Statement } from './statement.ts';

/** A column of a result that is to be opened, and the one beside it that tells the row. */
interface SealedPart {
  readonly column: SealedColumn;
  readonly at: Cell;
  /** null: the row is the owner itself, or its only one. */
  readonly row: Cell | null;
}

interface Cell {
  readonly index: number;
  readonly name: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Between code, which knows plain text, and encrypted columns, which hold sealed text. What a result shows of such a column is known
 * by the table and the number of the column, which PostgreSQL sends with it: whatever the statement, through SQL or Prisma.
 */
@Injectable()
export class SealedColumns {
  readonly #columns = new Map<string, SealedColumn>();
  readonly #models = new Map<string | undefined, readonly ModelField[]>();
  readonly #parts = new WeakMap<readonly pg.FieldDef[], readonly SealedPart[]>();

  constructor(
    private readonly dataKeys: DataKeys,
    private readonly monitor: DatabaseMonitor,
  ) {}

  /**
   * Learns from the catalogue which columns are encrypted; once, before anything is read.
   * @throws Error for a declared field that is no column of that type
   */
  async learn(connections: Connections): Promise<void> {
    const question = { text: SEALED_COLUMNS, values: [] };
    const { rows } = first(await connections.use((connection) => connection.send([question])));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns of the catalogue's question
    for (const column of rows as unknown as SealedColumn[])
      this.#columns.set(keyOf(column.table_id, column.number), column);
    const declared = declaredFields().map((field) => this.#modelField(field));
    for (const [model, fields] of Map.groupBy(declared, (field) => field.model)) this.#models.set(model, fields);
  }

  #modelField({ model, ...field }: EncryptedFieldOptions): ModelField & { readonly model: string | undefined } {
    const [rowColumn] = this.#columnOf(field).row_columns;
    return { model, field, name: camelCase(field.column), rowName: rowColumn && camelCase(rowColumn) };
  }

  #columnOf({ table, column }: SealedField): SealedColumn {
    const found = [...this.#columns.values()].find((known) => known.table === table && known.column === column);
    if (!found) throw new Error(`${table}.${column} is declared encrypted and is no column of type app.sealed`);
    if (found.row_columns.length > 1)
      throw new Error(`${table} has rows that one id does not tell apart: ${column} can't be sealed`);
    return found;
  }

  /** @returns the statement with its plain texts sealed, under the keys of the scope's owner */
  async seal(statement: Statement, sender: Sender): Promise<Statement> {
    if (!statement.values.some((value) => value instanceof Plaintext)) return statement;
    const values: unknown[] = [];
    for (const value of statement.values) {
      values.push(value instanceof Plaintext ? await this.#sealed(value, sender) : value);
    }
    return { ...statement, values };
  }

  /** @returns the arguments of a call to Prisma, in which what goes to an encrypted column is sealed */
  async sealArgs(model: string, operation: string, args: PrismaArgs, sender: Sender): Promise<PrismaArgs> {
    const fields = this.#models.get(model);
    if (!fields) return args;
    return sealedArgs(args, fields, operation.startsWith('create'), async (field, text, row) =>
      String(await this.#sealed(new Plaintext(field, 'column', text, row), sender)),
    );
  }

  async #sealed(plaintext: Plaintext, sender: Sender): Promise<string | Buffer | Buffer[]> {
    const { field, use } = plaintext;
    const column = this.#columnOf(field);
    const store = keyStore(ownerOf(column), sender);
    const place = use === 'column' ? placeOf(column, store.owner, plaintext.row) : { ...field, row: undefined };
    return this.#watched(place, async () => {
      if (use === 'look_up') {
        return (await this.dataKeys.forLookingUp(store)).map((key) => key.blindIndex(plaintext.reveal(), column));
      }
      const key = await this.dataKeys.forSealing(store);
      if (place.row === undefined) return key.blindIndex(plaintext.reveal(), column);
      return key.seal(plaintext.reveal(), place);
    });
  }

  /** Puts plain text in place of what is sealed, throughout. @throws Undecipherable for what can't be opened: it is all or nothing */
  async open(result: ResultSet, sender: Sender): Promise<ResultSet> {
    for (const part of this.#partsOf(result.fields)) {
      for (const row of result.rows) await this.#openIn(row, part, sender);
    }
    return result;
  }

  async #openIn(row: Row, { column, at, row: rowCell }: SealedPart, sender: Sender): Promise<void> {
    const sealed = valueIn(row, at);
    if (typeof sealed !== 'string') return;
    const store = keyStore(ownerOf(column), sender);
    const place = placeOf(column, store.owner, rowCell === null ? undefined : String(valueIn(row, rowCell)));
    const text = await this.#watched(place, async () => {
      const key = await this.dataKeys.forOpening(store, sealed);
      return key.open(sealed, place);
    });
    if (Array.isArray(row)) row[at.index] = text;
    else row[at.name] = text;
  }

  async #watched<T>(
    place: { table: string; column: string; row: string | undefined },
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Undecipherable) this.monitor.undecipherable(error, place);
      throw error;
    }
  }

  /** Planned once for each statement that a connection has prepared. */
  #partsOf(fields: readonly pg.FieldDef[]): readonly SealedPart[] {
    const known = this.#parts.get(fields);
    if (known) return known;
    const parts = fields.flatMap((field, index) => {
      const column = this.#columns.get(keyOf(String(field.tableID), field.columnID));
      return column ? [{ column, at: { index, name: field.name }, row: rowCellOf(column, fields) }] : [];
    });
    this.#parts.set(fields, parts);
    return parts;
  }
}

function keyOf(tableId: string, number: number): string {
  return `${tableId} ${number}`;
}

function camelCase(column: string): string {
  return column.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** @throws Error where the row's id is not in the result, or several are, so that it is not clear whose the text is */
function rowCellOf(
  { table, table_id, row_columns, row_numbers }: SealedColumn,
  fields: readonly pg.FieldDef[],
): Cell | null {
  if (row_numbers.length === 0) return null;
  const cells = fields.flatMap(({ tableID, columnID, name }, index) =>
    String(tableID) === table_id && row_numbers.includes(columnID) ? [{ index, name }] : [],
  );
  const [cell] = cells;
  if (!cell || cells.length > 1)
    throw new Error(`select ${table}.${row_columns.join()} once, beside what is encrypted there`);
  return cell;
}

function valueIn(row: Row, { index, name }: Cell): unknown {
  return Array.isArray(row) ? row[index] : row[name];
}

/** @throws Error in a scope where the table shows no rows */
function ownerOf({ table, owner: kind }: SealedColumn): Owner {
  const { scope } = currentContext();
  const id = kind === 'organization' ? scope?.organizationId : scope?.organizationId ? null : scope?.userId;
  if (!id)
    throw new Error(`${table} belongs to ${kind === 'user' ? 'a user' : 'an organisation'}, and this scope is none's`);
  return { kind, id };
}

function placeOf({ table, column, row_columns }: SealedColumn, owner: Owner, row: string | undefined): Place {
  const id = row_columns.length === 0 ? owner.id : row?.toLowerCase();
  if (id === undefined || !UUID.test(id))
    throw new TypeError(`${table}.${column} is sealed for one row: say which, by its id`);
  return { table, column, row: id };
}
