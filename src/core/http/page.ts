import { applyDecorators, type Type } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { EXACT_ROWS, type Position, type Rows } from '../lists/index.ts';
import { Flag, Integer, ListOf, Nested, Text } from './fields.ts';
import { CURSOR, type CursorQuery, DEFAULT_PAGE_SIZE, isNumbered, MAXIMUM_PAGE_SIZE } from './list-query.ts';
import { Refuses } from './problem.dto.ts';
import { RouteOption } from './route-option.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    answersPages?: boolean;
  }
}

class CursorPagination {
  @Integer({ min: 1, max: MAXIMUM_PAGE_SIZE, example: DEFAULT_PAGE_SIZE })
  page_size: number;

  @Text({
    ...CURSOR,
    nullable: true,
    description: 'Opaque; goes on where this page ends. null: this is the end.',
    example: null,
  })
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

/** A page as it is sent: its body, and the `Link` header (RFC 8288) to the pages beside it. */
interface PageAnswer<Item> {
  readonly body: { readonly data: readonly Item[]; readonly pagination: Pagination };
  readonly link: string;
}

/** Makes a cursor of a position in the list that is being answered. */
export type Seal = (position: Position) => string;

/** A page of a list: what a handler returns. `PagesInterceptor` makes the answer of it. */
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

  /** @param url of this page, whose filters the pages beside it keep */
  answer(url: string, seal: Seal): PageAnswer<Item> {
    const { rows, next, previous } = this.#found;
    const cursors = { next: next && seal(next), previous: previous && seal(previous) };
    const pagination = { ...this.#numbers(), page_size: this.#query.page_size, next_cursor: cursors.next ?? null };
    const neighbours = isNumbered(this.#query) ? this.#byNumber(this.#query.page, cursors) : byCursor(cursors);
    return { body: { data: rows, pagination }, link: linksTo(neighbours, url) };
  }

  #numbers(): Omit<Pagination, keyof CursorPagination> {
    if (!isNumbered(this.#query)) return {};
    const { page = 1, page_size } = this.#query;
    const { counted = 0 } = this.#found;
    const isExact = counted <= EXACT_ROWS;
    return {
      page,
      total: Math.min(counted, EXACT_ROWS),
      total_pages: isExact ? Math.ceil(counted / page_size) : null,
      total_is_exact: isExact,
    };
  }

  #byNumber(page = 1, { next }: Cursors): Neighbours {
    // Where no page has a number any more, the cursor goes on.
    const isLast = page * this.#query.page_size >= EXACT_ROWS;
    return {
      first: {},
      prev: page > 1 ? { page: String(page - 1) } : undefined,
      next: next === undefined ? undefined : isLast ? { cursor: next } : { page: String(page + 1) },
    };
  }
}

interface Cursors {
  readonly next: string | undefined;
  readonly previous: string | undefined;
}

function byCursor({ next, previous }: Cursors): Neighbours {
  return {
    first: {},
    prev: previous === undefined ? undefined : { cursor: previous },
    next: next === undefined ? undefined : { cursor: next },
  };
}

/** The pages beside one: their places in the list, which their URL tells. */
type Neighbours = Readonly<Record<'first' | 'prev' | 'next', PlaceInList | undefined>>;

interface PlaceInList {
  readonly page?: string;
  readonly cursor?: string;
}

function linksTo(neighbours: Neighbours, url: string): string {
  return Object.entries(neighbours)
    .flatMap(([relation, place]) => (place ? [`<${elsewhere(url, place)}>; rel="${relation}"`] : []))
    .join(', ');
}

function elsewhere(url: string, place: PlaceInList): string {
  const [path = ''] = url.split('?', 1);
  // What follows a second question mark belongs to the query too.
  const search = url.slice(path.length + 1);
  const parameters = new URLSearchParams(search);
  for (const name of ['page', 'cursor']) parameters.delete(name);
  for (const [name, value] of Object.entries(place)) parameters.set(name, String(value));
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
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
  return applyDecorators(
    RouteOption({ answersPages: true }),
    ApiOkResponse({ type: ItemPage }),
    Refuses('invalid_cursor'),
  );
}
