import type pg from 'pg';
import { type SealedColumn, SEALED_COLUMNS } from '../../src/core/database/sealed-catalogue.ts';

/** Where texts are sealed of which each has its place in order: how to page through them, and how to put another in place of one. */
export interface Place {
  readonly name: string;
  readonly table: string;
  /** The columns of the primary key, in its order; all of one type. */
  readonly key: readonly string[];
  /** The key's type, and what comes before every key. */
  readonly type: 'uuid' | 'bigint';
  readonly first: string;
  /** SQL: the sealed text of a row `t`, and what an update sets from `v.sealed` and `v.index`. */
  readonly sealed: string;
  readonly set: string;
}

/** An encrypted column: under data keys of its owners. */
export interface ColumnPlace extends Place {
  readonly column: SealedColumn;
}

/** Where data keys are kept: under master keys. */
export interface KeyPlace extends Place {
  readonly kind: 'organization' | 'user';
}

const FIRST_UUID = '00000000-0000-0000-0000-000000000000';
const UUIDS = { type: 'uuid', first: FIRST_UUID } as const;

export const keyPlaces: readonly KeyPlace[] = (['organization', 'user'] as const).map((kind) => ({
  ...UUIDS,
  kind,
  name: `${kind} keys`,
  table: `${kind}_keys`,
  key: [`${kind}_id`, 'id'],
  sealed: 't.wrapped_key',
  set: 'wrapped_key = v.sealed',
}));

/** Jobs that wait: under master keys. One that a worker has in its hands is gone soon, or comes back. */
export const jobs: Place = {
  name: 'jobs',
  table: 'graphile_worker._private_jobs',
  key: ['id'],
  type: 'bigint',
  first: '0',
  sealed: `t.payload ->> 'sealed'`,
  set: `payload = json_build_object('sealed', v.sealed)`,
};

export async function columnPlaces(client: pg.Client): Promise<ColumnPlace[]> {
  const { rows } = await client.query<SealedColumn>(SEALED_COLUMNS);
  return rows.map((column) => {
    const name = client.escapeIdentifier(column.column);
    const index = client.escapeIdentifier(`${column.column}_index`);
    return {
      ...UUIDS,
      column,
      name: `${column.table}.${column.column}`,
      table: client.escapeIdentifier(column.table),
      key: [column.owner_column, ...column.row_columns].map((part) => client.escapeIdentifier(part)),
      sealed: `t.${name}`,
      set: column.indexed ? `${name} = v.sealed, ${index} = v.index` : `${name} = v.sealed`,
    };
  });
}
