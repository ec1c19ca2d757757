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
