import { type Database, join, sql, type Sql } from '../database/index.ts';
import { Problem } from '../http/problem.ts';
import { all, type Condition } from './conditions.ts';
import { EXACT_ROWS, Position, type Rows, type Selection } from './selection.ts';

/** What a list can be sorted by. */
interface Key {
  readonly column: Sql;
  readonly type: Sql;
}

interface Definition {
  /** One table, or one query of `with`: a join would make the planner read and sort the whole organisation. */
  readonly from: Sql;
  /** Common table expressions, such as a function that is not to be called twice. */
  readonly with?: Sql;
  /** What is joined to the rows of the page, called `page`; each finds one partner. */
  readonly join?: Sql;
  readonly columns: Sql;
  /**
   * By their name on the wire. A column that is never null, with an index on (organization_id, key, id). Where the value is
   * folded or may be null, the key is a generated column: PostgreSQL takes no expression of a tenant's row for an index
   * condition, lest it leak the row before the policy has hidden it.
   */
  readonly keys: Readonly<Record<string, Key>>;
}

interface Order {
  readonly name: string;
  readonly keys: readonly Key[];
  readonly descending: boolean;
}

interface Listed {
  /** The keys of the row as JSON, empty where one is null; null instead of a row: the page is empty. */
  readonly list_position: string | null;
  readonly list_counted?: number;
}

const id: Key = { column: sql`id`, type: sql`uuid` };

/** A text in the collation that it is sorted by, such as a generated `name_key`. */
export function textKey(column: Sql): Key {
  return { column, type: sql`text` };
}

export function timeKey(column: Sql): Key {
  return { column, type: sql`timestamptz` };
}

/** A list as a repository defines it once: what is in it, and what it can be sorted by. Rows that tie are told apart by `id`. */
export class List<Row extends object> {
  readonly #definition: Definition;
  readonly #keys: ReadonlyMap<string, Key>;

  constructor(definition: Definition) {
    this.#definition = definition;
    this.#keys = new Map(Object.entries(definition.keys));
  }

  /**
   * Reads a page in one statement, with the number of all rows where it is a page by its number.
   * @throws Problem invalid_cursor for a position in another order
   */
  async read(
    database: Pick<Database, 'query'>,
    selection: Selection,
    conditions: readonly Condition[] = [],
  ): Promise<Rows<Row>> {
    const order = this.#orderOf(selection.sort);
    const { position, limit } = selection;
    if (position && position.order !== order.name) throw new Problem('invalid_cursor');
    const found = await database.query<Row & Listed>(this.#statement(selection, order, all(conditions)));
    const rows = found.filter(({ list_position: keys }) => keys !== null);
    if (rows.some(({ list_position: keys }) => keys === '')) {
      throw new Error(`a row has no value to be sorted by (${order.name}): a cursor would lose it`);
    }
    const isBackwards = position?.direction === 'before';
    // Whatever was before has gone: the list begins here now.
    if (isBackwards && rows.length === 0) return this.read(database, { ...selection, position: undefined }, conditions);
    const chosen = rows.slice(0, limit);
    const inOrder = isBackwards ? chosen.toReversed() : chosen;
    return {
      rows: inOrder,
      counted: found[0]?.list_counted,
      ...neighbours(inOrder, order.name, position, rows.length > limit),
    };
  }

  #orderOf(sort: readonly string[]): Order {
    const keys = sort.map((name) => {
      const key = this.#keys.get(name.replace(/^-/, ''));
      if (!key) throw new Error(`the list has no key "${name}"`);
      return key;
    });
    return { name: sort.join(), keys: [...keys, id], descending: sort[0]?.startsWith('-') ?? false };
  }

  #statement(selection: Selection, order: Order, conditions: Sql): Sql {
    const { from, with: queries, join: partners, columns } = this.#definition;
    const matching = sql`from ${from} where ${conditions}`;
    const page = sql`page as (${pageOf(matching, selection, order)})`;
    const joined = partners ? sql`(page ${partners})` : sql`page`;
    const listed =
      selection.offset === undefined
        ? sql`select list_position, ${columns} from ${joined} order by list_rank`
        : sql`
          select list_counted, list_position, ${columns}
            from (${countOf(matching, selection)}) as total left join ${joined} on true order by list_rank`;
    return sql`with ${queries ? join([queries, page]) : page} ${listed}`;
  }
}

/** One row more than was asked for tells whether there are more. */
function pageOf(matching: Sql, { limit, offset = 0, position }: Selection, { keys, descending }: Order): Sql {
  const backwards = descending !== (position?.direction === 'before');
  const columns = keys.map(({ column }) => column);
  const order = join(columns.map((column) => (backwards ? sql`${column} desc` : column)));
  const reached = position ? sql`and ${beyond(position, keys, backwards)}` : sql``;
  return sql`
    select *, row_number() over (order by ${order}) as list_rank,
        case when (${join(columns)}) is not null then json_build_array(${join(columns)})::text else '' end as list_position
      from (select * ${matching} ${reached} order by ${order} limit ${limit + 1} offset ${offset}) as chosen`;
}

/** The last page tells it without counting, which would look at all rows once more. A page beyond the last one tells nothing. */
function countOf(matching: Sql, { limit, offset = 0 }: Selection): Sql {
  return sql`
    select case when shown between ${offset === 0 ? 0 : 1} and ${limit} then ${offset} + shown else (
        select count(*)::int from (select ${matching} limit ${EXACT_ROWS + 1}) as bounded
      ) end as list_counted
      from (select count(*)::int as shown from page) as paged`;
}

/** One comparison of whole rows: the planner makes an index condition of it, and of no `or` that says the same. */
function beyond(position: Position, keys: readonly Key[], backwards: boolean): Sql {
  const columns = join(keys.map(({ column }) => column));
  const values = join(keys.map(({ type }, index) => sql`(${position.keys}::json ->> ${index}::int)::${type}`));
  return backwards ? sql`(${columns}) < (${values})` : sql`(${columns}) > (${values})`;
}

/** @param hasMore in the direction in which was read */
function neighbours(
  rows: readonly Listed[],
  order: string,
  position: Position | undefined,
  hasMore: boolean,
): Pick<Rows<never>, 'next' | 'previous'> {
  const [first, last] = [rows[0]?.list_position, rows.at(-1)?.list_position];
  const isBackwards = position?.direction === 'before';
  // In the direction that one came from there was a row when one left it.
  const [hasNext, hasPrevious] = isBackwards ? [true, hasMore] : [hasMore, position !== undefined];
  return {
    next: hasNext && last ? new Position(order, 'after', last) : undefined,
    previous: hasPrevious && first ? new Position(order, 'before', first) : undefined,
  };
}
