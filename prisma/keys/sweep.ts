import type pg from 'pg';
import type { Place } from './places.ts';

/** Rows of a page; of them, those that are moved are locked for as long as it takes to seal them anew: some milliseconds. */
const PAGE = 500;

export interface SealedRow {
  readonly key: readonly string[];
  readonly sealed: string | null;
}

/** What is to stand in place of a sealed text. */
export interface Replacement {
  readonly sealed: string;
  readonly index: Buffer | null;
}

/** How a sweep goes on: told with each page. */
export interface Progress {
  readonly name: string;
  rows: number;
  moved: number;
  /** Somebody was at them. */
  passed: number;
  /** Could not be opened, and were left as they are. */
  failed: number;
}

export type Report = (progress: Readonly<Progress>) => void;

/** The rows of a place page by page, in the order of their keys. No page takes long, however few rows are of interest. */
export async function* pages(
  client: pg.Client,
  { table, key, type, first, sealed }: Place,
): AsyncGenerator<readonly SealedRow[]> {
  let after: readonly string[] = key.map(() => first);
  for (;;) {
    const { rows } = await client.query<SealedRow>(
      `select array[${key.map((column) => `${column}::text`).join()}] as key, ${sealed} as sealed from ${table}
       where (${key.join()}) > (${key.map((_, index) => `$${index + 1}::${type}`).join()}) order by ${key.join()} limit ${PAGE}`,
      [...after],
    );
    const last = rows.at(-1);
    if (!last) return;
    yield rows;
    after = last.key;
  }
}

/**
 * Puts other sealed texts in place of those of a page, in one transaction. A row that somebody else is at is left to the next sweep,
 * so that nobody waits for anybody; one that has changed meanwhile keeps what it has by now.
 * @param replace undefined for what can't be opened
 */
export async function move(
  client: pg.Client,
  place: Place,
  rows: readonly SealedRow[],
  replace: (row: SealedRow) => Replacement | undefined,
): Promise<{ moved: number; failed: number }> {
  if (rows.length === 0) return { moved: 0, failed: 0 };
  await client.query('begin');
  try {
    const locked = await lock(client, place, rows);
    const replaced = locked.map((row) => ({ key: row.key, old: row.sealed, replacement: replace(row) }));
    const moved = await update(client, place, replaced.filter(isReplaced));
    await client.query('commit');
    return { moved, failed: replaced.filter((one) => !isReplaced(one)).length };
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

async function lock(
  client: pg.Client,
  { table, key, type, sealed }: Place,
  rows: readonly SealedRow[],
): Promise<SealedRow[]> {
  const wanted = key.map((_, index) => `$${index + 1}::${type}[]`).join();
  const result = await client.query<SealedRow>(
    `select array[${key.map((column) => `${column}::text`).join()}] as key, ${sealed} as sealed from ${table}
     where (${key.join()}, ${sealed}) in (select * from unnest(${wanted}, $${key.length + 1}::text[]))
     order by ${key.join()} for no key update skip locked`,
    [...columnsOf(rows, key.length), rows.map((row) => row.sealed)],
  );
  return result.rows;
}

interface Replaced {
  readonly key: readonly string[];
  readonly old: string | null;
  readonly replacement: Replacement;
}

function isReplaced(row: Omit<Replaced, 'replacement'> & { replacement: Replacement | undefined }): row is Replaced {
  return row.replacement !== undefined;
}

async function update(
  client: pg.Client,
  { table, key, type, sealed, set }: Place,
  rows: readonly Replaced[],
): Promise<number> {
  const count = key.length;
  const keys = key.map((_, index) => `$${index + 1}::${type}[]`);
  const names = key.map((_, index) => `key_${index}`);
  const { rowCount } = await client.query(
    `update ${table} set ${set}
     from unnest(${keys.join()}, $${count + 1}::text[], $${count + 2}::text[], $${count + 3}::bytea[])
       as v (${names.join()}, old, sealed, index)
     where (${key.join()}) = (${names.map((name) => `v.${name}`).join()}) and ${sealed} = v.old`,
    [
      ...columnsOf(rows, count),
      rows.map(({ old }) => old),
      rows.map(({ replacement }) => replacement.sealed),
      rows.map(({ replacement }) => replacement.index),
    ],
  );
  return rowCount ?? 0;
}

function columnsOf(rows: readonly { key: readonly string[] }[], count: number): unknown[] {
  return Array.from({ length: count }, (_, index) => rows.map(({ key }) => key[index]));
}

/** @returns the id of the key that has sealed it */
export function keyIdOf(sealed: string): string {
  return sealed.split('.')[1] ?? '';
}
