import { permissionsOf, systemRoleIds, teamRoleIds } from '../../core/access/index.ts';
import type { ScopedRole } from './role.ts';

interface SystemRole extends ScopedRole {
  readonly permits: ReadonlySet<string>;
}

/** What the database has no row of: what a role of the system permits. */
export const systemRoles: readonly SystemRole[] = [
  ...Object.entries(systemRoleIds).map(([key, id]) => systemRole('organization', key, id)),
  ...Object.entries(teamRoleIds).map(([key, id]) => systemRole('team', key, id)),
];

function systemRole(scope: ScopedRole['scope'], key: string, id: string): SystemRole {
  return { id, scope, permits: new Set(permissionsOf({ scope, key, system: true, permissions: [] })) };
}
