import { Injectable } from '@nestjs/common';
import { currentContext, runInContext, type Context } from '../context/context.ts';
import { isStalePlan } from './connection.ts';
import { Connections } from './connections.ts';
import { isRetryable } from './faults.ts';
import type { Sender } from './key-store.ts';
import { prismaClient, type ScopedPrismaClient } from './prisma-client.ts';
import { first, type ResultSet } from './result-set.ts';
import { Scope } from './scope.ts';
import { sendInScope } from './scoped-group.ts';
import { SealedColumns } from './sealed-columns.ts';
import type { Statement } from './statement.ts';
import { Transaction } from './transaction.ts';

/** How often the work of a transaction is begun before its caller is told that the service is busy. */
const ATTEMPTS = 3;

/** The one way to the database: whatever goes through it carries the ambient scope. */
@Injectable()
export class Database {
  /** For ordinary repositories. A Prisma promise is lazy: await it where it is made, or it loses its scope. */
  readonly prisma: ScopedPrismaClient;
  readonly #connections: Connections;
  readonly #sealedColumns: SealedColumns;

  constructor(connections: Connections, sealedColumns: SealedColumns) {
    this.#connections = connections;
    this.#sealedColumns = sealedColumns;
    this.prisma = prismaClient({
      run: (statement, transaction) => this.#run(statement, transaction),
      openTransaction: () => this.#openTransaction(),
      seal: (model, operation, args) => this.#sealedColumns.sealArgs(model, operation, args, this.#sender()),
    });
  }

  /**
   * Runs one statement in the ambient scope, and in the ambient transaction where there is one: one round trip.
   * @returns its rows by column name, as the caller declares them
   * @throws Problem when the scope is refused; the database's own error when the statement fails
   */
  async query<R extends object>(statement: Statement): Promise<R[]> {
    const { rows } = await this.#run({ text: statement.text, values: statement.values });
    // SQL is untyped at this border: the repository that wrote the statement declares its row.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return rows as R[];
  }

  /**
   * As `query`, for a statement that answers with exactly one row.
   * @throws Error where it answers with none or several
   */
  async one<R extends object>(statement: Statement): Promise<R> {
    const rows = await this.query<R>(statement);
    const [row] = rows;
    if (!row || rows.length > 1) throw new Error(`a statement with one row answered ${rows.length}`);
    return row;
  }

  async #run(statement: Statement, transaction = currentContext().transaction): Promise<ResultSet> {
    if (transaction) return this.#throughSeals(statement, senderIn(transaction));
    try {
      return await this.#runAlone(statement);
    } catch (error) {
      // Nothing of the group happened, and the stale statements are forgotten.
      if (isStalePlan(error)) return this.#runAlone(statement);
      throw error;
    }
  }

  async #runAlone(statement: Statement): Promise<ResultSet> {
    const scope = ambientScope();
    return this.#connections.use((connection) =>
      this.#throughSeals(statement, {
        transaction: undefined,
        send: async (sent) => first(await sendInScope(connection, scope, [sent])),
      }),
    );
  }

  /** What goes to an encrypted column goes sealed, and what comes from one is opened. A key that is not remembered is asked for. */
  async #throughSeals(statement: Statement, sender: Sender): Promise<ResultSet> {
    const sealed = await this.#sealedColumns.seal(statement, sender);
    return this.#sealedColumns.open(await sender.send(sealed), sender);
  }

  #sender(): Sender {
    const { transaction } = currentContext();
    return transaction ? senderIn(transaction) : { transaction, send: (statement) => this.#run(statement) };
  }

  /**
   * Runs the work in one transaction of the ambient scope; inside another transaction it joins that. The work is run again
   * when it stood in another's way (serialization failure, deadlock), so it does nothing but talk to the database.
   * @throws whatever the work throws, after everything it did was undone
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (currentContext().transaction) return work();
    for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
      try {
        return await this.#attempt(work);
      } catch (error) {
        if (!isRetryable(error) && !isStalePlan(error)) throw error;
      }
    }
    return this.#attempt(work);
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    const transaction = new Transaction(this.#connections, ambientScope());
    try {
      const result = await within({ transaction }, work);
      await transaction.commit();
      return result;
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
  }

  /**
   * Runs the work in the ambient scope, and beside the ambient transaction: what it does stays done when that is undone, as a count
   * of wrong codes has to when they are refused. It must not need what the transaction has locked, for which it would wait in
   * vain, sees nothing that it has written, and is done again where the transaction is begun again.
   * @throws Error in a transaction that goes apart itself; whatever the work throws
   */
  async apart<T>(work: () => Promise<T>): Promise<T> {
    const { transaction, isApart } = currentContext();
    if (!transaction) return work();
    if (isApart) throw new Error('what goes apart has nothing that goes apart from it');
    return within({ transaction: undefined, isApart: true }, work);
  }

  #openTransaction(): { transaction: Transaction; isNew: boolean } {
    const { transaction } = currentContext();
    return transaction
      ? { transaction, isNew: false }
      : { transaction: new Transaction(this.#connections, ambientScope()), isNew: true };
  }

  /**
   * Adds a statement to the ambient transaction that travels with its COMMIT, such as an audit event.
   * @throws Error outside a transaction
   */
  defer(statement: Statement): void {
    const { transaction } = currentContext();
    if (!transaction) throw new Error('only a transaction has something to defer to');
    transaction.defer({ text: statement.text, values: statement.values });
  }

  /**
   * Has the next statement of the ambient transaction wait for a lock, and the request judged again behind it, as it was when the
   * transaction began: what has become of the caller while they waited counts. It travels with that statement.
   * @throws Error outside a transaction, whose end is what ends a lock
   */
  async lock(statement: Statement): Promise<void> {
    const { transaction } = currentContext();
    if (!transaction) throw new Error('only a transaction holds a lock');
    await transaction.lock({ text: statement.text, values: statement.values });
  }

  /**
   * Runs the work in another scope than the ambient one. A transaction moves only into the organisation that its user joins,
   * and stays there.
   * @throws Error inside a transaction, for every other scope
   */
  async inScope<T>(scope: Scope, work: () => Promise<T>): Promise<T> {
    await currentContext().transaction?.moveInto(scope);
    return within({ scope }, work);
  }

  /**
   * Runs the work in one transaction of a user's own scope. Only for code that has just proved who the user is.
   * @throws Error inside another transaction; whatever the work throws, after everything it did was undone
   */
  async inTransactionOf<T>(userId: string, work: () => Promise<T>): Promise<T> {
    return this.inScope(Scope.user(userId), () => this.transaction(work));
  }

  /**
   * Destroys the data keys of the scope's owner, which is the way to forget: what they sealed can be read by nobody again, on any
   * server within seconds. Reading it is an error of its own, `Forgotten`.
   */
  async forget(): Promise<void> {
    const keys = ambientScope().organizationId === null ? 'user_keys' : 'organization_keys';
    const text = `update ${keys} set wrapped_key = null, destroyed_at = now() where destroyed_at is null`;
    const destroyed = await this.#run({ text, values: [] });
    // One that took the place of another while this waited for that is seen by the next statement alone.
    if (destroyed.rowCount !== 0) await this.forget();
  }

  /** Enters the ambient scope with no work, for a handler that asked the database nothing. */
  async enter(): Promise<void> {
    const scope = ambientScope();
    await this.#connections.use((connection) => sendInScope(connection, scope, []));
  }
}

/** Awaits inside the context: a Prisma promise starts only when it is awaited, and would start outside. */
function within<T>(context: Context, work: () => Promise<T>): Promise<T> {
  return runInContext(context, async () => await work());
}

function senderIn(transaction: Transaction): Sender {
  return { transaction, send: (statement) => transaction.run(statement) };
}

function ambientScope(): Scope {
  const { scope } = currentContext();
  // Fail closed: there is no default whose rows a statement could see.
  if (!scope) throw new Error('no scope: a statement runs in a request, a job or Database.inScope');
  return scope;
}
