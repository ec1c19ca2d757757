import type { AccessCheck } from './calls.ts';
import { effective, liveTeams, placeName, roleBy, type State } from './state.ts';

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
