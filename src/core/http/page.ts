import type { Type } from '@nestjs/common';
import { Flag, Integer, ListOf, Nested, Text } from './fields.ts';
import { IntegerParameter } from './parameters.ts';
import { Problem } from './problem.ts';

const DEFAULT_PAGE_SIZE = 20;
const MAXIMUM_PAGE_SIZE = 100;

/** Rows that pages reach and totals count; beyond, a count costs more than the page. */
export const EXACT_ROWS = 10_000;

/** `?page=&page_size=`; a list's own query class extends it. */
export class PageQuery {
  @IntegerParameter({ min: 1, fallback: 1, description: 'Counted from 1.' })
  page: number = 1;

  @IntegerParameter({ min: 1, max: MAXIMUM_PAGE_SIZE, fallback: DEFAULT_PAGE_SIZE, description: 'Rows on a page.' })
  page_size: number = DEFAULT_PAGE_SIZE;
}

/**
 * @returns what a statement needs: rows to skip and rows to take
 * @throws Problem page_too_deep beyond row 10,000
 */
export function rowsOf(query: PageQuery): { offset: number; limit: number } {
  const offset = (query.page - 1) * query.page_size;
  if (offset >= EXACT_ROWS) throw new Problem('page_too_deep', { errors: [tooDeep] });
  return { offset, limit: query.page_size };
}

const tooDeep = { parameter: 'page', code: 'maximum', detail: `must not begin beyond row ${EXACT_ROWS}` };

export class Pagination {
  @Integer({ min: 1, example: 1 })
  page: number;

  @Integer({ min: 1, max: MAXIMUM_PAGE_SIZE, example: DEFAULT_PAGE_SIZE })
  page_size: number;

  @Integer({ min: 0, max: EXACT_ROWS, description: 'Exact up to 10,000.', example: 42 })
  total: number;

  @Integer({ min: 0, nullable: true, description: 'null when the total is not exact.', example: 3 })
  total_pages: number | null;

  @Flag({ description: 'false: there are more rows than total says.', example: true })
  total_is_exact: boolean;

  @Text({ nullable: true, description: 'Opaque; goes on where this page ends. null: this is the end.', example: null })
  next_cursor: string | null;
}

/** A page of a list: what a handler returns and what goes over the wire; it also sets `Link`. */
export class Page<Row> {
  readonly data: readonly Row[];
  readonly pagination: Pagination;

  /** @param counted rows that match, counted no further than `EXACT_ROWS + 1` */
  constructor(query: PageQuery, data: readonly Row[], counted: number) {
    const isExact = counted <= EXACT_ROWS;
    this.data = data;
    this.pagination = {
      page: query.page,
      page_size: query.page_size,
      total: Math.min(counted, EXACT_ROWS),
      total_pages: isExact ? Math.ceil(counted / query.page_size) : null,
      total_is_exact: isExact,
      next_cursor: null,
    };
  }

  /** @returns the `Link` header (RFC 8288): first, prev and next as far as they exist, with the filters of this page */
  links(url: string): string {
    const { page, page_size, total } = this.pagination;
    const link = (relation: string, number: number) => `<${withPage(url, number)}>; rel="${relation}"`;
    return [
      link('first', 1),
      ...(page > 1 ? [link('prev', page - 1)] : []),
      ...(page * page_size < total ? [link('next', page + 1)] : []),
    ].join(', ');
  }
}

function withPage(url: string, page: number): string {
  const [path, search] = url.split('?', 2);
  const parameters = new URLSearchParams(search);
  parameters.set('page', String(page));
  return `${path}?${parameters.toString()}`;
}

/** @returns the class that describes a page of the items in the OpenAPI document */
export function pageOf<Item extends object>(item: Type<Item>): Type<{ data: Item[]; pagination: Pagination }> {
  class ItemPage {
    @ListOf(() => item)
    data: Item[];

    @Nested(() => Pagination)
    pagination: Pagination;
  }
  Object.defineProperty(ItemPage, 'name', { value: `${item.name}Page` });
  return ItemPage;
}
