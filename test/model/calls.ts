import type { RoleScope } from './state.ts';

/** What an invitation is to be. */
export interface InvitationTerms {
  readonly as: string;
  readonly user: string;
  readonly roles: readonly string[];
  readonly teams: readonly { readonly team: string; readonly role: string }[];
}

/** Whether somebody may do something. */
export interface AccessCheck {
  readonly permission: string;
  readonly team?: string;
  readonly member?: string;
}

/** What can be called, by the names of `state.ts`; `as` is what the thing is to be called that it makes. */
interface Calls {
  'organization.update': { readonly name: string };
  'role.create': {
    readonly as: string;
    readonly key: string;
    readonly scope: RoleScope;
    readonly permissions: readonly string[];
  };
  'role.update': { readonly role: string; readonly name?: string; readonly permissions?: readonly string[] };
  'role.delete': { readonly role: string; readonly reassignTo?: string };
  'role.preview': { readonly role?: string; readonly permissions: readonly string[] };
  'member.update': {
    readonly member: string;
    readonly roles?: readonly string[];
    readonly status?: 'active' | 'suspended';
  };
  'member.remove': { readonly member: string };
  'member.leave': object;
  'invitation.create': InvitationTerms;
  'invitation.batch': { readonly invitations: readonly InvitationTerms[] };
  'invitation.resend': { readonly invitation: string };
  'invitation.revoke': { readonly invitation: string };
  'invitation.accept': { readonly invitation: string; readonly as: string };
  'team.create': { readonly as: string; readonly parent: string | null };
  'team.rename': { readonly team: string; readonly name: string };
  'team.move': { readonly team: string; readonly parent: string | null };
  'team.delete': { readonly team: string };
  'team.restore': { readonly team: string };
  'team_member.add': { readonly team: string; readonly member: string; readonly role: string };
  'team_member.update': { readonly team: string; readonly member: string; readonly role: string };
  'team_member.remove': { readonly team: string; readonly member: string };
  'transfer.propose': { readonly as: string; readonly member: string; readonly keep: string };
  'transfer.accept': { readonly offer: string };
  'transfer.cancel': { readonly offer: string };
  'access.read': object;
  'access.check': { readonly checks: readonly AccessCheck[] };
  'member_access.read': { readonly member: string };
}

export type Kind = keyof Calls;

/** A call by somebody: a user, who may be a member. */
export type Call<K extends Kind = Kind> = {
  [One in K]: { readonly kind: One; readonly by: string } & Calls[One];
}[K];

/** What is answered, as far as the contract fixes it. */
export interface Answer {
  readonly status: number;
  readonly code?: string | undefined;
  /** Of `grant_exceeds_own`, sorted. */
  readonly missing?: readonly string[] | undefined;
  /** Of `permission_denied`. */
  readonly required?: string | undefined;
  /** Of a batch: what becomes of each. */
  readonly results?: readonly Answer[] | undefined;
  /** Of what is read: what somebody may do. */
  readonly access?: unknown;
}
