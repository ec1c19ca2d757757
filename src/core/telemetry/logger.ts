import type { LoggerService } from '@nestjs/common';
import { pino, stdSerializers, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { currentContext } from '../context/context.ts';

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
    serializers: { err: stdSerializers.err },
    mixin: ambientIds,
  };
  return destination ? pino(options, destination) : pino(options);
}

function ambientIds(): object {
  const { request, scope } = currentContext();
  return {
    ...(request && { request_id: request.id }),
    ...(scope?.userId && { user_id: scope.userId }),
    ...(scope?.organizationId && { organization_id: scope.organizationId }),
  };
}

/** What `new Logger('Context')` of Nest writes to: a text, an Error, or an object whose members become those of the line. */
export class StructuredLog implements LoggerService {
  constructor(private readonly sink: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('info', message, rest);
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
    if (message instanceof Error) this.sink[level]({ ...fields, err: message }, message.message);
    else if (typeof message === 'object' && message !== null) this.sink[level]({ ...fields, ...message });
    else this.sink[level](fields, String(message));
  }
}
