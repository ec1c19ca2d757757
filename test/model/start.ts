import { permissions as catalogue } from '../../src/core/access/permissions.ts';
import type { Dice } from '../fuzz/dice.ts';
import { OWNER, placeName, type RoleScope, type State, systemRoles } from './state.ts';

export const PEOPLE = Array.from({ length: 15 }, (_, index) => `u${index + 1}`);
/** They have no membership at first. */
const STRANGERS = 3;

export const PERMISSIONS = Object.keys(catalogue);
const OF_TEAMS = Object.entries(catalogue).flatMap(([key, { scope }]) => (scope === 'team' ? [key] : []));
/** What a custom role is interesting for: it lets somebody hand out or take power. */
const POWERS = [
  'roles:manage',
  'members:update',
  'members:remove',
  'invitations:create',
  'team_members:manage',
  'teams:update',
  'teams:delete',
].filter((key) => PERMISSIONS.includes(key));

/** @returns some permissions that a role of the scope can have */
export function somePermissions(dice: Dice, scope: RoleScope): string[] {
  const [all, powers] = scope === 'team' ? [OF_TEAMS, OF_TEAMS] : [PERMISSIONS, POWERS];
  const share = dice.pick([0, 0.3, 0.6, 0.95]);
  return [...new Set([...all.filter(() => dice.chance(share)), ...powers.filter(() => dice.chance(0.3))])];
}

/** @returns an organisation with members of every rank, custom roles and a small tree of teams */
export function someStart(dice: Dice): State {
  const state: State = {
    roles: new Map(systemRoles()),
    members: new Map(),
    teams: new Map(),
    places: new Map(),
    invitations: new Map(),
    offers: new Map(),
  };
  addRoles(state, dice);
  addMembers(state, dice);
  addTeams(state, dice);
  addWaiting(state, dice);
  return state;
}

function addRoles({ roles }: State, dice: Dice): void {
  const add = (scope: RoleScope, key: string, permissions: string[]): void => {
    roles.set(`r-${key}`, { scope, key, system: false, permissions });
  };
  add('organization', 'nothing', []);
  add('organization', 'everything', PERMISSIONS);
  for (const key of ['o1', 'o2', 'o3', 'o4']) add('organization', key, somePermissions(dice, 'organization'));
  for (const key of ['t1', 't2', 't3']) add('team', key, somePermissions(dice, 'team'));
}

function addMembers({ members }: State, dice: Dice): void {
  const own = ['o1', 'o2', 'o3', 'o4', 'nothing', 'everything'];
  const ranks: string[][] = [
    [OWNER],
    dice.pick([[OWNER], [OWNER, 'o1'], ['admin']]),
    ['admin'],
    ['admin', dice.pick(own)],
    ['member'],
    ['member'],
    ...dice.some(4, () => [...new Set(['member', dice.pick(own)])].slice(dice.below(2))),
    ['nothing'],
    [dice.pick([OWNER, 'admin', ...own])],
  ];
  for (const [index, roles] of ranks.entries()) {
    const status = index === ranks.length - 1 || (index > 2 && dice.chance(0.1)) ? 'suspended' : 'active';
    members.set(`m${index + 1}`, { user: PEOPLE[index]!, status, roles });
  }
}

function addTeams({ teams, places, members }: State, dice: Dice): void {
  const roles = ['admin', 'member', 'viewer', 't1', 't2', 't3'];
  for (let index = 1; index <= 6; index += 1) {
    const team = `t${index}`;
    const parents = [...teams.values()].filter(({ path }) => path.length < 4);
    const above = index > 1 && dice.chance(0.75) ? dice.pick(parents).path : [];
    teams.set(team, { path: [...above, team], deleted: false });
    for (const member of dice.some(dice.below(4), () => dice.pick([...members.keys()])))
      places.set(placeName(team, member), { team, member, role: dice.pick(roles) });
  }
  // What is deleted has nothing beneath it.
  const above = new Set([...teams.values()].flatMap(({ path }) => path.slice(0, -1)));
  for (const [name, team] of teams) team.deleted = !above.has(name) && dice.chance(0.3);
}

function addWaiting({ invitations, offers, members, teams }: State, dice: Dice): void {
  for (const [index, user] of PEOPLE.slice(-STRANGERS).entries()) {
    if (dice.chance(0.4)) continue;
    const inviter = dice.pick([...members.keys()]);
    const promised = dice.chance(0.5)
      ? [{ team: dice.pick([...teams.keys()]), role: dice.pick(['admin', 'viewer', 't1']) }]
      : [];
    const roles = [dice.pick(['member', 'admin', OWNER, 'o1', 'o2', 'nothing'])];
    invitations.set(`i${index + 1}`, { user, inviter, status: 'pending', roles, teams: promised });
  }
  if (dice.chance(0.5))
    offers.set('x1', { proposer: 'm1', receiver: 'm3', keep: dice.pick(['admin', 'o1']), status: 'pending' });
}
