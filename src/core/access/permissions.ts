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
} as const satisfies Record<`${string}:${string}`, PermissionDefinition>;

export type Permission = keyof typeof permissions;
