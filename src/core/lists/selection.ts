/** Rows that pages reach by their number and totals count; beyond, either costs more than the page itself. */
export const EXACT_ROWS = 10_000;

/** A place between two rows of a list, from which one reads on or back. */
export class Position {
  constructor(
    /** What the list is sorted by, such as `-created_at`: in another order it is no place at all. */
    readonly order: string,
    readonly direction: 'after' | 'before',
    /** The sort keys of the row next to it, a JSON array as PostgreSQL wrote it: a `Date` would lose the microseconds. */
    readonly keys: string,
  ) {}
}

/** Which rows of a list: from an offset, from a position, or from the start. */
export interface Selection {
  /** Names of the list's sort keys, a minus before each or before none. */
  readonly sort: readonly string[];
  readonly limit: number;
  /** Rows to skip: a page by its number, which tells how many rows there are. */
  readonly offset?: number | undefined;
  readonly position?: Position | undefined;
}

/** What a selection found. */
export interface Rows<Row> {
  readonly rows: readonly Row[];
  /** Of a page by its number: how many rows match, counted no further than `EXACT_ROWS + 1`. */
  readonly counted?: number | undefined;
  /** Where to read on; undefined: there is nothing more. */
  readonly next?: Position | undefined;
  /** From where to read back, on a page that was reached by a position. */
  readonly previous?: Position | undefined;
}
