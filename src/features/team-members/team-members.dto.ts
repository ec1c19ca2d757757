import {
  field,
  Identifier,
  ListParameter,
  Nested,
  PageQuery,
  SearchParameter,
  selectionOf,
  SortParameter,
  Timestamp,
} from '../../core/http/index.ts';
import { MemberResponse, roleKey, toMember } from '../members/index.ts';
import type { TeamMember, TeamMembersFilter } from './team-members.repository.ts';
import type { NewTeamMember } from './team-members.service.ts';

const ROLE = { description: 'The key of a team role.', example: 'member' };

export class TeamMemberRequest {
  @Identifier({ description: 'Of the organization, active or suspended.' })
  member_id: string;

  @field(roleKey, ROLE)
  role: string;
}

export class TeamMemberPatch {
  @field(roleKey, { ...ROLE, optional: true })
  role?: string;
}

export class TeamMembersQuery extends PageQuery {
  @SearchParameter('name or address')
  q?: string;

  @ListParameter(roleKey, { description: 'Who holds any of these roles in the team.' })
  role?: string[];

  @SortParameter(['name', 'joined_at'])
  sort: string[] = ['name'];
}

export class TeamMemberResponse {
  @Identifier()
  id: string;

  @Identifier()
  organization_id: string;

  @Identifier()
  team_id: string;

  @Identifier()
  member_id: string;

  @field(roleKey, ROLE)
  role: string;

  @Nested(() => MemberResponse, { description: 'Who it is, as a member of the organization.' })
  member: MemberResponse;

  @Timestamp({ description: 'When they joined the team.' })
  joined_at: string;

  @Timestamp()
  updated_at: string;
}

export function toDraft({ member_id: memberId, role }: TeamMemberRequest): NewTeamMember {
  return { memberId, role };
}

/** @throws Problem page_too_deep, validation_failed for a page and a cursor together */
export function toFilter(query: TeamMembersQuery): TeamMembersFilter {
  const { q, role: roles } = query;
  return { q, roles, selection: selectionOf(query) };
}

export function toTeamMember(teamMember: TeamMember): TeamMemberResponse {
  const { id, teamId, role, member, joinedAt, updatedAt } = teamMember;
  return {
    id,
    organization_id: member.organizationId,
    team_id: teamId,
    member_id: member.id,
    role,
    member: toMember(member),
    joined_at: joinedAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}
