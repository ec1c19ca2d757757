import type { FastifyRequest } from 'fastify';
import { pathOf } from '../http/problem-answer.ts';
import { Problem } from '../http/problem.ts';
import { isObject } from '../http/rules.ts';

export const IDEMPOTENCY_KEY_HEADER = 'Idempotency-Key';
export const LONGEST_KEY = 255;

/** Printable ASCII. */
export const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,255}$/;

/** A call that is to have one effect, however often it is sent. */
export interface IdempotentCall {
  /** Which call it is: the same key of another caller, or on another path, is another call. */
  readonly name: string;
  /** What was sent, the same whatever the order of its members. */
  readonly content: string;
}

export function hasIdempotencyKey(request: FastifyRequest): boolean {
  return keysOf(request).length > 0;
}

/** @returns undefined where the key is malformed, or there are several */
export function idempotentCallOf(request: FastifyRequest): IdempotentCall | undefined {
  const [key = '', ...others] = keysOf(request);
  if (others.length > 0 || !IDEMPOTENCY_KEY.test(key)) return undefined;
  return {
    name: JSON.stringify([request.scope?.userId, pathOf(request), key]),
    content: JSON.stringify([request.query, request.body], inOrder),
  };
}

/** Node would put several together to what looks like one. */
function keysOf({ raw }: FastifyRequest): readonly string[] {
  return raw.headersDistinct[IDEMPOTENCY_KEY_HEADER.toLowerCase()] ?? [];
}

export function malformedKey(): Problem {
  const detail = `must be sent once, as 1 to ${LONGEST_KEY} printable ASCII characters`;
  return new Problem('bad_request', {
    detail: `The ${IDEMPOTENCY_KEY_HEADER} header ${detail}.`,
    errors: [{ parameter: IDEMPOTENCY_KEY_HEADER, code: 'pattern', detail }],
  });
}

/** JSON.stringify's `replacer`: a client may write the same object in another order when it tries again. */
function inOrder(_name: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
