import type { StatementRunner } from './prisma-pool.ts';
import { ResultSet } from './result-set.ts';
import type { Statement } from './statement.ts';
import type { Transaction } from './transaction.ts';

/**
 * What the Prisma adapter takes for a client when Prisma wants a transaction of its own (a nested write). Inside an ambient
 * transaction it is a savepoint, so that a write is never half in it; otherwise a transaction in the ambient scope.
 */
export class PrismaSession {
  readonly #runner: StatementRunner;
  readonly #transaction: Transaction;
  readonly #isNew: boolean;

  constructor(runner: StatementRunner) {
    const { transaction, isNew } = runner.openTransaction();
    this.#runner = runner;
    this.#transaction = transaction;
    this.#isNew = isNew;
  }

  async query(statement: Statement): Promise<ResultSet> {
    const control = this.#control(statement.text);
    if (!control) return this.#runner.run(statement, this.#transaction);
    await control();
    return new ResultSet(statement, []);
  }

  #control(text: string): (() => Promise<unknown>) | undefined {
    const transaction = this.#transaction;
    // Savepoints nest: one name means the latest of it, and is one statement to prepare.
    const savepoint = (verb: string) => () => transaction.run({ text: `${verb} prisma`, values: [] });
    switch (text) {
      case 'BEGIN':
        // A transaction of its own begins with its first statement.
        return this.#isNew ? async () => undefined : savepoint('savepoint');
      case 'COMMIT':
        return this.#isNew ? () => transaction.commit() : savepoint('release savepoint');
      case 'ROLLBACK':
        return this.#isNew ? () => transaction.rollback() : savepoint('rollback to savepoint');
    }
    if (text.startsWith('SET TRANSACTION')) throw new Error("the isolation level is the scope's: read committed");
    return undefined;
  }

  on(): this {
    return this;
  }

  removeListener(): this {
    return this;
  }

  /** What was neither committed nor undone, as when the COMMIT failed, is undone: its connection has to come back. */
  release(): void {
    if (this.#isNew) void this.#transaction.rollback();
  }
}
