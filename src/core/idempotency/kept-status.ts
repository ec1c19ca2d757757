import { problems } from '../http/problems.ts';
import { FIRST_SERVER_ERROR } from '../http/translation.ts';

/** What is judged anew each time: who the caller is, what they may do, how much they ask for. */
const JUDGED_ANEW: readonly number[] = [
  problems.unauthenticated.status,
  problems.permission_denied.status,
  problems.rate_limited.status,
];

/** @returns whether an answer of the status is the first one for good: it tells of the call, and does not pass by itself */
export function isKeptStatus(status: number): boolean {
  return status < FIRST_SERVER_ERROR && !JUDGED_ANEW.includes(status);
}
