import {
  Choice,
  Identifier,
  Line,
  ListParameter,
  PageQuery,
  rules,
  SearchParameter,
  selectionOf,
  SortParameter,
  Text,
  Timestamp,
} from '../../core/http/index.ts';
import { LONGEST_SLUG, SLUG_PATTERN } from '../organizations/index.ts';
import type { TeamChanges } from './teams.policy.ts';
import type { Team, TeamsFilter, Visibility } from './teams.repository.ts';
import type { TeamDraft } from './teams.service.ts';

const NAME = { min: 1, max: 200, example: 'Engineering' };
const SLUG = { pattern: SLUG_PATTERN, max: LONGEST_SLUG, example: 'engineering' };
const DESCRIPTION = { max: 2000, example: 'Who builds it.' };
const VISIBILITIES: readonly Visibility[] = ['organization', 'private'];
const SECLUDED =
  '`private`: it is there for its members alone, with all that is beneath it, and for `teams:read_private`.';

export class TeamRequest {
  @Line(NAME)
  name: string;

  @Text({ ...SLUG, optional: true, description: 'Made from the name when it is left out.' })
  slug?: string;

  @Text({ ...DESCRIPTION, optional: true })
  description?: string;

  @Choice(VISIBILITIES, { optional: true, description: `${SECLUDED} \`organization\` unless given.` })
  visibility?: Visibility;

  @Identifier({ optional: true, nullable: true, description: 'The team beneath which it stands.', example: null })
  parent_team_id?: string | null;
}

/** As it is filled in: each can be sent again, for its slug is made anew. */
export const teamExamples = {
  without_slug: { summary: 'The slug is made from the name', value: { name: NAME.example } },
};

export class TeamPatch {
  @Line({ ...NAME, optional: true })
  name?: string;

  @Text({ ...SLUG, optional: true })
  slug?: string;

  @Text({ ...DESCRIPTION, optional: true, nullable: true, description: 'null: none from then on.' })
  description?: string | null;

  @Choice(VISIBILITIES, { optional: true, description: SECLUDED })
  visibility?: Visibility;

  @Identifier({ optional: true, nullable: true, description: 'null: beneath none.', example: null })
  parent_team_id?: string | null;
}

export class TeamsQuery extends PageQuery {
  @SearchParameter('name')
  q?: string;

  @ListParameter(rules.identifier(), { description: 'Those directly beneath any of these teams.' })
  parent_team_id?: string[];

  @ListParameter(rules.identifier(), {
    description: 'Those that any of these members of the organization belongs to, as far as you see who does.',
  })
  member_id?: string[];

  @SortParameter(['name', 'created_at'])
  sort: string[] = ['name'];
}

export class TeamResponse {
  @Identifier()
  id: string;

  @Identifier()
  organization_id: string;

  @Line(NAME)
  name: string;

  @Text({ ...SLUG, description: 'Unique among the teams that are not private, nor beneath a private one.' })
  slug: string;

  @Text(DESCRIPTION)
  description: string;

  @Choice(VISIBILITIES, { description: SECLUDED })
  visibility: string;

  @Identifier({ nullable: true, description: 'The team beneath which it stands.' })
  parent_team_id: string | null;

  @Timestamp()
  created_at: string;

  @Timestamp()
  updated_at: string;
}

export function toDraft(request: TeamRequest): TeamDraft {
  const { name, slug, description = '', visibility = 'organization', parent_team_id: parentTeamId = null } = request;
  return { name, slug, description, visibility, parentTeamId };
}

export function toChanges({
  name,
  slug,
  description,
  visibility,
  parent_team_id: parentTeamId,
}: TeamPatch): TeamChanges {
  return { name, slug, description: description === null ? '' : description, visibility, parentTeamId };
}

/** @throws Problem page_too_deep, validation_failed for a page and a cursor together */
export function toFilter(query: TeamsQuery): TeamsFilter {
  const { q, parent_team_id: parentTeamIds, member_id: memberIds } = query;
  return { q, parentTeamIds, memberIds, selection: selectionOf(query) };
}

export function toTeam(team: Team): TeamResponse {
  const { id, organizationId, name, slug, description, visibility, parentTeamId, createdAt, updatedAt } = team;
  return {
    id,
    organization_id: organizationId,
    name,
    slug,
    description,
    visibility,
    parent_team_id: parentTeamId,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}
