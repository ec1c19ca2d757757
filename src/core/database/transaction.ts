import { currentContext, runInContext, timeLeft } from '../context/context.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { outOfTime } from './group.ts';
import { first, type ResultSet } from './result-set.ts';
import type { Scope } from './scope.ts';
import { sendInScope, sendInside } from './scoped-group.ts';
import { begin, commit, rollback, type Statement } from './statement.ts';

/** What a COMMIT is given at least once it is sent: cut in the middle, nobody would know what became of it. */
const COMMIT_GRACE_MS = 900;

/**
 * One transaction in one scope. It costs no round trip of its own: BEGIN and the entry travel with the first statement,
 * deferred statements with COMMIT. A connection is taken with the first statement, so that work before it holds none.
 */
export class Transaction {
  readonly #connections: Connections;
  #scope: Scope;
  /** What sets the scope that an open transaction has moved into; travels with the next statement. */
  #move: readonly Statement[] = [];
  /** What the next statement waits behind; travels with it. */
  #lock: Statement | undefined;
  readonly #deferred: Statement[] = [];
  #connection: Connection | undefined;
  /** `failed`: BEGIN and the entry may not have happened, so that nothing else may either. */
  #state: 'new' | 'open' | 'failed' | 'over' = 'new';
  /** Statements of one transaction go one after the other, also when the work starts them together. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(connections: Connections, scope: Scope) {
    this.#connections = connections;
    this.#scope = scope;
  }

  /** @throws Problem when the scope is refused; the database's own error when the statement fails */
  async run(statement: Statement): Promise<ResultSet> {
    const { scope } = currentContext();
    return first(
      await this.#inTurn(() => {
        // It was written for the rows of the other scope.
        if (scope !== this.#scope)
          throw new Error('the transaction has moved into the organisation that its user joins');
        return this.#send([statement]);
      }),
    );
  }

  /**
   * From here on the transaction is in the organisation that its user joins, and stays there. Costs no round trip, unless something
   * was deferred: that is of the scope before.
   * @throws Error for every other scope: a transaction stays in the one that it began in
   */
  async moveInto(scope: Scope): Promise<void> {
    await this.#inTurn(async () => {
      if (!scope.isJoinedFrom(this.#scope)) throw new Error('a transaction stays in the scope that it began in');
      if (this.#deferred.length > 0) await this.#send(this.#deferred.splice(0));
      this.#scope = scope;
      if (this.#state === 'open') this.#move = [scope.settings()];
    });
  }

  /**
   * Has the next statement go behind a lock, and behind another entry of the scope: whoever was let in before they waited may be
   * somebody else by then. Costs no round trip.
   */
  async lock(statement: Statement): Promise<void> {
    await this.#inTurn(() => {
      this.#lock = statement;
      return Promise.resolve();
    });
  }

  /** Adds a statement that nobody waits for, such as an audit event: it travels with COMMIT. */
  defer(statement: Statement): void {
    this.#deferred.push(statement);
  }

  /** @throws Error when the transaction could not be committed; then nothing of it happened, unless the connection broke */
  async commit(): Promise<void> {
    await this.#inTurn(() => this.#commit());
    this.#release();
  }

  async #commit(): Promise<void> {
    const isEmpty = this.#state === 'new' && this.#deferred.length === 0;
    const results = isEmpty ? undefined : await this.#sendCommit();
    // Whatever is in line behind this turn would run outside of the transaction.
    this.#state = 'over';
    // PostgreSQL answers a COMMIT of a failed transaction with ROLLBACK, and no error.
    if (results && results.at(-1)?.command !== 'COMMIT') {
      throw new Error('the transaction had failed and was rolled back');
    }
  }

  /** Not when the caller has to be answered now: it is told that nothing happened, and that should be so. */
  async #sendCommit(): Promise<ResultSet[]> {
    const left = timeLeft();
    if (left === 0) throw outOfTime();
    const deadline = performance.now() + Math.max(left, COMMIT_GRACE_MS);
    return runInContext({ deadline }, () => this.#send([...this.#deferred, commit]));
  }

  /** Undoes everything. Never throws: where it can't be told to the server, the connection is destroyed. */
  async rollback(): Promise<void> {
    await this.#inTurn(() => this.#rollback()).catch(() => undefined);
    this.#release();
  }

  async #rollback(): Promise<void> {
    this.#state = 'over';
    if (this.#connection?.isIdle === false) await this.#connection.send([rollback]);
  }

  async #send(statements: readonly Statement[]): Promise<ResultSet[]> {
    if (this.#state === 'over') throw new Error('a statement came after the end of its transaction: await all of it');
    if (this.#state === 'failed') throw new Error('the transaction did not begin, so it can only be undone');
    this.#connection ??= await this.#connections.acquire();
    return this.#state === 'open'
      ? this.#goOn(this.#connection, statements)
      : this.#begin(this.#connection, statements);
  }

  async #begin(connection: Connection, statements: readonly Statement[]): Promise<ResultSet[]> {
    this.#state = 'failed';
    const locked = this.#lock ? [...this.#scope.entry(true), this.#lock] : [];
    const results = await sendInScope(connection, this.#scope, statements, [begin, ...locked]);
    this.#lock = undefined;
    this.#state = 'open';
    return results;
  }

  async #goOn(connection: Connection, statements: readonly Statement[]): Promise<ResultSet[]> {
    if (connection.isIdle) throw new Error('the transaction was ended by one of its own statements');
    const ahead = this.#move;
    const results = this.#lock
      ? await sendInScope(connection, this.#scope, statements, [...ahead, this.#lock])
      : (await sendInside(connection, [...ahead, ...statements])).slice(ahead.length);
    this.#move = [];
    this.#lock = undefined;
    return results;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #release(): void {
    this.#connection?.release();
    this.#connection = undefined;
  }
}
