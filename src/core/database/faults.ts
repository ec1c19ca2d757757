import pg from 'pg';
import { type FieldError, Problem } from '../http/problem.ts';

/** What the database says of an error, whether it came through Prisma or not. */
export interface DatabaseFault {
  readonly sqlState: string;
  readonly constraint: string | undefined;
  /** The table that has the constraint. */
  readonly table: string | undefined;
  /** Of a foreign key: the row that others point at was to go, or to be called something else. */
  readonly isPointedAt: boolean;
}

/**
 * Class 08 and 57P: the connection is lost or the server goes down; 53: it is full; 25006: it only reads, as after a failover;
 * 25P03, 25P04, 55P03, 57014: it took too long; 40001, 40P01: it was in another's way.
 */
const UNAVAILABLE = /^(08|53|57P|25006|25P03|25P04|55P03|57014|40001|40P01)/;
const RETRYABLE = /^(40001|40P01)$/;
const BAD_VALUE = /^(22|23502|23503|23514)/;
const REFUSED_BY_POLICY = '42501';
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
/** Raised by `app.keep_owner`. */
const LAST_OWNER = 'TN409';
/** Only the message tells the two ends of a foreign key apart. */
const POINTED_AT = /^update or delete on table/;
/** A row that others point at was to go, or two may not overlap. */
const CONFLICT = /^(23001|23P01)$/;

/** Faults of a connection carry no code, only these words of node-postgres and of Node. */
const LOST_CONNECTION =
  /timeout exceeded when trying to connect|Connection terminated|connection timeout|not queryable|did not answer in time|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND/;

/** @returns the problem that a database's error stands for, or undefined where it is a defect of ours */
export function toProblem(error: unknown): Problem | undefined {
  const fault = databaseFault(error);
  if (!fault) return isLostConnection(error) ? new Problem('unavailable', { cause: error }) : undefined;
  const { sqlState } = fault;
  if (UNAVAILABLE.test(sqlState)) return new Problem('unavailable', { cause: error });
  if (sqlState === UNIQUE_VIOLATION) return new Problem('already_exists', { cause: error, ...told(fault, taken) });
  if (sqlState === REFUSED_BY_POLICY) return new Problem('not_found', { cause: error });
  if (sqlState === LAST_OWNER) return new Problem('last_owner', { cause: error });
  if (fault.isPointedAt || CONFLICT.test(sqlState)) return new Problem('conflict', { cause: error });
  if (!BAD_VALUE.test(sqlState)) return undefined;
  const what = sqlState === FOREIGN_KEY_VIOLATION ? unknown : refused;
  return new Problem('validation_failed', { cause: error, detail: REFUSED_DETAIL, ...told(fault, what) });
}

const REFUSED_DETAIL = 'The database does not take a value of this request. Correct it.';
const taken = { code: 'taken', detail: 'is taken' } as const;
const unknown = { code: 'unknown', detail: 'is not there' } as const;
const refused = { code: 'refused', detail: 'is not taken' } as const;

/** What the field is called on the wire is what its column is called: a constraint that names one says which it is. */
function told(fault: DatabaseFault, what: Pick<FieldError, 'code' | 'detail'>): { errors?: readonly FieldError[] } {
  const field = fieldOf(fault);
  return field === undefined ? {} : { errors: [{ pointer: `/${field}`, ...what }] };
}

/**
 * PostgreSQL keeps the columns to itself where a table has row level security, and tells the constraint's name: by its own
 * rule, and ours, the table, the columns and the kind. The organisation, which leads every key, is nobody's to choose.
 */
function fieldOf({ table, constraint = '' }: DatabaseFault): string | undefined {
  const columns = constraint.startsWith(`${table}_`)
    ? constraint.slice(`${table}_`.length)
    : /organization_id_.*$/.exec(constraint)?.[0]; // Prisma does not tell every constraint's table.
  return /^(?:organization_id_)?(\w+?)_(?:key|fkey|check)\d*$/.exec(columns ?? '')?.[1];
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
    return faultOf(String(error.code), error.message, error.constraint, error.table);
  }
  const original =
    property(property(property(error, 'meta'), 'driverAdapterError'), 'cause') ?? property(error, 'cause');
  const sqlState = property(original, 'originalCode');
  if (typeof sqlState === 'string') {
    const constraint = property(property(original, 'constraint'), 'index');
    return faultOf(sqlState, property(original, 'originalMessage'), constraint, property(original, 'table'));
  }
  return original === undefined ? undefined : databaseFault(original);
}

function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return LOST_CONNECTION.test(`${error.message} ${String(property(error, 'code'))}`) || isLostConnection(error.cause);
}

function faultOf(sqlState: string, message: unknown, constraint: unknown, table: unknown): DatabaseFault {
  const isPointedAt = sqlState === FOREIGN_KEY_VIOLATION && POINTED_AT.test(String(message));
  return { sqlState, constraint: text(constraint), table: text(table), isPointedAt };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
