import pg from 'pg';
import type { Place } from './places.ts';

const SERIALIZATION_FAILURE = '40001';

/** Rows of a page; those of them that are moved are locked for some milliseconds. */
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
      `select array[${key.map((column) => `${column}::text`).join()}] as key, ${sealed} as sealed from ${table} t
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
 * Puts other sealed texts in place of those of a page, in one statement: rows are locked for no longer than that. One that somebody
 * else is at, or that has changed meanwhile, is left to the next sweep, so that nobody waits for anybody.
 * @param replace undefined for what can't be opened
 */
export async function move(
  client: pg.Client,
  place: Place,
  rows: readonly SealedRow[],
  replace: (row: SealedRow) => Replacement | undefined,
): Promise<{ moved: number; failed: number }> {
  const replaced = rows.map((row) => ({ ...row, replacement: replace(row) })).filter(isReplaced);
  const moved = replaced.length > 0 ? await update(client, place, replaced).catch(noneWhereForgotten) : 0;
  return { moved, failed: rows.length - replaced.length };
}

interface Replaced extends SealedRow {
  readonly replacement: Replacement;
}

function isReplaced(row: SealedRow & { replacement: Replacement | undefined }): row is Replaced {
  return row.replacement !== undefined;
}

/** The owner of one of them was forgotten this moment: what was to be sealed for them is not, nor what came with it. */
function noneWhereForgotten(error: unknown): number {
  if (error instanceof pg.DatabaseError && error.code === SERIALIZATION_FAILURE) return 0;
  throw error;
}

async function update(
  client: pg.Client,
  { table, key, type, sealed, set }: Place,
  rows: readonly Replaced[],
): Promise<number> {
  const count = key.length;
  const arrays = [...key.map(() => type), 'text', 'text', 'bytea'].map((of, index) => `$${index + 1}::${of}[]`);
  const names = key.map((_, index) => `v.key_${index}`);
  const columns = key.map((column) => `t.${column}`);
  const { rowCount } = await client.query(
    `with v as materialized (
       select * from unnest(${arrays.join()}) as v (${key.map((_, index) => `key_${index}`).join()}, old, sealed, index)
     ), free as materialized (
       select ${columns.join()} from ${table} t where (${columns.join()}, ${sealed}) in (select ${names.join()}, v.old from v)
       order by ${columns.join()} for no key update skip locked
     )
     update ${table} t set ${set} from v
       where (${columns.join()}) = (${names.join()}) and (${columns.join()}) in (select * from free) and ${sealed} = v.old`,
    [
      ...columnsOf(rows, count),
      rows.map((row) => row.sealed),
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
