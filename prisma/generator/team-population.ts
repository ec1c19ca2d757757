import { teamRoleIds } from '../../src/core/access/system-roles.ts';
import { Draw } from './draw.ts';
import { teamNames } from './names.ts';
import { ascii, type Organization, UNTIL } from './population.ts';

const LEVELS = 5;
const BENEATH_ANOTHER = 0.7;
const PRIVATE = 0.15;
/** Of a team; the first of them is its administrator. */
const MOST_MEMBERS = 12;
const VIEWERS = 0.2;

export interface Team {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly visibility: 'organization' | 'private';
  /** From the root to itself. */
  readonly path: readonly string[];
  /** Those of the path that are private. */
  readonly private_path: readonly string[];
  readonly created_at: Date;
}

/** The n-th member of the organisation, in a team of it. */
export interface Belonging {
  readonly id: string;
  readonly team_id: string;
  readonly n: number;
  readonly role_id: string;
}

/** The n-th team of an organisation, beneath one of those before it, or beneath none. */
export function team(seed: number, at: Organization, index: number, n: number): Team {
  const draw = new Draw(seed, `team ${index} ${n}`);
  const name = draw.pick(teamNames);
  const parent = parentOf(seed, at, index, n, draw);
  const since = parent?.created_at ?? at.created_at;
  const created_at = new Date(since.getTime() + Math.floor(draw.fraction() * (UNTIL - since.getTime())));
  const visibility = draw.fraction() < PRIVATE ? 'private' : 'organization';
  const id = draw.id(created_at);
  return {
    id,
    name,
    slug: `${ascii(name)}-${n}`,
    visibility,
    path: [...(parent?.path ?? []), id],
    private_path: [...(parent?.private_path ?? []), ...(visibility === 'private' ? [id] : [])],
    created_at,
  };
}

function parentOf(seed: number, at: Organization, index: number, n: number, draw: Draw): Team | undefined {
  const drawn = draw.fraction();
  if (n === 0 || drawn >= BENEATH_ANOTHER) return undefined;
  const parent = team(seed, at, index, Math.floor((drawn / BENEATH_ANOTHER) * n));
  return parent.path.length < LEVELS ? parent : undefined;
}

/** @param members how many the organisation has */
export function belongings(
  seed: number,
  { id: team_id, created_at }: Team,
  index: number,
  n: number,
  members: number,
): Belonging[] {
  const draw = new Draw(seed, `members of team ${index} ${n}`);
  const count = Math.min(Math.ceil(draw.fraction() * MOST_MEMBERS), members);
  const first = Math.floor(draw.fraction() * members);
  return Array.from({ length: count }, (_, place) => {
    const member = (first + place) % members;
    const of = new Draw(seed, `member of team ${index} ${n} ${member}`);
    return { id: of.id(created_at), team_id, n: member, role_id: roleOf(place, of) };
  });
}

function roleOf(place: number, draw: Draw): string {
  if (place === 0) return teamRoleIds.admin;
  return draw.fraction() < VIEWERS ? teamRoleIds.viewer : teamRoleIds.member;
}
