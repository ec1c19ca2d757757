import pg from 'pg';
import { Problem } from '../http/problem.ts';

/** What the database says of an error, whether it came through Prisma or not. */
export interface DatabaseFault {
  readonly sqlState: string;
  readonly constraint: string | undefined;
}

/** Class 08 and 57P: the connection is lost or the server goes down; 53: it is full; 55P03, 57014: it took too long. */
const UNAVAILABLE = /^(08|53|57P|55P03|57014|40001|40P01)/;
const RETRYABLE = /^(40001|40P01)$/;
const BAD_VALUE = /^(22|23502|23503|23514)/;
const REFUSED_BY_POLICY = '42501';
const UNIQUE_VIOLATION = '23505';

/** Faults of a connection carry no code, only these words of node-postgres and of Node. */
const LOST_CONNECTION =
  /timeout exceeded when trying to connect|Connection terminated|connection timeout|not queryable|did not answer in time|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND/;

/** @returns the problem that a database's error stands for, or undefined where it is a defect of ours */
export function toProblem(error: unknown): Problem | undefined {
  const fault = databaseFault(error);
  if (!fault) return isLostConnection(error) ? new Problem('unavailable', { cause: error }) : undefined;
  if (UNAVAILABLE.test(fault.sqlState)) return new Problem('unavailable', { cause: error });
  if (fault.sqlState === UNIQUE_VIOLATION) return new Problem('already_exists', { cause: error });
  if (fault.sqlState === REFUSED_BY_POLICY) return new Problem('not_found', { cause: error });
  if (BAD_VALUE.test(fault.sqlState)) return new Problem('validation_failed', { cause: error });
  return undefined;
}

/** Row level security or a missing grant stopped a statement: a defect or an attack, never a user's mistake. */
export function isRefusedByPolicy(error: unknown): boolean {
  return databaseFault(error)?.sqlState === REFUSED_BY_POLICY;
}

/** Two transactions stood in each other's way, so that running one of them again is all that it takes. */
export function isRetryable(error: unknown): boolean {
  return RETRYABLE.test(databaseFault(error)?.sqlState ?? '');
}

/** @returns the fault, read from node-postgres's error or from what Prisma made of it */
export function databaseFault(error: unknown): DatabaseFault | undefined {
  if (error instanceof pg.DatabaseError) {
    return { sqlState: String(error.code), constraint: error.constraint };
  }
  const original =
    property(property(property(error, 'meta'), 'driverAdapterError'), 'cause') ?? property(error, 'cause');
  const sqlState = property(original, 'originalCode');
  if (typeof sqlState === 'string') {
    const index = property(property(original, 'constraint'), 'index');
    return { sqlState, constraint: typeof index === 'string' ? index : undefined };
  }
  return original === undefined ? undefined : databaseFault(original);
}

function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return LOST_CONNECTION.test(`${error.message} ${String(property(error, 'code'))}`) || isLostConnection(error.cause);
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
