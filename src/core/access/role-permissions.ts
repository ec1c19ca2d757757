import { type Permission, permissions } from './permissions.ts';

/** In the order of the alphabet. */
export const everyPermission: readonly Permission[] = Object.keys(permissions).filter(isPermission).toSorted();

/** @returns whether the catalogue has it, letter by letter */
export function isPermission(key: string): key is Permission {
  return Object.hasOwn(permissions, key);
}

/** @returns whether roles that are held on a team can give it there */
export function isForTeams(permission: Permission): boolean {
  return permissions[permission].scope === 'team';
}

export interface RoleDefinition {
  readonly scope: 'organization' | 'team';
  readonly key: string;
  readonly system: boolean;
  /** Of a role that the organisation has made; of one that the catalogue lacks by now, nothing is left. */
  readonly permissions: readonly string[];
}

/** @returns what a role permits: that of a system role stands in the catalogue, and in no row */
export function permissionsOf(role: RoleDefinition): readonly string[] {
  if (!role.system) return role.permissions.filter(isPermission);
  return Object.entries(permissions).flatMap(([key, { systemRoles, teamRoles }]) => {
    const holders: readonly string[] = role.scope === 'team' ? teamRoles : systemRoles;
    return holders.includes(role.key) ? [key] : [];
  });
}
