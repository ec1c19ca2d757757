import pg from 'pg';
import { timeLeft } from '../context/context.ts';
import { Group, type GroupFailure, outOfTime } from './group.ts';
import { PreparedStatements } from './prepared-statements.ts';
import type { ResultSet } from './result-set.ts';
import type { Statement } from './statement.ts';

/** A statement of a group failed; `cause` is the error, `statementIndex` its place in the group. */
export class GroupError extends Error {
  readonly statementIndex: number;
  override readonly cause: Error;

  constructor({ error, statementIndex }: GroupFailure) {
    super(error.message, { cause: error });
    this.statementIndex = statementIndex;
    this.cause = error;
  }
}

/** What became of one round trip. */
export interface RoundTrip {
  readonly statements: readonly Statement[];
  readonly milliseconds: number;
  readonly error: Error | undefined;
}

export interface ConnectionOptions {
  /** false: unnamed statements, for a transaction-mode pooler that does not follow named ones. */
  readonly named: boolean;
  /** Milliseconds that the server may take for a group; then the connection is destroyed, for its state is unknown. */
  readonly groupTimeout: number;
  readonly onRoundTrip: (roundTrip: RoundTrip) => void;
}

const preparedStatements = new WeakMap<pg.ClientBase, PreparedStatements>();

/** One connection in somebody's hands, from the pool and back. */
export class Connection {
  readonly #client: pg.PoolClient;
  readonly #options: ConnectionOptions;
  readonly #known: PreparedStatements | null;
  #broken: Error | undefined;

  constructor(client: pg.PoolClient, options: ConnectionOptions) {
    this.#client = client;
    this.#options = options;
    this.#known = options.named ? knownTo(client) : null;
    client.on('error', this.#onError);
  }

  /** A client that loses its server says so; unheard, it would end the process. */
  readonly #onError = (error: Error): void => {
    this.#broken = error;
  };

  /**
   * @returns a result for each statement; one round trip
   * @throws GroupError when one fails, which rolls back the others of the group; TypeError for a bad parameter
   */
  async send(statements: readonly Statement[]): Promise<ResultSet[]> {
    if (timeLeft() === 0) throw outOfTime();
    const start = performance.now();
    const outcome = await this.#roundTrip(statements);
    const error = outcome instanceof Group ? undefined : outcome.error;
    this.#options.onRoundTrip({ statements, milliseconds: performance.now() - start, error });
    if (outcome instanceof Group) return outcome.results;
    if (isStalePlan(error)) this.#known?.discardAll();
    throw new GroupError(outcome);
  }

  #roundTrip(statements: readonly Statement[]): Promise<Group | GroupFailure> {
    return new Promise((resolve, reject) => {
      const group: Group = new Group(statements, this.#known, (failure) => {
        clearTimeout(timer);
        resolve(failure ?? group);
      });
      const timer = setTimeout(() => group.abort(), Math.min(this.#options.groupTimeout, timeLeft()));
      try {
        this.#client.query(group);
      } catch (error) {
        // It was not sent, and the client waits for an answer that will never come.
        clearTimeout(timer);
        this.#broken = new Error('a group could not be sent', { cause: error });
        reject(this.#broken);
      }
    });
  }

  /** Not in a transaction, as far as the server has told. */
  get isIdle(): boolean {
    return this.#client.getTransactionStatus() === 'I';
  }

  /** Gives the connection back; one that is broken or in a transaction still is destroyed, for it would leak its state. */
  release(): void {
    this.#client.off('error', this.#onError);
    this.#client.release(this.#broken ?? !this.isIdle);
  }
}

function knownTo(client: pg.ClientBase): PreparedStatements {
  const known = preparedStatements.get(client) ?? new PreparedStatements();
  preparedStatements.set(client, known);
  return known;
}

/** The schema changed under a prepared statement; parsed anew, it works. */
export function isStalePlan(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '0A000' && error.routine === 'RevalidateCachedQuery';
}
