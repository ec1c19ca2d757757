import { GroupError, type Connection } from './connection.ts';
import type { ResultSet } from './result-set.ts';
import type { Scope } from './scope.ts';
import type { Statement } from './statement.ts';

/**
 * Sends work behind the entry of its scope, in one round trip: where the entry is refused, none of the work happens.
 * @param head what goes before the entry, where access is judged anew: `begin` at the start of a transaction, or a lock; otherwise nothing
 * @returns a result for each statement of the work
 * @throws Problem when the entry is refused; the database's own error when a statement fails
 */
export async function sendInScope(
  connection: Connection,
  scope: Scope,
  work: readonly Statement[],
  head: readonly Statement[] = [],
): Promise<ResultSet[]> {
  const entry = scope.entry(head.length > 0);
  const ahead = [...head, ...entry];
  const results = await sendAhead(connection, scope, ahead, work);
  scope.admit(results[head.length]?.rows[0]);
  return results.slice(ahead.length);
}

async function sendAhead(
  connection: Connection,
  scope: Scope,
  ahead: readonly Statement[],
  work: readonly Statement[],
): Promise<ResultSet[]> {
  try {
    return await connection.send([...ahead, ...work]);
  } catch (error) {
    const refused = error instanceof GroupError && error.statementIndex < ahead.length;
    throw (refused ? scope.refuse(error.cause) : undefined) ?? causeOf(error);
  }
}

/** Sends work inside a transaction whose scope has been entered. */
export async function sendInside(connection: Connection, work: readonly Statement[]): Promise<ResultSet[]> {
  try {
    return await connection.send(work);
  } catch (error) {
    throw causeOf(error);
  }
}

/** Callers, the Prisma adapter among them, know the database's own errors. */
function causeOf(error: unknown): unknown {
  return error instanceof GroupError ? error.cause : error;
}
