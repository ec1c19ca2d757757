import { liveTeams, OWNER, isOwner, type RoleState, type State } from './state.ts';

/* What calls make of an organisation, once they are granted. */

export const MOST_LEVELS = 5;

/** Another role takes the place of one that is deleted, or none does. */
export function replaceRole(state: State, name: string, target: RoleState | undefined, caller: string): void {
  const { scope, key } = state.roles.get(name)!;
  state.roles.delete(name);
  const others = (keys: readonly string[], by: RoleState | undefined): string[] => [
    ...new Set(keys.flatMap((one) => (one === key ? (by?.key ?? []) : one))),
  ];
  for (const invitation of state.invitations.values()) {
    // What is over promises nothing any more.
    const by = invitation.status === 'pending' ? target : undefined;
    const promised = scope === 'organization' ? invitation.roles : invitation.teams.map(({ role }) => role);
    // Whoever puts another in its place invites anew.
    if (by && promised.includes(key)) invitation.inviter = caller;
    if (scope === 'organization') invitation.roles = others(invitation.roles, by);
    else invitation.teams = invitation.teams.flatMap((one) => others([one.role], by).map((role) => ({ ...one, role })));
  }
  if (scope === 'team') {
    for (const place of state.places.values()) place.role = others([place.role], target).join();
    return;
  }
  for (const member of state.members.values()) member.roles = others(member.roles, target);
}

export function endMembership({ members, places }: State, name: string): void {
  Object.assign(members.get(name)!, { status: 'removed', roles: [] });
  for (const [id, { member }] of places) if (member === name) places.delete(id);
}

/** What stands beneath it goes with it; but what was deleted stays behind where it would stand too deep. */
export function moveTeam({ teams }: State, name: string, to: readonly string[]): void {
  const from = teams.get(name)!.path.slice(0, -1);
  for (const [id, team] of teams) {
    if (!team.path.includes(name)) continue;
    const below = team.path.slice(team.path.indexOf(name));
    team.path = to.length + below.length > MOST_LEVELS ? [...from, id] : [...to, ...below];
  }
}

/** What stands beneath it moves up. */
export function deleteTeam({ teams }: State, name: string): void {
  teams.get(name)!.deleted = true;
  for (const [id, team] of teams) if (id !== name) team.path = team.path.filter((one) => one !== name);
}

/** @returns on how many levels there is something, from the team down */
export function levelsFrom(state: State, name: string): number {
  const paths = liveTeams(state).map((team) => state.teams.get(team)!.path);
  return Math.max(...paths.filter((path) => path.includes(name)).map((path) => path.length - path.indexOf(name)));
}

export function moveOwnership({ members }: State, from: string, to: string, keep: string): void {
  const [proposer, receiver] = [members.get(from)!, members.get(to)!];
  proposer.roles = [...new Set([...proposer.roles.filter((key) => key !== OWNER), keep])];
  receiver.roles = [...new Set([...receiver.roles, OWNER])];
}

/** An offer that waits ends with what it stands on, whatever has ended that. */
export function endOffers(state: State): void {
  for (const offer of state.offers.values()) {
    const isKept = isOwner(state, offer.proposer) && state.members.get(offer.receiver)?.status === 'active';
    if (offer.status === 'pending' && !isKept) offer.status = 'cancelled';
  }
}
