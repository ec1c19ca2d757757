import { isNativeError } from 'node:util/types';
import { HttpException } from '@nestjs/common';
import { toProblem } from '../database/faults.ts';
import { Problem } from './problem.ts';
import type { ProblemCode } from './problems.ts';

/** What Nest and Fastify refuse by status alone. */
const codesByStatus: Readonly<Record<number, ProblemCode>> = {
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  409: 'conflict',
  412: 'precondition_failed',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  422: 'validation_failed',
  429: 'rate_limited',
  431: 'headers_too_large',
  503: 'unavailable',
};

export const FIRST_CLIENT_ERROR = 400;
export const FIRST_SERVER_ERROR = 500;

/** @returns the problem that any error stands for; an unknown one is ours to mend, and tells the caller nothing */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HttpException) return problemOfStatus(error.getStatus(), error);
  if (isClientFault(error)) return problemOfStatus(error.statusCode, error);
  return toProblem(error) ?? new Problem('internal_error', { cause: error });
}

/** Fastify marks with a status what went wrong on the client's side, a body that broke off for one. */
function isClientFault(error: unknown): error is Error & { statusCode: number } {
  if (!isNativeError(error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return false;
  return error.statusCode >= FIRST_CLIENT_ERROR && error.statusCode < FIRST_SERVER_ERROR;
}

function problemOfStatus(status: number, cause: unknown): Problem {
  return new Problem(codesByStatus[status] ?? (status < FIRST_SERVER_ERROR ? 'bad_request' : 'internal_error'), {
    cause,
  });
}
