import pg from 'pg';
import { currentContext } from '../context/context.ts';
import { Connection, type ConnectionOptions } from './connection.ts';

export interface ConnectionsOptions extends ConnectionOptions {
  readonly url: string;
  /** The most connections that this process opens, but for those of work that goes apart. */
  readonly size: number;
  /** Milliseconds that a caller waits for a free connection before it is told that the service is busy. */
  readonly acquireTimeout: number;
  /** An idle connection was lost; it is replaced when it is needed. */
  readonly onIdleError: (error: Error) => void;
}

/** What goes apart is short and rare. They are opened when it comes, and closed when they have been idle for a while. */
const SIZE_APART = 2;

/** The process's connections to the database, as the server's role. */
export class Connections {
  readonly #pool: pg.Pool;
  /** Apart from the pool: whoever holds one of its connections and waits for a second may wait for somebody who does the same. */
  readonly #apart: pg.Pool;
  readonly #options: ConnectionsOptions;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#pool = poolOf(options, options.size);
    this.#apart = poolOf(options, SIZE_APART);
  }

  /**
   * Lends a connection to the work, for as long as that takes.
   * @throws Error when none is free within the time, or the database can't be reached
   */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.acquire();
    try {
      return await work(connection);
    } finally {
      connection.release();
    }
  }

  /** A connection that its taker releases. @throws Error when none is free within the time, or the database can't be reached */
  async acquire(): Promise<Connection> {
    const pool = currentContext().isApart ? this.#apart : this.#pool;
    return new Connection(await pool.connect(), this.#options);
  }

  /** How many there are, how many of them are idle, and how many callers wait. */
  get counts(): { total: number; idle: number; waiting: number } {
    const [pool, apart] = [this.#pool, this.#apart];
    return {
      total: pool.totalCount + apart.totalCount,
      idle: pool.idleCount + apart.idleCount,
      waiting: pool.waitingCount + apart.waitingCount,
    };
  }

  /** Closes them once they have come back. */
  async end(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#apart.end()]);
  }
}

function poolOf({ url, acquireTimeout, onIdleError }: ConnectionsOptions, size: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    connectionTimeoutMillis: acquireTimeout,
    application_name: 'tenantry',
    keepAlive: true,
  });
  return pool.on('error', onIdleError);
}
