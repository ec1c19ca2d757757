import {
  Choice,
  EmailAddress,
  field,
  Identifier,
  Line,
  ListOf,
  ListParameter,
  Nested,
  PageQuery,
  rules,
  SearchParameter,
  selectionOf,
  SortParameter,
  Text,
  Timestamp,
} from '../../core/http/index.ts';
import { roleKey } from '../members/index.ts';
import type { InvitationStatus } from './invitation-status.ts';
import type { Invitation, InvitationsFilter } from './invitations.repository.ts';

/** The section of the document. */
export const INVITATIONS = ['Invitations', 'Who is asked to join an organization, and as what.'] as const;

const STATUSES: readonly InvitationStatus[] = ['pending', 'accepted', 'declined', 'revoked', 'expired'];
export const LONGEST_MESSAGE = 500;

/** More than anybody needs. */
export const MOST_TEAMS = 50;
export class InvitedTeam {
  @Identifier()
  team_id: string;

  @field(roleKey, { description: 'The key of a team role.', example: 'member' })
  role: string;
}

export class InvitationsQuery extends PageQuery {
  @SearchParameter('address')
  q?: string;

  @ListParameter(rules.choice(STATUSES), { description: 'Any of these; all, unless given.' })
  status?: InvitationStatus[];

  @SortParameter(['created_at', 'email'])
  sort: string[] = ['-created_at'];
}

class InviterResponse {
  @Identifier()
  member_id: string;

  @Line({ example: 'Ada' })
  name: string;
}

export class InvitationResponse {
  @Identifier()
  id: string;

  @Identifier()
  organization_id: string;

  @EmailAddress({ nullable: true, description: 'null: the account was deleted.', example: 'grace@example.com' })
  email: string | null;

  @ListOf(roleKey, { description: 'Keys of roles.', example: ['member'] })
  roles: readonly string[];

  @ListOf(() => InvitedTeam, { max: MOST_TEAMS, description: 'Those that you see.' })
  teams: InvitedTeam[];

  @Choice(STATUSES, { description: 'One that is pending expires by itself.' })
  status: string;

  @Nested(() => InviterResponse)
  inviter: InviterResponse;

  @Text({ nullable: true, max: LONGEST_MESSAGE, example: null })
  message: string | null;

  @Identifier({ nullable: true, description: 'The member that it has made, once it is accepted.', example: null })
  member_id: string | null;

  @Timestamp()
  expires_at: string;

  @Timestamp()
  created_at: string;

  @Timestamp()
  updated_at: string;
}

/** @throws Problem page_too_deep, validation_failed for a page and a cursor together */
export function toFilter(query: InvitationsQuery): InvitationsFilter {
  const { q, status: statuses } = query;
  return { q, statuses, selection: selectionOf(query) };
}

export function toInvitation(invitation: Invitation): InvitationResponse {
  const { id, organizationId, email, roles, status, inviterId, inviterName, message, memberId } = invitation;
  const { teams, expiresAt, createdAt, updatedAt } = invitation;
  return {
    id,
    organization_id: organizationId,
    email,
    roles,
    teams: teams.map(({ teamId, role }) => ({ team_id: teamId, role })),
    status,
    inviter: { member_id: inviterId, name: inviterName },
    message,
    member_id: memberId,
    expires_at: expiresAt.toISOString(),
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}
