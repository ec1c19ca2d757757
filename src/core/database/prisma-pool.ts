import pg from 'pg';
import type { PrismaArgs } from './prisma-sealing.ts';
import { PrismaSession } from './prisma-session.ts';
import type { ResultSet } from './result-set.ts';
import type { Statement } from './statement.ts';
import type { Transaction } from './transaction.ts';

/** What the stock Prisma adapter needs of the database. */
export interface StatementRunner {
  /** In the given transaction, or else in the ambient one, where there is one. */
  run(statement: Statement, transaction?: Transaction): Promise<ResultSet>;
  /** The ambient transaction, or a new one in the ambient scope. */
  openTransaction(): { transaction: Transaction; isNew: boolean };
  /** @returns the arguments of a call, with what goes to encrypted fields sealed */
  seal(model: string, operation: string, args: PrismaArgs): Promise<PrismaArgs>;
}

/**
 * The pool that the stock adapter believes it has. It asks for a `pg.Pool` by instanceof and uses four of its methods; every
 * statement goes to the runner, which puts the ambient scope in front of it.
 */
export function prismaPool(runner: StatementRunner): pg.Pool {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- the part of a pool that the adapter asks for
  const pool: pg.Pool = Object.create(pg.Pool.prototype, {
    options: { value: {} },
    on: { value: () => pool },
    removeListener: { value: () => pool },
    query: { value: (statement: Statement) => runner.run(statement) },
    connect: { value: async () => new PrismaSession(runner) },
  });
  return pool;
}
