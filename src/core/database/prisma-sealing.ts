import { v7 as uuid } from 'uuid';
import type { SealedField } from '../crypto/index.ts';

/** An encrypted column, by Prisma's names. */
export interface ModelField {
  readonly field: SealedField;
  readonly name: string;
  /** The field that tells the owner's rows apart; undefined where a row is the owner itself, or its only one. */
  readonly rowName: string | undefined;
}

type SealText = (field: SealedField, text: string, row: string | undefined) => Promise<string>;
type Members = Readonly<Record<string, unknown>>;

/**
 * Seals what a call to Prisma writes to encrypted fields of its model. Nested writes are not looked into: the database refuses
 * plain text in such a column.
 * @throws TypeError for a filter by such a field, which would find nothing, and for a write whose row is not told
 */
export async function sealedArgs(
  operation: string,
  args: unknown,
  fields: readonly ModelField[],
  seal: SealText,
): Promise<unknown> {
  if (!isMembers(args)) return args;
  refuseFilter(args['where'], fields);
  const created = (data: unknown): Promise<unknown> => sealedNew(data, fields, seal);
  const changed = (data: unknown): Promise<unknown> => sealedData(data, args['where'], fields, seal);
  switch (operation) {
    case 'create':
      return { ...args, data: await created(args['data']) };
    case 'createMany':
    case 'createManyAndReturn':
      return { ...args, data: await Promise.all([args['data']].flat().map(created)) };
    case 'update':
    case 'updateMany':
    case 'updateManyAndReturn':
      return { ...args, data: await changed(args['data']) };
    case 'upsert':
      return { ...args, create: await created(args['create']), update: await changed(args['update']) };
    default:
      return args;
  }
}

/** A row's id has to be there before it is sealed for it: where the caller gives none, it is made here and not by the database. */
async function sealedNew(data: unknown, fields: readonly ModelField[], seal: SealText): Promise<unknown> {
  if (!isMembers(data)) return data;
  const named: Record<string, unknown> = { ...data };
  for (const { rowName } of fields) if (rowName !== undefined) named[rowName] ??= uuid();
  return sealedData(named, named, fields, seal);
}

async function sealedData(
  data: unknown,
  row: unknown,
  fields: readonly ModelField[],
  seal: SealText,
): Promise<unknown> {
  if (!isMembers(data)) return data;
  const sealed: Record<string, unknown> = { ...data };
  for (const { field, name, rowName } of fields) {
    const given = data[name];
    const text = isMembers(given) && 'set' in given ? given['set'] : given;
    if (typeof text === 'string') sealed[name] = await seal(field, text, rowIn(row, rowName));
  }
  return sealed;
}

function rowIn(row: unknown, rowName: string | undefined): string | undefined {
  const id = isMembers(row) && rowName !== undefined ? row[rowName] : undefined;
  return typeof id === 'string' ? id : undefined;
}

function refuseFilter(where: unknown, fields: readonly ModelField[]): void {
  if (Array.isArray(where)) for (const part of where) refuseFilter(part, fields);
  if (!isMembers(where)) return;
  for (const { name, field } of fields) {
    if (name in where)
      throw new TypeError(`${field.table}.${field.column} is encrypted: it is looked up by its index, in SQL`);
  }
  for (const operator of ['AND', 'OR', 'NOT']) refuseFilter(where[operator], fields);
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null;
}
