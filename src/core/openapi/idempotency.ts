import { REFUSAL } from '../http/problem.dto.ts';
import { text } from '../http/rules.ts';
import { IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_HEADER, LONGEST_KEY } from '../idempotency/idempotent-call.ts';
import { SINGLE_USE_KEY } from '../idempotency/single-use.decorator.ts';
import type { Operation, Parameter, PlacedOperation } from './types.ts';

const idempotencyKey: Parameter = {
  name: IDEMPOTENCY_KEY_HEADER,
  in: 'header',
  required: false,
  description:
    'Chosen by you, one for each call: sent again within 24 hours, with the same key and body, the call has no second effect and gets its first answer again.',
  schema: { ...text({ pattern: IDEMPOTENCY_KEY, min: 1, max: LONGEST_KEY }).schema },
  // No example: Swagger UI would fill it in, and two requests with one key pass for one.
};

/** @returns the operation with its key, where it takes one: a POST of somebody who is known, unless it is `@SingleUse` */
export function withIdempotency({ operation, method }: PlacedOperation): Operation {
  if (method !== 'post' || 'x-public' in operation || SINGLE_USE_KEY in operation) return operation;
  return {
    ...operation,
    parameters: [...(operation.parameters ?? []), idempotencyKey],
    [`${REFUSAL}idempotency_in_progress`]: true,
    [`${REFUSAL}idempotency_key_reused`]: true,
  };
}
