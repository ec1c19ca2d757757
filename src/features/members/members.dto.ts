import {
  Choice,
  demo,
  EmailAddress,
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
import type { Member, MemberStatus } from './member.ts';
import type { MembersFilter } from './members.repository.ts';
import type { MembershipChanges } from './memberships.service.ts';

const STATUSES: readonly MemberStatus[] = ['active', 'suspended', 'removed'];
const LONGEST_ROLE_KEY = 48;

/** More than anybody needs. */
export const MOST_ROLES = 50;

export const roleKey = rules.text({ max: LONGEST_ROLE_KEY });

export class MembersQuery extends PageQuery {
  @SearchParameter('name or address')
  q?: string;

  @ListParameter(roleKey, { description: 'Members who hold any of these roles.' })
  role?: string[];

  @ListParameter(rules.choice(STATUSES), { description: 'Active and suspended ones, unless given.' })
  status?: MemberStatus[];

  @ListParameter(rules.identifier(), {
    description: 'Members of any of these teams; of one that you may not see, nobody.',
  })
  team_id?: string[];

  @SortParameter(['name', 'email', 'joined_at'])
  sort: string[] = ['name'];
}

export class MemberPatch {
  @ListOf(roleKey, {
    optional: true,
    min: 1,
    max: MOST_ROLES,
    unique: true,
    description: 'Keys of all roles that the member is to hold.',
    example: [demo.owner.role],
  })
  roles?: string[];

  @Choice(['active', 'suspended'], { optional: true, description: 'Who is suspended keeps their roles.' })
  status?: 'active' | 'suspended';
}

class MemberUserResponse {
  @Identifier()
  id: string;

  @EmailAddress({ nullable: true, description: 'null: the account was deleted.', example: 'ada@example.com' })
  email: string | null;

  @Line({ example: 'Ada' })
  name: string;

  @Text({ nullable: true, description: 'The address of a picture.', example: null })
  avatar_url: string | null;
}

export class MemberResponse {
  @Identifier()
  id: string;

  @Identifier()
  organization_id: string;

  @Nested(() => MemberUserResponse, { description: 'Of somebody who has left, as they were then.' })
  user: MemberUserResponse;

  @ListOf(roleKey, { description: 'Keys of roles. Who has left has none.', example: ['member'] })
  roles: readonly string[];

  @Choice(STATUSES, { description: '`removed`: has left.' })
  status: string;

  @Timestamp()
  joined_at: string;

  @Timestamp()
  created_at: string;

  @Timestamp()
  updated_at: string;
}

/** @throws Problem page_too_deep, validation_failed for a page and a cursor together */
export function toFilter(query: MembersQuery): MembersFilter {
  const { q, role: roles, status: statuses, team_id: teamIds } = query;
  return { q, roles, statuses, teamIds, selection: selectionOf(query) };
}

export function toChanges({ roles, status }: MemberPatch): MembershipChanges {
  return { roles, status };
}

export function toMember(member: Member): MemberResponse {
  const { id, organizationId, userId, email, name, avatarUrl, roles, status, joinedAt, createdAt, updatedAt } = member;
  return {
    id,
    organization_id: organizationId,
    user: { id: userId, email, name, avatar_url: avatarUrl },
    roles,
    status,
    joined_at: joinedAt.toISOString(),
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}
