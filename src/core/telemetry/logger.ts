import type { LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { currentContext } from '../context/context.ts';
import { databaseFault } from '../database/faults.ts';

/**
 * One JSON object a line, to standard output; each carries the ids of the request that it belongs to and nothing else of
 * the caller. What is logged by others must hold no personal data and no secrets: ids, codes and durations only.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: serializeError },
    mixin: ambientIds,
  };
  return destination ? pino(options, destination) : pino(options);
}

/**
 * Not every member of an error. The database's own words quote rows (a duplicate address, say), and Prisma's quote what was
 * asked: of both only codes and names are kept, and of a stack its frames.
 */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack, cause } = error;
  const fault = databaseFault(error);
  const quotes = fault !== undefined || name.startsWith('Prisma');
  return {
    type: name,
    ...(quotes ? { sql_state: fault?.sqlState, constraint: fault?.constraint } : { message }),
    ...('code' in error && { code: error.code }),
    stack: stack?.split('\n').filter((line) => line.startsWith('    at ')),
    ...(cause !== undefined && { cause: serializeError(cause) }),
  };
}

function ambientIds(): object {
  const { request, scope } = currentContext();
  return {
    ...(request && { request_id: request.id }),
    ...(scope?.userId && { user_id: scope.userId }),
    ...(scope?.organizationId && { organization_id: scope.organizationId }),
  };
}

const NEST_LOGGERS = new Set<unknown>([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** What `new Logger('Context')` of Nest writes to: a text, an Error, or an object whose members become those of the line. */
export class StructuredLog implements LoggerService {
  constructor(private readonly sink: Logger) {}

  /** What Nest tells of its own start is of use to whoever debugs that. */
  log(message: unknown, ...rest: unknown[]): void {
    this.#write(NEST_LOGGERS.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  /** Nest passes the logger's name last, and a stack before it for an error. */
  #write(level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace', message: unknown, rest: unknown[]): void {
    const context = rest.at(-1);
    const stack = rest.slice(0, -1).find((value) => typeof value === 'string');
    const fields = { ...(typeof context === 'string' && { context }), ...(stack !== undefined && { stack }) };
    // A line of its own words: pino would take the error's.
    if (message instanceof Error) this.sink[level]({ ...fields, err: message }, 'error');
    else if (typeof message === 'object' && message !== null) this.sink[level]({ ...fields, ...message });
    else this.sink[level](fields, String(message));
  }
}
