export type MemberStatus = 'active' | 'suspended' | 'removed';

/** What can change of a member. */
export interface Membership {
  /** Keys, sorted; of who has left, none. */
  readonly roles: readonly string[];
  readonly status: MemberStatus;
}

/** A person in the organisation of the scope. */
export interface Member extends Membership {
  readonly id: string;
  readonly organizationId: string;
  readonly userId: string;
  readonly name: string;
  /** null: of a deleted account. */
  readonly email: string | null;
  readonly avatarUrl: string | null;
  /** Counted by the database when the membership changes; not when its person does. */
  readonly version: number;
  readonly joinedAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
