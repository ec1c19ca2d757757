import { join, sql, type Sql } from '../database/index.ts';

/** What a row has to satisfy; undefined: it was not asked for. */
export type Condition = Sql | undefined;

const arrays = { uuid: sql`uuid[]`, text: sql`text[]` };

/**
 * One of the columns holds the text in any letter case, `%` and `_` being letters like others. No index finds part of a text behind
 * row level security, so that every row is looked at: the fewer columns, the faster.
 * @param columns in lower case already, by the collation `pg_c_utf8`
 */
export function contains(columns: readonly Sql[], q: string | undefined): Condition {
  if (q === undefined || q === '') return undefined;
  const pattern = `%${q.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  // Byte by byte, which finds the same in UTF-8; and in a sub-select, or a plan that serves any text would fold it for every row.
  const found = columns.map(
    (column) => sql`${column} collate "C" like (select lower(${pattern}::text collate pg_c_utf8))`,
  );
  return sql`(${join(found, ' or ')})`;
}

/** The column has one of the values. */
export function anyOf(column: Sql, type: keyof typeof arrays, values: readonly string[] | undefined): Condition {
  return values && sql`${column} = any (${values}::${arrays[type]})`;
}

/** The column has one of the names, or one that begins like those that end in `.*`: `team.*` is `team.created` too. */
export function named(column: Sql, names: readonly string[] | undefined): Condition {
  if (!names) return undefined;
  const beginnings = names.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -1));
  return sql`(${column} = any (${names}::text[]) or ${column} ^@ any (${beginnings}::text[]))`;
}

/** The time is `after` or later, and earlier than `before`; RFC 3339. */
export function within(
  column: Sql,
  { after, before }: { readonly after?: string | undefined; readonly before?: string | undefined },
): Condition {
  const bounds = [
    ...(after === undefined ? [] : [sql`${column} >= ${after}::timestamptz`]),
    ...(before === undefined ? [] : [sql`${column} < ${before}::timestamptz`]),
  ];
  return bounds.length === 0 ? undefined : join(bounds, ' and ');
}

/** @returns one condition that every given one is part of */
export function all(conditions: readonly Condition[]): Sql {
  return join([sql`true`, ...conditions.filter((condition) => condition !== undefined)], ' and ');
}
