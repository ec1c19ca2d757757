import { applyDecorators, type Type } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { EXACT_ROWS, type Position, type Rows } from '../lists/index.ts';
import { Flag, Integer, ListOf, Nested, Text } from './fields.ts';
import { type CursorQuery, DEFAULT_PAGE_SIZE, isNumbered, MAXIMUM_PAGE_SIZE } from './list-query.ts';
import { Refuses } from './problem.dto.ts';

class CursorPagination {
  @Integer({ min: 1, max: MAXIMUM_PAGE_SIZE, example: DEFAULT_PAGE_SIZE })
  page_size: number;

  @Text({ nullable: true, description: 'Opaque; goes on where this page ends. null: this is the end.', example: null })
  next_cursor: string | null;
}

/** What is counted is left out of the answer to a cursor. */
class Pagination extends CursorPagination {
  @Integer({ optional: true, min: 1, description: 'Not in the answer to a cursor, like each total.', example: 1 })
  page?: number;

  @Integer({ optional: true, min: 0, max: EXACT_ROWS, description: 'Exact up to 10,000.', example: 42 })
  total?: number;

  @Integer({ optional: true, min: 0, nullable: true, description: 'null when the total is not exact.', example: 3 })
  total_pages?: number | null;

  @Flag({ optional: true, description: 'false: there are more rows than total says.', example: true })
  total_is_exact?: boolean;
}

/** What goes over the wire. */
interface PageBody<Item> {
  readonly data: readonly Item[];
  readonly pagination: Pagination;
}

/** Makes a cursor of a position in the list that is being answered. */
export type Seal = (position: Position) => string;

/** A page of a list: what a handler returns. `PagesInterceptor` answers it, with its `Link`. */
export class Page<Item> {
  readonly #query: CursorQuery;
  readonly #found: Rows<Item>;

  private constructor(query: CursorQuery, found: Rows<Item>) {
    this.#query = query;
    this.#found = found;
  }

  /** @param toItem makes what goes over the wire of a row */
  static of<Row, Item>(query: CursorQuery, found: Rows<Row>, toItem: (row: Row) => Item): Page<Item> {
    return new Page(query, { ...found, rows: found.rows.map(toItem) });
  }

  body(seal: Seal): PageBody<Item> {
    const { rows, next } = this.#found;
    const { page_size } = this.#query;
    return { data: rows, pagination: { ...this.#counts(), page_size, next_cursor: next ? seal(next) : null } };
  }

  #counts(): Omit<Pagination, keyof CursorPagination> {
    const { counted = 0 } = this.#found;
    if (!isNumbered(this.#query)) return {};
    const { page = 1, page_size } = this.#query;
    const isExact = counted <= EXACT_ROWS;
    return {
      page,
      total: Math.min(counted, EXACT_ROWS),
      total_pages: isExact ? Math.ceil(counted / page_size) : null,
      total_is_exact: isExact,
    };
  }

  /** @returns the `Link` header (RFC 8288): first, prev and next as far as they exist, with the filters of this page */
  links(url: string, seal: Seal): string {
    const neighbours = isNumbered(this.#query) ? this.#byNumber(this.#query.page, seal) : this.#byCursor(seal);
    return Object.entries(neighbours)
      .flatMap(([relation, change]) => (change ? [`<${changed(url, change)}>; rel="${relation}"`] : []))
      .join(', ');
  }

  #byNumber(page = 1, seal: Seal): Neighbours {
    const { next } = this.#found;
    // Where no page has a number any more, the cursor goes on.
    const isLast = page * this.#query.page_size >= EXACT_ROWS;
    return {
      first: { page: '1' },
      prev: page > 1 ? { page: String(page - 1) } : undefined,
      next: next && (isLast ? { cursor: seal(next) } : { page: String(page + 1) }),
    };
  }

  #byCursor(seal: Seal): Neighbours {
    const { next, previous } = this.#found;
    return {
      first: {},
      prev: previous && { cursor: seal(previous) },
      next: next && { cursor: seal(next) },
    };
  }
}

/** The pages beside one: what is different about their URL. */
type Neighbours = Readonly<Record<'first' | 'prev' | 'next', PlaceInList | undefined>>;

interface PlaceInList {
  readonly page?: string;
  readonly cursor?: string;
}

function changed(url: string, place: PlaceInList): string {
  const [path, search] = url.split('?', 2);
  const parameters = new URLSearchParams(search);
  for (const name of ['page', 'cursor']) parameters.delete(name);
  for (const [name, value] of Object.entries(place)) parameters.set(name, String(value));
  const query = parameters.toString();
  return query === '' ? String(path) : `${path}?${query}`;
}

/** Documents that a handler answers pages of the items: its `@Query()` is a `PageQuery`. */
export function PageOf<Item extends object>(item: Type<Item>): MethodDecorator {
  return applyDecorators(pagesOf(item, Pagination), Refuses('page_too_deep'));
}

/** The same of a list that grows without bound, which nobody counts: its `@Query()` is a `CursorQuery`. */
export function CursorPageOf<Item extends object>(item: Type<Item>): MethodDecorator {
  return pagesOf(item, CursorPagination);
}

function pagesOf(item: Type, pagination: Type): MethodDecorator {
  class ItemPage {
    @ListOf(() => item, { max: MAXIMUM_PAGE_SIZE })
    data: object[];

    @Nested(() => pagination)
    pagination: object;
  }
  Object.defineProperty(ItemPage, 'name', { value: `${item.name}Page` });
  return applyDecorators(ApiOkResponse({ type: ItemPage }), Refuses('invalid_cursor', 'validation_failed'));
}
