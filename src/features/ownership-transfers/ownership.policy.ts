export const OWNER = 'owner';

/** @returns the roles, sorted, of a proposer who keeps this one in place of ownership */
export function withoutOwnership(roles: readonly string[], kept: string): string[] {
  return [...new Set([...roles, kept])].filter((key) => key !== OWNER).toSorted();
}

export function withOwnership(roles: readonly string[]): string[] {
  return [...new Set([...roles, OWNER])].toSorted();
}
