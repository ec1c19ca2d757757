import {
  everyPermission,
  type Permission,
  permissions,
  permissionsOf,
  type RoleDefinition,
  teamPermissions,
} from '../../core/access/index.ts';

/** A role, and what it permits where it is held. */
export interface Role {
  /** `team_role`: it is held on teams. */
  readonly kind: 'role' | 'team_role';
  readonly key: string;
  readonly permits: ReadonlySet<string>;
}

/** A role of a team that somebody holds there. */
export interface TeamRole {
  readonly teamId: string;
  readonly role: Role;
}

/** What a permission comes from, or would come from. */
export interface Giver {
  readonly kind: Role['kind'];
  readonly role: string;
}

export interface Source extends Giver {
  /** Of a role that is held on a team: that one, which may stand above the team in question. */
  readonly teamId?: string;
}

/** Somebody in the organisation, as far as the caller sees what they hold. */
export interface Person {
  readonly isSuspended: boolean;
  /** In the organisation. */
  readonly roles: readonly Role[];
}

/** A team that the caller sees, as it is for a person. */
export interface Place {
  /** Whether it is there for them whatever they may do: it is not private, nor is one above it, or they belong there. */
  readonly isOpen: boolean;
  /** What they hold on it, and on the teams above. */
  readonly held: readonly TeamRole[];
}

export type Reason = 'not_granted' | 'team_not_found' | 'member_not_found' | 'member_suspended';

export interface Explanation {
  /** All that permit it; none: it is refused. */
  readonly via: readonly Source[];
  /** Why it is refused. */
  readonly reason?: Reason;
}

interface Question {
  readonly permission: Permission;
  /** undefined: nobody in the organisation. */
  readonly person: Person | undefined;
  /** undefined: there is none for the caller; null: in the organisation, on no team. */
  readonly place: Place | undefined | null;
}

const SEES_PRIVATE: Permission = 'teams:read_private';

export function roleOf(definition: RoleDefinition): Role {
  const kind = definition.scope === 'team' ? 'team_role' : 'role';
  return { kind, key: definition.key, permits: new Set(permissionsOf(definition)) };
}

/** Why somebody may do something in the organisation, or on a team of it; or why not. */
export function explain({ permission, person, place }: Question): Explanation {
  if (!person) return refused('member_not_found');
  if (person.isSuspended) return refused('member_suspended');
  if (place === undefined || (place && !isThere(place, person))) return refused('team_not_found');
  const via = sourcesOf(permission, person.roles, place?.held);
  return via.length > 0 ? { via } : refused('not_granted');
}

function refused(reason: Reason): Explanation {
  return { via: [], reason };
}

/** A private team is there for those who belong to it, and for whoever may see all: in the organisation, on it or above it. */
function isThere({ isOpen, held }: Place, { roles }: Person): boolean {
  return isOpen || sourcesOf(SEES_PRIVATE, roles, held).length > 0;
}

/** @returns where the permission comes from: the roles of the organisation first, each sorted */
export function sourcesOf(permission: Permission, roles: readonly Role[], held: readonly TeamRole[] = []): Source[] {
  return [
    ...roles.filter(({ permits }) => permits.has(permission)).map(({ kind, key }) => ({ kind, role: key })),
    ...held
      .filter(({ role }) => role.permits.has(permission))
      .map(({ teamId, role: { kind, key } }) => ({ kind, role: key, teamId })),
  ];
}

export type Effective = readonly (readonly [Permission, readonly Source[]])[];

/** @returns every permission that somebody has by these, with where it comes from */
export function effective(roles: readonly Role[]): Effective {
  return sourcesOfEach(everyPermission, roles, []);
}

/** @returns the permissions that are effective on a team, with where they come from; `held` are the roles there and above */
export function effectiveOnTeam(roles: readonly Role[], held: readonly TeamRole[]): Effective {
  return sourcesOfEach(teamPermissions, roles, held);
}

function sourcesOfEach(all: readonly Permission[], roles: readonly Role[], held: readonly TeamRole[]): Effective {
  const found = all.map((permission) => [permission, sourcesOf(permission, roles, held)] as const);
  return found.filter(([, sources]) => sources.length > 0);
}

/**
 * @param own roles that the organisation has made, as far as the caller may know of them
 * @returns the roles by which somebody would have the permission, at most so many; on a team those of teams as well
 */
export function giversOf(permission: Permission, isOnTeam: boolean, own: readonly Role[], most: number): Giver[] {
  const { systemRoles, teamRoles } = permissions[permission];
  const givers = [
    ...systemRoles.map((role) => ({ kind: 'role', role }) as const),
    ...own.filter(({ permits }) => permits.has(permission)).map(({ kind, key }) => ({ kind, role: key })),
    ...teamRoles.map((role) => ({ kind: 'team_role', role }) as const),
  ];
  const isAskedFor = ({ kind }: Giver): boolean => kind === 'role' || isOnTeam;
  return givers.filter(isAskedFor).toSorted(byKind).slice(0, most);
}

/** What is held in the whole organisation comes first; within a kind, as it was. */
function byKind(one: Giver, other: Giver): number {
  return Number(one.kind === 'team_role') - Number(other.kind === 'team_role');
}
