import type { TeamGrant } from '../../core/access/index.ts';
import type { Change } from '../../core/audit/index.ts';
import type { MovedTeam, Team, TeamFields, Visibility } from './teams.repository.ts';

export const MOST_LEVELS = 5;

/** What is left out stays. */
export interface TeamChanges {
  readonly name?: string | undefined;
  readonly slug?: string | undefined;
  readonly description?: string | undefined;
  readonly visibility?: Visibility | undefined;
  /** null: beneath none. */
  readonly parentTeamId?: string | null | undefined;
}

export function merged(team: TeamFields, changes: TeamChanges): TeamFields {
  const { name = team.name, slug = team.slug, description = team.description, visibility = team.visibility } = changes;
  const { parentTeamId = team.parentTeamId } = changes;
  return { name, slug, description, visibility, parentTeamId };
}

/** @returns the names of the fields that are not the same in both */
export function changedFields(from: TeamFields, to: TeamFields): ReadonlySet<keyof TeamFields> {
  const fields = ['name', 'slug', 'description', 'visibility', 'parentTeamId'] as const;
  return new Set(fields.filter((field) => from[field] !== to[field]));
}

/** @returns what the log tells of one that moved up when the team above it, its parent, was deleted */
export function uprooted(from: Team, { oldVisibility, newVisibility }: MovedTeam): Record<string, Change> {
  const isSecret = from.secluded || newVisibility === 'private';
  return {
    parent_team_id: isSecret ? { changed: true } : { from: from.id, to: from.parentTeamId },
    ...visibilityChange(oldVisibility, newVisibility),
  };
}

/** @returns what the log tells of one that nobody saw, and that stayed behind when the team above it moved */
export function leftBehind({ oldVisibility, newVisibility }: MovedTeam): Record<string, Change> {
  return { parent_team_id: { changed: true }, ...visibilityChange(oldVisibility, newVisibility) };
}

function visibilityChange(from: Visibility, to: Visibility): Record<string, Change> {
  return from === to ? {} : { visibility: { from, to } };
}

/**
 * @param from null: it is new
 * @returns what the log tells. Of a team that is or was secluded it does not tell under whom: not everybody who sees the team later
 * sees where it stood before
 */
export function differences(from: Team | null, to: Team): Record<string, Change> {
  const was = (field: 'name' | 'slug' | 'visibility' | 'parentTeamId') => from?.[field] ?? null;
  const isSecret = to.secluded || (from?.secluded ?? false);
  return {
    ...(was('name') !== to.name && { name: { from: was('name'), to: to.name } }),
    ...(was('slug') !== to.slug && { slug: { from: was('slug'), to: to.slug } }),
    ...((from?.description ?? '') !== to.description && { description: { changed: true } }),
    ...(was('visibility') !== to.visibility && { visibility: { from: was('visibility'), to: to.visibility } }),
    ...(was('parentTeamId') !== to.parentTeamId && {
      parent_team_id: isSecret ? { changed: true } : { from: was('parentTeamId'), to: to.parentTeamId },
    }),
  };
}

/** What stands above a team: ids from the root down, and those of them that are private. */
type Place = Pick<Team, 'path' | 'privatePath'>;

/**
 * @param roleIds that are held on what is above the team in one place, and not in the other
 * @returns what it takes to move a team: to give and to take those roles on it; and, for each private team that it comes to stand beneath,
 * to put members into that, for whoever belongs to what moves sees it from then on. Also where nobody does: who moves the team need not
 * see all that is beneath it, and a refusal would tell
 */
export function grantsOfMove(team: Team, parent: Place | undefined, roleIds: readonly string[]): readonly TeamGrant[] {
  const entered = (parent?.privatePath ?? []).filter((id) => !team.path.includes(id));
  return [
    ...roleIds.map((roleId) => ({ roleId, teamId: team.id })),
    ...entered.map((teamId) => ({ teamId, takes: ['team_members:manage'] })),
  ];
}

/** @returns the ids of those that are above a team in one place, and not in the other */
export function changedAbove(from: readonly string[], to: readonly string[]): readonly string[] {
  return [...from.filter((id) => !to.includes(id)), ...to.filter((id) => !from.includes(id))];
}
