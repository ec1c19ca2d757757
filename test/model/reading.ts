import type { AccessCheck } from './calls.ts';
import { effective, liveTeams, placeName, roleBy, type RoleState, type State, type Where } from './state.ts';

/* What is answered to whoever asks what somebody may do. */

/** @returns what somebody may do in the organisation, and on each team to which they belong */
export function accessOf(state: State, member: string, ofTeams: ReadonlySet<string>): unknown {
  const places = liveTeams(state).flatMap((team) => state.places.get(placeName(team, member)) ?? []);
  return {
    roles: state.members.get(member)!.roles.toSorted(),
    permissions: [...effective(state, member, null)].toSorted(),
    teams: places
      .map(({ team, role }) => {
        const there = [...effective(state, member, team)].filter((permission) => ofTeams.has(permission)).toSorted();
        return `${team} as ${role}: ${there.join()}`;
      })
      .toSorted(),
  };
}

/** @returns what permits it; or why nothing does */
export function explained(state: State, member: string, { permission, team }: AccessCheck): string {
  const { status = 'removed', roles = [] } = state.members.get(member) ?? {};
  if (status === 'removed') return 'member_not_found';
  if (status === 'suspended') return 'member_suspended';
  if (team !== undefined && state.teams.get(team)?.deleted !== false) return 'team_not_found';
  const path = team === undefined ? [] : state.teams.get(team)!.path;
  const own = roles.filter((key) => roleBy(state, 'organization', key)?.permissions.includes(permission));
  const places = path.flatMap((above) => state.places.get(placeName(above, member)) ?? []);
  const onTeams = places.filter(({ role }) => roleBy(state, 'team', role)?.permissions.includes(permission));
  return [...own, ...onTeams.map(({ role, team: above }) => `${role} on ${above}`)].toSorted().join() || 'not_granted';
}

/** @returns who would gain and lose what by an edit of the role; undefined: of one that is to be made */
export function previewOf(state: State, role: RoleState | undefined, permissions: readonly string[]): object {
  const now = role?.permissions ?? [];
  const places = role ? placesOf(state, role) : [];
  const edited = new Map([...state.roles].map(([name, one]) => [name, one === role ? { ...one, permissions } : one]));
  const affected = places.flatMap(([member, where]) => {
    const was = effective(state, member, where);
    const is = effective({ ...state, roles: edited }, member, where);
    const [gained, lost] = [without(is, was), without(was, is)];
    return gained.length + lost.length > 0 ? `${member} in ${where}: +${gained.join()} -${lost.join()}` : [];
  });
  return {
    added: without(permissions, new Set(now)),
    removed: without(now, new Set(permissions)),
    affected: affected.length,
    sample: affected.toSorted(),
  };
}

/** Where it is held: in the organisation, or on teams that are there. */
function placesOf(state: State, { scope, key }: RoleState): [member: string, where: Where][] {
  if (scope === 'organization')
    return [...state.members].flatMap(([member, { roles }]) => (roles.includes(key) ? [[member, null]] : []));
  const places = [...state.places.values()].filter(({ team, role }) => role === key && !state.teams.get(team)!.deleted);
  return places.map(({ member, team }) => [member, team]);
}

function without(one: Iterable<string>, other: ReadonlySet<string>): string[] {
  return [...one].filter((permission) => !other.has(permission)).toSorted();
}
