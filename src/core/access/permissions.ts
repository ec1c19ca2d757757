export type SystemRole = 'owner' | 'admin' | 'member';

interface PermissionDefinition {
  readonly description: string;
  readonly scope: 'organization' | 'team';
  /** Who holds it without a custom role. */
  readonly systemRoles: readonly SystemRole[];
}

const everybody = ['owner', 'admin', 'member'] as const;
const administrators = ['owner', 'admin'] as const;

/** Every permission there is: the guard, the OpenAPI document and the tests read this one place. */
export const permissions = {
  'organization:read': { description: 'See the organisation', scope: 'organization', systemRoles: everybody },
  'organization:update': {
    description: 'Change its name, slug and metadata',
    scope: 'organization',
    systemRoles: administrators,
  },
} as const satisfies Record<`${string}:${string}`, PermissionDefinition>;

export type Permission = keyof typeof permissions;
