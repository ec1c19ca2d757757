import type { SystemRole, TeamRole } from './system-roles.ts';

/** Who holds a permission without a custom role. */
interface Holders {
  readonly systemRoles: readonly SystemRole[];
  readonly teamRoles: readonly TeamRole[];
}

export interface PermissionDefinition extends Holders {
  readonly description: string;
  /** `team`: on a team, roles that are held there count too. */
  readonly scope: 'organization' | 'team';
}

const EVERYBODY: Holders = { systemRoles: ['owner', 'admin', 'member'], teamRoles: ['admin', 'member', 'viewer'] };
const ADMINISTRATORS: Holders = { systemRoles: ['owner', 'admin'], teamRoles: ['admin'] };
/** What an owner alone may do is what keeps everybody else from making owners. */
const OWNER: Holders = { systemRoles: ['owner'], teamRoles: [] };

/** Every permission there is: the guard, the OpenAPI document and the tests read this one place. */
export const permissions = {
  'organization:read': inOrganization(EVERYBODY, 'See the organization'),
  'organization:update': inOrganization(ADMINISTRATORS, 'Change its name, slug and metadata'),
  'organization:delete': inOrganization(OWNER, 'Delete the organization, and have it back'),
  'organization:transfer': inOrganization(OWNER, 'Hand over its ownership'),
  'members:read': inOrganization(EVERYBODY, 'See members'),
  'members:update': inOrganization(ADMINISTRATORS, 'Change the roles of members, suspend and reactivate them'),
  'members:remove': inOrganization(ADMINISTRATORS, 'Remove members'),
  'roles:read': inOrganization(ADMINISTRATORS, 'See roles, and what members may do'),
  'roles:manage': inOrganization(ADMINISTRATORS, 'Make, change and delete roles'),
  'teams:create': inOrganization(ADMINISTRATORS, 'Make teams'),
  'teams:read': onTeam(EVERYBODY, 'See the teams that are not private, and those that one belongs to'),
  'teams:read_private': onTeam(ADMINISTRATORS, 'See private teams without belonging to them'),
  'teams:update': onTeam(ADMINISTRATORS, 'Change, move and hide teams'),
  'teams:delete': onTeam(ADMINISTRATORS, 'Delete teams, and have them back'),
  'team_members:read': onTeam(EVERYBODY, 'See who belongs to a team'),
  'team_members:manage': onTeam(ADMINISTRATORS, 'Add members to teams, change their roles there and remove them'),
  'invitations:read': inOrganization(ADMINISTRATORS, 'See invitations'),
  'invitations:create': inOrganization(ADMINISTRATORS, 'Invite people, and send invitations again'),
  'invitations:revoke': inOrganization(ADMINISTRATORS, 'Revoke invitations'),
} satisfies Record<`${string}:${string}`, PermissionDefinition>;

export type Permission = keyof typeof permissions;

function inOrganization({ systemRoles }: Holders, description: string): PermissionDefinition {
  return { description, scope: 'organization', systemRoles, teamRoles: [] };
}

function onTeam(holders: Holders, description: string): PermissionDefinition {
  return { description, scope: 'team', ...holders };
}
