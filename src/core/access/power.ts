import { type Permission, permissionsOf, type RoleDefinition } from './permissions.ts';

/**
 * The grant rule, of somebody whose power is known and who is not the caller: as when what they gave comes about in their absence.
 * @param permission that it takes to give the roles
 * @returns whether whoever holds these roles may give those
 */
export function mayGive(
  held: readonly RoleDefinition[],
  permission: Permission,
  given: readonly RoleDefinition[],
): boolean {
  const own = new Set(held.flatMap(permissionsOf));
  return own.has(permission) && given.flatMap(permissionsOf).every((needed) => own.has(needed));
}
