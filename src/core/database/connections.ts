import pg from 'pg';
import { Connection, type ConnectionOptions } from './connection.ts';

export interface ConnectionsOptions extends ConnectionOptions {
  readonly url: string;
  /** The most connections that this process opens. */
  readonly size: number;
  /** Milliseconds that a caller waits for a free connection before it is told that the service is busy. */
  readonly acquireTimeout: number;
  /** An idle connection was lost; it is replaced when it is needed. */
  readonly onIdleError: (error: Error) => void;
}

/** The process's connections to the database, as the server's role. */
export class Connections {
  readonly #pool: pg.Pool;
  readonly #options: ConnectionsOptions;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#pool = new pg.Pool({
      connectionString: options.url,
      max: options.size,
      connectionTimeoutMillis: options.acquireTimeout,
      application_name: 'tenantry',
      keepAlive: true,
    });
    this.#pool.on('error', options.onIdleError);
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
    return new Connection(await this.#pool.connect(), this.#options);
  }

  /** How many there are, how many of them are idle, and how many callers wait. */
  get counts(): { total: number; idle: number; waiting: number } {
    return { total: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#pool.waitingCount };
  }

  /** Closes them once they have come back. */
  async end(): Promise<void> {
    await this.#pool.end();
  }
}
