import {
  Choice,
  EmailAddress,
  Identifier,
  Line,
  ListOf,
  Nested,
  PageQuery,
  rules,
  SortParameter,
  Text,
  Timestamp,
} from '../../core/http/index.ts';
import { CookieSessionResponse, LONGEST_PASSWORD, TOKEN, TokenPairResponse } from '../auth/index.ts';
import { LONGEST_PERSON_NAME } from '../users/index.ts';
import type { FoundInvitation, OwnInvitation } from './acceptance.repository.ts';
import type { NewMembership } from './joining.service.ts';

const ROLES = { description: 'Keys of the roles to be held.', example: ['member'] };

export class InvitationTokenRequest {
  @Text({ ...TOKEN, description: 'From the link.' })
  token: string;
}

export class AcceptanceRequest extends InvitationTokenRequest {
  @Line({
    max: LONGEST_PERSON_NAME,
    optional: true,
    description: 'Of a new user, who has to give it. That of a user is never changed, and what is sent is not judged.',
    example: 'Ada Lovelace',
  })
  name?: string;

  @Text({
    max: LONGEST_PASSWORD,
    optional: true,
    description: 'Of a new user; may be left out. That of a user is never changed, and what is sent is not judged.',
    example: 'correct horse battery staple',
  })
  password?: string;
}

class InvitingOrganizationResponse {
  @Identifier()
  id: string;

  @Line({ example: 'Acme' })
  name: string;

  @Text({ example: 'acme' })
  slug: string;
}

/** What whoever has the token is told. */
export class InvitationSummaryResponse {
  @Nested(() => InvitingOrganizationResponse)
  organization: InvitingOrganizationResponse;

  @EmailAddress({ description: 'Who is invited.', example: 'grace@example.com' })
  email: string;

  @ListOf(rules.text(), ROLES)
  roles: readonly string[];

  @Line({ example: 'Ada' })
  inviter_name: string;

  @Timestamp()
  expires_at: string;
}

export class OwnInvitationResponse extends InvitationSummaryResponse {
  @Identifier()
  id: string;

  @Text({ nullable: true, description: 'Of whoever has invited you.', example: null })
  message: string | null;

  @Timestamp()
  created_at: string;
}

export class OwnInvitationsQuery extends PageQuery {
  @SortParameter(['created_at'])
  sort: string[] = ['-created_at'];
}

class NewMembershipResponse {
  @Identifier({ description: 'Your member id.' })
  id: string;

  @Identifier()
  organization_id: string;

  @ListOf(rules.text(), ROLES)
  roles: readonly string[];

  @Choice(['active'])
  status: string;
}

export class AcceptanceResponse {
  @Nested(() => NewMembershipResponse)
  membership: NewMembershipResponse;
}

/** Of a new user, whom accepting has signed in. */
export class AcceptedByNewUserResponse extends TokenPairResponse {
  @Nested(() => NewMembershipResponse)
  membership: NewMembershipResponse;
}

/** The same, where cookies hold the tokens. */
export class AcceptedByCookieResponse extends CookieSessionResponse {
  @Nested(() => NewMembershipResponse)
  membership: NewMembershipResponse;
}

export function toSummary(invitation: FoundInvitation | OwnInvitation): InvitationSummaryResponse {
  const { organizationId, organizationName, organizationSlug, email, roles, inviterName, expiresAt } = invitation;
  return {
    organization: { id: organizationId, name: organizationName, slug: organizationSlug },
    email,
    roles,
    inviter_name: inviterName,
    expires_at: expiresAt.toISOString(),
  };
}

export function toOwnInvitation(invitation: OwnInvitation): OwnInvitationResponse {
  const { id, message, createdAt } = invitation;
  const summary: Omit<OwnInvitationResponse, 'id' | 'message' | 'created_at'> = toSummary(invitation);
  return { id, ...summary, message, created_at: createdAt.toISOString() };
}

/** @param session the body of the answer to a sign-in, where it was one */
export function toAcceptance({ id, organizationId, roles }: NewMembership, session: object = {}): AcceptanceResponse {
  return { membership: { id, organization_id: organizationId, roles, status: 'active' }, ...session };
}
