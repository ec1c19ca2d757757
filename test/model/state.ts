import { permissionsOf } from '../../src/core/access/role-permissions.ts';

/*
 * What an organisation is, as far as power goes: plain values, in which everything goes by a name of the test's own. The server's
 * rows can be read as this, and so can what the reference makes of a call.
 */

export type RoleScope = 'organization' | 'team';

export interface RoleState {
  readonly scope: RoleScope;
  readonly key: string;
  readonly system: boolean;
  /** Of a system role, what the catalogue says. */
  permissions: readonly string[];
}

export interface MemberState {
  readonly user: string;
  status: 'active' | 'suspended' | 'removed';
  /** Keys. */
  roles: readonly string[];
}

export interface TeamState {
  /** From the root to the team itself. */
  path: readonly string[];
  deleted: boolean;
}

export interface PlaceState {
  readonly team: string;
  readonly member: string;
  /** A key. */
  role: string;
}

export interface InvitationState {
  /** To whom. */
  readonly user: string;
  inviter: string;
  status: 'pending' | 'accepted' | 'revoked';
  roles: readonly string[];
  teams: readonly { readonly team: string; readonly role: string }[];
}

export interface OfferState {
  readonly proposer: string;
  readonly receiver: string;
  keep: string;
  status: 'pending' | 'accepted' | 'cancelled';
}

export interface State {
  readonly roles: Map<string, RoleState>;
  readonly members: Map<string, MemberState>;
  readonly teams: Map<string, TeamState>;
  /** Who is in which team, as what; by `placeName`. */
  readonly places: Map<string, PlaceState>;
  readonly invitations: Map<string, InvitationState>;
  readonly offers: Map<string, OfferState>;
}

/** A team; null: the organisation. */
export type Where = string | null;

export const OWNER = 'owner';

const SYSTEM_KEYS = { organization: ['owner', 'admin', 'member'], team: ['admin', 'member', 'viewer'] } as const;

/** @returns the roles that every organisation has, by their names */
export function systemRoles(): [name: string, role: RoleState][] {
  return (['organization', 'team'] as const).flatMap((scope) =>
    SYSTEM_KEYS[scope].map((key): [string, RoleState] => {
      const permissions = permissionsOf({ scope, key, system: true, permissions: [] });
      return [`${scope}/${key}`, { scope, key, system: true, permissions }];
    }),
  );
}

export function placeName(team: string, member: string): string {
  return `${member} in ${team}`;
}

export function roleBy(state: State, scope: RoleScope, key: string): RoleState | undefined {
  for (const role of state.roles.values()) if (role.scope === scope && role.key === key) return role;
  return undefined;
}

/** @returns what the roles permit together */
export function union(roles: Iterable<RoleState | undefined>): Set<string> {
  const all = new Set<string>();
  for (const role of roles) for (const permission of role?.permissions ?? []) all.add(permission);
  return all;
}

/** @returns what somebody may do there as soon as they are active: by roles in the organisation, and those on the team and above it */
export function held(state: State, member: string, where: Where): Set<string> {
  const path = where === null ? [] : (state.teams.get(where)?.path ?? []);
  const places = path.flatMap((team) => state.places.get(placeName(team, member)) ?? []);
  const keys = state.members.get(member)?.roles ?? [];
  return union([
    ...keys.map((key) => roleBy(state, 'organization', key)),
    ...places.map(({ role }) => roleBy(state, 'team', role)),
  ]);
}

/** @returns what somebody may do there now */
export function effective(state: State, member: string, where: Where): Set<string> {
  return state.members.get(member)?.status === 'active' ? held(state, member, where) : new Set();
}

export function isOwner(state: State, member: string): boolean {
  const { status, roles } = state.members.get(member) ?? {};
  return status === 'active' && (roles ?? []).includes(OWNER);
}

/** @returns the membership that somebody has now */
export function memberOf(state: State, user: string): string | undefined {
  for (const [name, member] of state.members) if (member.user === user && member.status !== 'removed') return name;
  return undefined;
}

/** @returns the teams that are there */
export function liveTeams(state: State): string[] {
  return [...state.teams].flatMap(([name, { deleted }]) => (deleted ? [] : name));
}

/** @returns it with everything in one order, to compare by */
export function described({ roles, members, teams, places, invitations, offers }: State): unknown {
  const sorted = <T>(map: Map<string, T>, describe: (value: T) => unknown = (value) => value) =>
    Object.fromEntries(
      [...map].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, describe(value)]),
    );
  return {
    roles: sorted(roles, (role) => ({ ...role, permissions: role.permissions.toSorted() })),
    members: sorted(members, (member) => ({ ...member, roles: member.roles.toSorted() })),
    teams: sorted(teams),
    places: sorted(places),
    invitations: sorted(invitations, (invitation) => ({
      ...invitation,
      roles: invitation.roles.toSorted(),
      teams: invitation.teams.map(({ team, role }) => `${role} in ${team}`).toSorted(),
    })),
    offers: sorted(offers),
  };
}

/** @returns the members who hold a role, those of teams once for each */
export function holders({ members, places }: State, { scope, key }: RoleState): string[] {
  if (scope === 'team') return [...places.values()].flatMap(({ member, role }) => (role === key ? member : []));
  return [...members].flatMap(([name, { roles }]) => (roles.includes(key) ? name : []));
}

export function isInUse(state: State, role: RoleState): boolean {
  const waiting = [...state.invitations.values()].filter(({ status }) => status === 'pending');
  const isPromised = waiting.some(({ roles, teams }) => {
    return role.scope === 'team' ? teams.some((one) => one.role === role.key) : roles.includes(role.key);
  });
  return holders(state, role).length > 0 || isPromised || isKept(state, role);
}

/** Whether an owner is to keep it who offers their ownership. */
export function isKept({ offers }: State, { scope, key }: RoleState): boolean {
  return (
    scope === 'organization' && [...offers.values()].some(({ keep, status }) => status === 'pending' && keep === key)
  );
}
