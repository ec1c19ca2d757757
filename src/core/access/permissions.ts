export type SystemRole = 'owner' | 'admin' | 'member';
export type TeamRole = 'admin' | 'member' | 'viewer';

/** A system role has the same id in every organisation; `app.create_system_roles` makes them. */
export const systemRoleIds = {
  owner: '00000000-0000-7000-8000-000000000001',
  admin: '00000000-0000-7000-8000-000000000002',
  member: '00000000-0000-7000-8000-000000000003',
} as const satisfies Record<SystemRole, string>;

/** Those that are held on a team, and count on whatever is beneath it. */
export const teamRoleIds = {
  admin: '00000000-0000-7000-8000-000000000011',
  member: '00000000-0000-7000-8000-000000000012',
  viewer: '00000000-0000-7000-8000-000000000013',
} as const satisfies Record<TeamRole, string>;

interface PermissionDefinition {
  readonly description: string;
  /** `team`: on a team, roles that are held there count too. */
  readonly scope: 'organization' | 'team';
  /** Who holds it without a custom role. */
  readonly systemRoles: readonly SystemRole[];
  readonly teamRoles?: readonly TeamRole[];
}

const EVERYBODY = ['owner', 'admin', 'member'] as const;
const ADMINISTRATORS = ['owner', 'admin'] as const;
/** What an owner alone may do is what keeps everybody else from making owners. */
const OWNER = ['owner'] as const;
const EVERYBODY_THERE = ['admin', 'member', 'viewer'] as const;
const ADMINISTRATORS_THERE = ['admin'] as const;

/** Every permission there is: the guard, the OpenAPI document and the tests read this one place. */
export const permissions = {
  'organization:read': { description: 'See the organisation', scope: 'organization', systemRoles: EVERYBODY },
  'organization:update': {
    description: 'Change its name, slug and metadata',
    scope: 'organization',
    systemRoles: ADMINISTRATORS,
  },
  'organization:delete': {
    description: 'Delete the organisation, and have it back',
    scope: 'organization',
    systemRoles: OWNER,
  },
  'organization:transfer': { description: 'Hand over its ownership', scope: 'organization', systemRoles: OWNER },
  'members:read': { description: 'See members', scope: 'organization', systemRoles: EVERYBODY },
  'members:update': {
    description: 'Change the roles of members, suspend and reactivate them',
    scope: 'organization',
    systemRoles: ADMINISTRATORS,
  },
  'members:remove': { description: 'Remove members', scope: 'organization', systemRoles: ADMINISTRATORS },
  'teams:create': { description: 'Make teams', scope: 'organization', systemRoles: ADMINISTRATORS },
  'teams:read': {
    description: 'See the teams that are not private, and those that one belongs to',
    scope: 'team',
    systemRoles: EVERYBODY,
    teamRoles: EVERYBODY_THERE,
  },
  'teams:read_private': {
    description: 'See private teams without belonging to them',
    scope: 'team',
    systemRoles: ADMINISTRATORS,
    teamRoles: ADMINISTRATORS_THERE,
  },
  'teams:update': {
    description: 'Change, move and hide teams',
    scope: 'team',
    systemRoles: ADMINISTRATORS,
    teamRoles: ADMINISTRATORS_THERE,
  },
  'teams:delete': {
    description: 'Delete teams, and have them back',
    scope: 'team',
    systemRoles: ADMINISTRATORS,
    teamRoles: ADMINISTRATORS_THERE,
  },
  'team_members:read': {
    description: 'See who belongs to a team',
    scope: 'team',
    systemRoles: EVERYBODY,
    teamRoles: EVERYBODY_THERE,
  },
  'team_members:manage': {
    description: 'Add members to teams, change their roles there and remove them',
    scope: 'team',
    systemRoles: ADMINISTRATORS,
    teamRoles: ADMINISTRATORS_THERE,
  },
  'invitations:read': { description: 'See invitations', scope: 'organization', systemRoles: ADMINISTRATORS },
  'invitations:create': {
    description: 'Invite people, and send invitations again',
    scope: 'organization',
    systemRoles: ADMINISTRATORS,
  },
  'invitations:revoke': { description: 'Revoke invitations', scope: 'organization', systemRoles: ADMINISTRATORS },
} as const satisfies Record<`${string}:${string}`, PermissionDefinition>;

export type Permission = keyof typeof permissions;

export interface RoleDefinition {
  readonly scope: 'organization' | 'team';
  readonly key: string;
  readonly system: boolean;
  /** Of a role that the organisation has made. */
  readonly permissions: readonly string[];
}

const catalogue: readonly [string, PermissionDefinition][] = Object.entries(permissions);

/** @returns the system roles that hold the permission: those of an organisation, and those of a team */
export function systemHolders(permission: Permission): {
  readonly systemRoles: readonly string[];
  readonly teamRoles: readonly string[];
} {
  const { systemRoles, teamRoles = [] }: PermissionDefinition = permissions[permission];
  return { systemRoles, teamRoles };
}

/** @returns what a role permits: that of a system role stands here, and in no row */
export function permissionsOf(role: RoleDefinition): readonly string[] {
  if (!role.system) return role.permissions;
  return catalogue.flatMap(([key, { systemRoles, teamRoles = [] }]) => {
    const holders: readonly string[] = role.scope === 'team' ? teamRoles : systemRoles;
    return holders.includes(role.key) ? [key] : [];
  });
}
