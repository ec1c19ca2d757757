import { permissions, type RoleDefinition, teamRoleIds } from '../../src/core/access/index.ts';
import {
  effective,
  effectiveOnTeam,
  explain,
  giversOf,
  type Person,
  type Place,
  roleOf,
  type TeamRole,
} from '../../src/features/access/explanation.policy.ts';

const own = (scope: RoleDefinition['scope'], key: string, ...given: string[]) =>
  roleOf({ scope, key, system: false, permissions: given });
const system = (scope: RoleDefinition['scope'], key: string) => roleOf({ scope, key, system: true, permissions: [] });
const holding = (...roles: Person['roles']): Person => ({ isSuspended: false, roles });
const [TOP, LEAF] = [teamRoleIds.admin, teamRoleIds.viewer];
const on = (teamId: string, role: TeamRole['role']): TeamRole => ({ teamId, role });
const open = (...held: TeamRole[]): Place => ({ isOpen: true, held });
const closed = (...held: TeamRole[]): Place => ({ isOpen: false, held });

describe('a role', () => {
  it('permits what its row says, or of a system role the catalogue', () => {
    expect([...own('organization', 'billing', 'teams:read', 'members:read').permits]).toEqual([
      'members:read',
      'teams:read',
    ]);
    expect([...system('organization', 'owner').permits]).toEqual(Object.keys(permissions).toSorted());
    expect([...system('team', 'viewer').permits]).toEqual(['team_members:read', 'teams:read']);
  });

  it('permits nothing that the catalogue has not', () => {
    expect([...own('organization', 'old', 'gone:read', '*', 'members:*', 'Teams:Read', '__proto__').permits]).toEqual(
      [],
    );
  });

  it('of teams permits nothing that is not for teams', () => {
    expect([...own('team', 'odd', 'members:remove', 'teams:read').permits]).toEqual(['teams:read']);
  });
});

describe('why', () => {
  const reader = own('organization', 'reader', 'teams:read');
  const deleter = own('team', 'deleter', 'teams:delete');

  it('names every role of the organization that permits it, in their order', () => {
    const both = holding(reader, system('organization', 'member'));
    const via = [
      { kind: 'role', role: 'reader' },
      { kind: 'role', role: 'member' },
    ];
    expect(explain({ permission: 'teams:read', person: both, place: null })).toEqual({ via });
    expect(explain({ permission: 'members:read', person: both, place: null })).toEqual({ via: [via[1]] });
  });

  it('names team roles where they are held, on the team or above', () => {
    const place = open(on(TOP, deleter), on(LEAF, system('team', 'admin')));
    const answer = explain({ permission: 'teams:delete', person: holding(reader), place });
    expect(answer).toEqual({
      via: [
        { kind: 'team_role', role: 'deleter', teamId: TOP },
        { kind: 'team_role', role: 'admin', teamId: LEAF },
      ],
    });
  });

  it.each([
    ['what no role permits', holding(reader), null, 'not_granted'],
    ['what a role permits elsewhere', holding(), null, 'not_granted'],
    ['nobody', undefined, null, 'member_not_found'],
    ['nobody, on no team', undefined, undefined, 'member_not_found'],
    ['who is suspended', { ...holding(reader), isSuspended: true }, null, 'member_suspended'],
    ['a team that is not there', holding(system('organization', 'owner')), undefined, 'team_not_found'],
    ['a private team of others', holding(system('organization', 'member')), closed(), 'team_not_found'],
  ] as const)('refuses %s', (_what, person, place, reason) => {
    expect(explain({ permission: 'teams:delete', person, place })).toEqual({ via: [], reason });
  });

  it('lets into a private team whoever may see all: in the organization, on it or above', () => {
    const sees = own('organization', 'auditor', 'teams:read', 'teams:read_private');
    const via = [{ kind: 'role', role: 'auditor' }];
    expect(explain({ permission: 'teams:read', person: holding(sees), place: closed() })).toEqual({ via });
    const seesBeneath = own('team', 'watch', 'teams:read_private');
    const place = closed(on(TOP, seesBeneath));
    expect(explain({ permission: 'teams:read', person: holding(reader), place }).via).toEqual([
      { kind: 'role', role: 'reader' },
    ]);
    expect(explain({ permission: 'teams:read', person: holding(), place }).reason).toBe('not_granted');
  });
});

describe('what is effective', () => {
  it('is everything that a role permits, sorted', () => {
    const found = effective([own('organization', 'a', 'teams:read', 'members:read')]);
    expect(found).toEqual([
      ['members:read', [{ kind: 'role', role: 'a' }]],
      ['teams:read', [{ kind: 'role', role: 'a' }]],
    ]);
  });

  it('on a team is what is for teams', () => {
    const roles = [own('organization', 'a', 'teams:read', 'members:read')];
    expect(effectiveOnTeam(roles, [on(TOP, own('team', 'b', 'teams:read'))])).toEqual([
      [
        'teams:read',
        [
          { kind: 'role', role: 'a' },
          { kind: 'team_role', role: 'b', teamId: TOP },
        ],
      ],
    ]);
  });
});

describe('what would give it', () => {
  const givers = [own('organization', 'bold', 'teams:delete'), own('team', 'brave', 'teams:delete')];

  it('are the roles that hold it, those of the organization first', () => {
    expect(giversOf('teams:delete', true, givers, 20)).toEqual([
      { kind: 'role', role: 'owner' },
      { kind: 'role', role: 'admin' },
      { kind: 'role', role: 'bold' },
      { kind: 'team_role', role: 'brave' },
      { kind: 'team_role', role: 'admin' },
    ]);
  });

  it('are none of teams where it is asked of no team, none that lack it, and never too many', () => {
    expect(giversOf('teams:delete', false, givers, 20).map(({ role }) => role)).toEqual(['owner', 'admin', 'bold']);
    expect(giversOf('teams:update', false, givers, 20).map(({ role }) => role)).toEqual(['owner', 'admin']);
    expect(giversOf('teams:delete', true, givers, 2).map(({ role }) => role)).toEqual(['owner', 'admin']);
    expect(giversOf('organization:delete', true, givers, 20)).toEqual([{ kind: 'role', role: 'owner' }]);
  });
});
