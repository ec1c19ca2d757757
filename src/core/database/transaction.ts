import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { first, type ResultSet } from './result-set.ts';
import type { Scope } from './scope.ts';
import { sendInScope, sendInside } from './scoped-group.ts';
import { begin, commit, rollback, type Statement } from './statement.ts';

/**
 * One transaction in one scope. It costs no round trip of its own: BEGIN and the entry travel with the first statement,
 * deferred statements with COMMIT. A connection is taken with the first statement, so that work before it holds none.
 */
export class Transaction {
  readonly scope: Scope;
  readonly #connections: Connections;
  readonly #deferred: Statement[] = [];
  #connection: Connection | undefined;
  #begun = false;
  #ended = false;
  /** Statements of one transaction go one after the other, also when the work starts them together. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(connections: Connections, scope: Scope) {
    this.#connections = connections;
    this.scope = scope;
  }

  /** @throws Problem when the scope is refused; the database's own error when the statement fails */
  async run(statement: Statement): Promise<ResultSet> {
    return first(await this.#inTurn(() => this.#send([statement])));
  }

  /** Adds a statement that nobody waits for, such as an audit event: it travels with COMMIT. */
  defer(statement: Statement): void {
    this.#deferred.push(statement);
  }

  /** @throws Error when the transaction could not be committed; then nothing of it happened, unless the connection broke */
  async commit(): Promise<void> {
    await this.#inTurn(() => this.#commit());
    this.#end();
  }

  async #commit(): Promise<void> {
    if (!this.#begun && this.#deferred.length === 0) return;
    const results = await this.#send([...this.#deferred, commit]);
    // PostgreSQL answers a COMMIT of a failed transaction with ROLLBACK, and no error.
    if (results.at(-1)?.command !== 'COMMIT') throw new Error('the transaction had failed and was rolled back');
  }

  /** Undoes everything. Never throws: where it can't be told to the server, the connection is destroyed. */
  async rollback(): Promise<void> {
    await this.#inTurn(() => this.#rollback()).catch(() => undefined);
    this.#end();
  }

  async #rollback(): Promise<void> {
    if (this.#begun) await this.#connection?.send([rollback]);
  }

  async #send(statements: readonly Statement[]): Promise<ResultSet[]> {
    if (this.#ended) throw new Error('a statement came after the end of its transaction: await everything in it');
    this.#connection ??= await this.#connections.acquire();
    if (this.#begun) return sendInside(this.#connection, statements);
    this.#begun = true;
    return sendInScope(this.#connection, this.scope, statements, [begin]);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #end(): void {
    this.#ended = true;
    this.#connection?.release();
    this.#connection = undefined;
  }
}
