import { type PermissionDefinition, PermissionKey } from '../../core/access/index.ts';
import { Choice, IntegerParameter, Line, ListOf, MAXIMUM_PAGE_SIZE, PageQuery, rules } from '../../core/http/index.ts';

/** The section of the document. */
export const ROLES = [
  'Roles',
  'What may be permitted, and the roles that permit it: those of the system, and those that an organization makes for itself.',
] as const;

const roleKey = rules.text({ max: 48 });

export class PermissionsQuery extends PageQuery {
  @IntegerParameter({ min: 1, max: MAXIMUM_PAGE_SIZE, fallback: MAXIMUM_PAGE_SIZE, description: 'Rows on a page.' })
  override page_size: number = MAXIMUM_PAGE_SIZE;
}

export class PermissionResponse {
  @PermissionKey()
  key: string;

  @Line({ description: 'What it permits.', example: 'See the organization' })
  description: string;

  @Choice(['organization', 'team'], { description: '`team`: on a team, the roles that are held there count too.' })
  scope: 'organization' | 'team';

  @ListOf(roleKey, { description: 'Keys of the system roles that hold it.', example: ['owner', 'admin'] })
  system_roles: readonly string[];

  @ListOf(roleKey, { description: 'Keys of the system roles of a team that do, there.', example: ['admin'] })
  team_roles: readonly string[];
}

export function toPermission([key, definition]: readonly [string, PermissionDefinition]): PermissionResponse {
  const { description, scope, systemRoles, teamRoles } = definition;
  return { key, description, scope, system_roles: systemRoles, team_roles: teamRoles };
}
