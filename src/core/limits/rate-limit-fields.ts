import type { Quota } from '../../config/index.ts';

/** @returns the `RateLimit-Policy` field (draft-ietf-httpapi-ratelimit-headers): the rule */
export function policyField(name: string, { requests, seconds }: Quota): string {
  return `"${name}";q=${requests};w=${seconds}`;
}

/** @returns the `RateLimit` field of the same draft: where the caller stands */
export function standingField(name: string, available: number, seconds: number): string {
  return `"${name}";r=${available};t=${seconds}`;
}
