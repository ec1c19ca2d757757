import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { EXACT_ROWS, Position, type Selection } from '../lists/index.ts';
import { field, Text } from './fields.ts';
import { IntegerParameter, toList } from './parameters.ts';
import { Problem, validationProblem } from './problem.ts';
import { choice, type Fault, list, type Rule, text } from './rules.ts';

export const DEFAULT_PAGE_SIZE = 20;
export const MAXIMUM_PAGE_SIZE = 100;
const LONGEST_SEARCH = 200;

/** What a cursor looks like. Two names of 200 characters find room in it, with 4 bytes each. */
export const CURSOR = { max: 4_096, pattern: /^[\w-]+$/ };

/** What the client sends is opaque to it; `PagesInterceptor` has opened it before it is looked at here. */
const opened: Rule = {
  schema: text(CURSOR).schema,
  faults: (value) => (value instanceof Position ? [] : [{ path: '', code: 'type', detail: 'must be a cursor' }]),
};

/** `?cursor=&page_size=` of a list that grows without bound; the list's own query class extends it. */
export class CursorQuery {
  @field(opened, { optional: true, description: "A page's `next_cursor`, with the same filters and sorting." })
  cursor?: Position;

  @IntegerParameter({ min: 1, max: MAXIMUM_PAGE_SIZE, fallback: DEFAULT_PAGE_SIZE, description: 'Rows on a page.' })
  page_size: number = DEFAULT_PAGE_SIZE;
}

/** `?page=&page_size=`, or `?cursor=` to go on from where a page ended; the list's own query class extends it. */
export class PageQuery extends CursorQuery {
  @IntegerParameter({ min: 1, description: 'Counted from 1, which is the default. Not together with `cursor`.' })
  page?: number;
}

/** A query that may say by what to sort. */
type SortedQuery = CursorQuery & { readonly sort?: readonly string[] };

/**
 * @param sort the order of a list that the caller has no say in
 * @returns what a repository needs to know of the query to find the page
 * @throws Problem page_too_deep beyond row 10,000, validation_failed for a page and a cursor together
 */
export function selectionOf(query: SortedQuery, sort: readonly string[] = query.sort ?? []): Selection {
  const { cursor: position, page_size: limit } = query;
  const page = numberOf(query);
  if (position && page !== undefined) throw validationProblem([eitherOr]);
  return isNumbered(query) ? { sort, limit, offset: offsetOf(page, limit) } : { sort, limit, position };
}

function numberOf(query: CursorQuery): number | undefined {
  return query instanceof PageQuery ? query.page : undefined;
}

/** @returns whether the page goes by its number, and so is counted */
export function isNumbered(query: CursorQuery): query is PageQuery {
  return query instanceof PageQuery && !query.cursor;
}

const eitherOr = { parameter: 'page', code: 'exclusive', detail: 'must not be given together with cursor' } as const;

function offsetOf(page = 1, size: number): number {
  const offset = (page - 1) * size;
  if (offset >= EXACT_ROWS) throw new Problem('page_too_deep', { errors: [tooDeep] });
  return offset;
}

const tooDeep = { parameter: 'page', code: 'maximum', detail: `must not begin beyond row ${EXACT_ROWS}` } as const;

/** What a list can be sorted by; the property is initialised with what it is sorted by otherwise. */
export function SortParameter(names: readonly [string, ...string[]]): PropertyDecorator {
  const each = list(choice(names.flatMap((name) => [name, `-${name}`])), { max: names.length, unique: true });
  const rule: Rule = { schema: each.schema, faults: (value) => firstOf(each.faults(value), mixedDirections(value)) };
  const description = 'In one direction: a minus before each name, or before none.';
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => toList(value), { toClassOnly: true }),
    field(rule, { optional: true, description, example: [names[0]] }),
  );
}

function firstOf(faults: readonly Fault[], others: readonly Fault[]): readonly Fault[] {
  return faults.length > 0 ? faults : others;
}

/** One direction can be read off an index from a row onwards; two can't. */
function mixedDirections(names: unknown): readonly Fault[] {
  const all: readonly unknown[] = Array.isArray(names) ? names : [];
  const descending = all.filter((name) => String(name).startsWith('-')).length;
  const isMixed = descending > 0 && descending < all.length;
  return isMixed ? [{ path: '', code: 'direction', detail: 'must have one direction for all fields' }] : [];
}

/** `?q=`. @param what is searched, such as `name` */
export function SearchParameter(what: string): PropertyDecorator {
  return Text({ optional: true, max: LONGEST_SEARCH, description: `Part of the ${what}, in any letter case.` });
}
