import type { Quota } from '../../config/index.ts';
import { Problem } from '../http/problem.ts';
import { policyField, standingField } from './rate-limit-fields.ts';

/** What is judged so often and no more. */
export interface Block extends Quota {
  /** What callers are told that is limited. */
  readonly name: string;
  readonly detail: string;
}

/**
 * @param retryAfter seconds for which nothing is judged; 0 for none
 * @throws Problem rate_limited meanwhile
 */
export function refuseWhileBlocked(block: Block, retryAfter: number): void {
  if (retryAfter === 0) return;
  const { name, detail } = block;
  throw new Problem('rate_limited', {
    detail,
    headers: {
      'retry-after': String(retryAfter),
      'ratelimit-policy': policyField(name, block),
      ratelimit: standingField(name, 0, retryAfter),
    },
  });
}
