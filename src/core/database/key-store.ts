import type { KeptKey, KeyStore, Owner } from '../crypto/index.ts';
import type { ResultSet } from './result-set.ts';
import type { Statement } from './statement.ts';

/** How a statement gets to the database in the scope that asks for it: in its transaction, or by its connection. */
export interface Sender {
  readonly transaction: object | undefined;
  readonly send: (statement: Statement) => Promise<ResultSet>;
}

const COLUMNS = 'id, wrapped_key, superseded_at is null and destroyed_at is null as current';

/** The data keys of the scope's owner: row level security shows no others. */
export function keyStore(owner: Owner, { transaction, send }: Sender): KeyStore {
  return {
    owner,
    transaction,
    find: async () => keptKeys(await send({ text: `select ${COLUMNS} from ${owner.kind}_keys`, values: [] })),
    findOrAdd: async (id, wrapped) =>
      keptKeys(await send({ text: `select ${COLUMNS} from app.use_${owner.kind}_key($1, $2)`, values: [id, wrapped] })),
  };
}

function keptKeys({ rows }: ResultSet): readonly KeptKey[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns above
  return (rows as { id: string; wrapped_key: string | null; current: boolean }[]).map((row) => ({
    id: row.id,
    wrapped: row.wrapped_key,
    current: row.current,
  }));
}
