import type { RoleFields, RoleScope } from './roles.policy.ts';

export interface Role extends RoleFields {
  readonly id: string;
  readonly organizationId: string;
  /** It is in every organisation, and nobody changes it. */
  readonly system: boolean;
  /** Counted by the database at every update. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Which it is, and where it can be held. */
export interface ScopedRole {
  readonly id: string;
  readonly scope: RoleScope;
}
