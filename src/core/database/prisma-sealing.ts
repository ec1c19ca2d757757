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

/** What a call to Prisma is given, as far as it matters here. */
export interface PrismaArgs {
  readonly where?: Members;
  readonly data?: Members | readonly Members[];
  readonly create?: Members;
  readonly update?: Members;
}

/**
 * Seals what a call to Prisma writes to encrypted fields of its model. Nested writes are not looked into: the database refuses
 * plain text in such a column.
 * @throws TypeError for a filter by such a field, which would find nothing
 */
export async function sealedArgs(
  args: PrismaArgs,
  fields: readonly ModelField[],
  isNew: boolean,
  seal: SealText,
): Promise<PrismaArgs> {
  const { where = {}, data, create, update } = args;
  refuseFilter(where, fields);
  const made = (row: Members): Promise<Members> => sealedNew(row, fields, seal);
  const changed = (row: Members): Promise<Members> => sealedData(row, where, fields, seal);
  const written = isNew ? made : changed;
  return {
    ...args,
    ...(data && { data: isRows(data) ? await Promise.all(data.map(written)) : await written(data) }),
    ...(create && { create: await made(create) }),
    ...(update && { update: await changed(update) }),
  };
}

function isRows(data: Members | readonly Members[]): data is readonly Members[] {
  return Array.isArray(data);
}

/** A row's id has to be there before it is sealed for it: where the caller gives none, it is made here and not by the database. */
function sealedNew(data: Members, fields: readonly ModelField[], seal: SealText): Promise<Members> {
  const named: Record<string, unknown> = { ...data };
  for (const { rowName } of fields) if (rowName !== undefined) named[rowName] ??= uuid();
  return sealedData(named, named, fields, seal);
}

async function sealedData(
  data: Members,
  row: Members,
  fields: readonly ModelField[],
  seal: SealText,
): Promise<Members> {
  const sealed: Record<string, unknown> = { ...data };
  for (const { field, name, rowName } of fields) {
    const given = data[name];
    const text = isMembers(given) ? given['set'] : given;
    if (typeof text === 'string') sealed[name] = await seal(field, text, rowIn(row, rowName));
  }
  return sealed;
}

function rowIn(row: Members, rowName: string | undefined): string | undefined {
  if (rowName === undefined) return undefined;
  const id = row[rowName] ?? compoundKey(row, rowName)?.[rowName];
  return typeof id === 'string' ? id : undefined;
}

/** `{ organizationId_id: { organizationId, id } }`, which Prisma calls after its fields, as it calls no relation. */
function compoundKey(row: Members, rowName: string): Members | undefined {
  const [, key] = Object.entries(row).find(([name]) => name.endsWith(`_${rowName}`)) ?? [];
  return isMembers(key) ? key : undefined;
}

function refuseFilter(where: unknown, fields: readonly ModelField[]): void {
  for (const part of [where].flat()) {
    if (!isMembers(part)) continue;
    for (const { name, field } of fields) {
      if (name in part)
        throw new TypeError(`${field.table}.${field.column} is encrypted: it is looked up by its index, in SQL`);
    }
    for (const operator of ['AND', 'OR', 'NOT']) refuseFilter(part[operator], fields);
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null;
}
