export type SystemRole = 'owner' | 'admin' | 'member';

/** A system role has the same id in every organisation; `app.create_system_roles` makes them. */
export const systemRoleIds = {
  owner: '00000000-0000-7000-8000-000000000001',
  admin: '00000000-0000-7000-8000-000000000002',
  member: '00000000-0000-7000-8000-000000000003',
} as const satisfies Record<SystemRole, string>;

interface PermissionDefinition {
  readonly description: string;
  readonly scope: 'organization' | 'team';
  /** Who holds it without a custom role. */
  readonly systemRoles: readonly SystemRole[];
}

const EVERYBODY = ['owner', 'admin', 'member'] as const;
const ADMINISTRATORS = ['owner', 'admin'] as const;
/** What an owner alone may do is what keeps everybody else from making owners. */
const OWNER = ['owner'] as const;

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
} as const satisfies Record<`${string}:${string}`, PermissionDefinition>;

export type Permission = keyof typeof permissions;

export interface RoleDefinition {
  readonly key: string;
  readonly system: boolean;
  /** Of a role that the organisation has made. */
  readonly permissions: readonly string[];
}

/** @returns what a role of an organisation permits: that of a system role stands here, and in no row */
export function permissionsOf(role: RoleDefinition): readonly string[] {
  if (!role.system) return role.permissions;
  const catalogue: [string, PermissionDefinition][] = Object.entries(permissions);
  return catalogue.flatMap(([key, { systemRoles }]) => (systemRoles.some((name) => name === role.key) ? [key] : []));
}
