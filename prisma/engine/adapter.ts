import { AsyncLocalStorage } from 'node:async_hooks';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';

// The catalogue's one-byte type "char", which adapter-pg doesn't know, and the text type that it reads as.
const CHAR = 18;
const TEXT = 25;

/**
 * What Prisma's schema engine speaks to PostgreSQL through: adapter-pg, mended where it doesn't serve migrations.
 * `shadowUrl` is an empty database that the engine may fill with the migrations, to see what they come to.
 */
export class MigrationAdapter implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = 'postgres';
  readonly adapterName = '@prisma/adapter-pg';
  readonly #url: string;
  readonly #shadowUrl: string | undefined;
  readonly #pools: pg.Pool[] = [];

  constructor(url: string, shadowUrl?: string) {
    this.#url = url;
    this.#shadowUrl = shadowUrl;
  }

  connect(): Promise<SqlDriverAdapter> {
    return this.#open(this.#url);
  }

  connectToShadowDb(): Promise<SqlDriverAdapter> {
    if (this.#shadowUrl === undefined) throw new Error('this command works without a shadow database');
    return this.#open(this.#shadowUrl);
  }

  /** Closes every connection: the engine itself never does, and an open one keeps its database from being dropped. */
  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.end()));
  }

  async #open(url: string): Promise<SqlDriverAdapter> {
    const pool = new MigrationPool(url);
    this.#pools.push(pool);
    const connection = await new PrismaPg(pool).connect();
    const queryRaw = connection.queryRaw.bind(connection);
    connection.queryRaw = (query) => queryWithChars(queryRaw, query);
    connection.executeScript = (script) => runScript(pool, script);
    return connection;
  }
}

// The columns of type "char" in the answer to the query that is running.
const charColumns = new AsyncLocalStorage<number[]>();

class MigrationPool extends pg.Pool {
  constructor(connectionString: string) {
    // One connection, because the engine takes a session's advisory lock and relies on it afterwards.
    super({ connectionString, max: 1 });
    this.on('error', () => undefined);
    // A pool's `query` has more overloads than an override can be typed as; the adapter uses the promise form alone.
    const query = this.query.bind(this);
    Object.assign(this, { query: async (config: pg.QueryArrayConfig) => withReadableTypes(await query(config)) });
  }
}

/** The adapter refuses "char", so it is shown text, */
function withReadableTypes(result: pg.QueryArrayResult): pg.QueryArrayResult {
  for (const [index, field] of result.fields.entries()) {
    if (field.dataTypeID !== CHAR) continue;
    field.dataTypeID = TEXT;
    charColumns.getStore()?.push(index);
  }
  return result;
}

/** and the engine wants a character, so it is told of one. */
async function queryWithChars(
  queryRaw: (query: SqlQuery) => Promise<SqlResultSet>,
  query: SqlQuery,
): Promise<SqlResultSet> {
  const columns: number[] = [];
  const result = await charColumns.run(columns, () => queryRaw(query));
  for (const column of columns) result.columnTypes[column] = ColumnTypeEnum.Character;
  return result;
}

/** As one simple query: adapter-pg splits at every semicolon, those inside a function's body too. */
async function runScript(pool: pg.Pool, script: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(script);
  } catch (error) {
    throw error instanceof pg.DatabaseError ? adapterError(error) : error;
  } finally {
    client.release();
  }
}

function adapterError(error: pg.DatabaseError): DriverAdapterError {
  const { code = 'XX000', severity = 'ERROR', message, detail, column, hint } = error;
  return new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint });
}
