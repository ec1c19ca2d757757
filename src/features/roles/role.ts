import type { RoleFields } from './roles.policy.ts';

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
