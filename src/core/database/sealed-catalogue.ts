import type { Owner, SealedField } from '../crypto/data-key.ts';

/** A column of type app.sealed, as the catalogue has it. */
export interface SealedColumn extends SealedField {
  readonly table_id: string;
  readonly number: number;
  readonly owner: Owner['kind'];
  readonly owner_column: string;
  /** The columns that tell the owner's rows apart: none where a row is the owner itself, or its only one. */
  readonly row_columns: readonly string[];
  readonly row_numbers: readonly number[];
  /** There is a blind index beside it. */
  readonly indexed: boolean;
}

/** Asks for every `SealedColumn` there is. */
export const SEALED_COLUMNS = `
  with key_columns as (
    select k.attrelid, k.attname, k.attnum
      from pg_attribute k join pg_constraint on conrelid = attrelid and attnum = any (conkey)
      where contype = 'p'
  )
  select c.oid::text as table_id, c.relname as table, a.attname as column, a.attnum as number, owner_column,
    case when owner_column = 'organization_id' or c.relname = 'organizations' then 'organization' else 'user' end as owner,
    array(select attname::text from key_columns k where k.attrelid = c.oid and attname <> owner_column) as row_columns,
    array(select attnum from key_columns k where k.attrelid = c.oid and attname <> owner_column) as row_numbers,
    exists (select from pg_attribute i where i.attrelid = c.oid and i.attname = a.attname || '_index') as indexed
  from pg_attribute a join pg_class c on c.oid = a.attrelid, lateral (select case
      when c.relname in ('organizations', 'users') then 'id'
      when exists (select from pg_attribute o
        where o.attrelid = c.oid and o.attname = 'organization_id' and not o.attisdropped) then 'organization_id'
      else 'user_id' end as owner_column)
  where a.atttypid = to_regtype('app.sealed') and not a.attisdropped and c.relkind in ('r', 'p')
  order by c.relname, a.attnum`;
