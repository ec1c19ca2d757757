import { type FieldError, Problem } from '../http/problem.ts';
import { type Permission, permissions } from './permissions.ts';
import type { SystemRole } from './system-roles.ts';

/** Sorted. */
export const everyPermission: readonly Permission[] = Object.keys(permissions).filter(isPermission).toSorted();
export const teamPermissions: readonly Permission[] = everyPermission.filter(isForTeams);

/** @returns whether the catalogue has it, letter by letter */
export function isPermission(key: string): key is Permission {
  return Object.hasOwn(permissions, key);
}

/**
 * @param pointerTo where the body has the key of an index
 * @throws Problem unknown_permission, naming each that the catalogue lacks
 */
export function refuseUnknown(keys: readonly string[], pointerTo: (index: number) => string): void {
  const errors = keys.flatMap((key, index): FieldError[] =>
    isPermission(key)
      ? []
      : [{ pointer: pointerTo(index), code: 'unknown', detail: 'is no permission of the catalogue' }],
  );
  if (errors.length > 0) throw new Problem('unknown_permission', { errors });
}

/** @returns whether roles that are held on a team can give it there */
export function isForTeams(permission: Permission): boolean {
  return permissions[permission].scope === 'team';
}

const OWNER: SystemRole = 'owner';

export interface RoleDefinition {
  readonly scope: 'organization' | 'team';
  readonly key: string;
  readonly system: boolean;
  /** Of a role that the organisation has made; of one that the catalogue lacks by now, nothing is left. */
  readonly permissions: readonly string[];
}

/** @returns what a role permits, in alphabetical order: a system role's stands in the catalogue, and in no row */
export function permissionsOf({ scope, key, system, permissions: own }: RoleDefinition): readonly Permission[] {
  const isGiven = (permission: Permission): boolean => {
    const { systemRoles, teamRoles } = permissions[permission];
    const holders: readonly string[] = scope === 'team' ? teamRoles : systemRoles;
    return system ? holders.includes(key) : own.includes(permission);
  };
  return (scope === 'team' ? teamPermissions : everyPermission).filter(isGiven);
}

/** @returns whether it is ownership, and not a role of the organisation's that permits as much */
export function isOwner({ scope, key, system }: RoleDefinition): boolean {
  return system && scope === 'organization' && key === OWNER;
}
