import { v7 as uuid } from 'uuid';
import { everyPermission, systemRoleIds, teamRoleIds } from '../../src/core/access/index.ts';
import type { Actor } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { holder, type Holder } from '../support/holder.ts';
import { mediansInTurn } from '../support/medians.ts';
import { isFullSize, size } from '../support/size.ts';

const FEW = { members: 100, roles: 10, teams: 20 };
const MANY = { members: size(1_000, 10_000), roles: size(100, 1_000), teams: size(200, 5_000) };
const CALLS = size(1, 200);
/** What so many times as much may cost, of which the caller is in half of the teams. */
const RATIO = 2.5;
/** Ms; CONTRACT, Promise: an answer within 3 s. */
const PROMISED = 3_000;
const CHECKS = 20;
/** Teams, in one answer. */
const MOST_TOLD = 1_000;

type Call = (of: Place, round: number) => PromiseLike<unknown>;

/** An organisation of a size, in which everybody holds one custom role, and on one team another; and somebody there, to be changed. */
interface Place extends Holder {
  readonly admin: Actor;
  readonly roleId: string;
  readonly teamRoleId: string;
  readonly otherMemberId: string;
  readonly otherTeamMemberId: string;
}

/**
 * How long it takes to be told what somebody may do and to hand out power, which is compared with what the caller holds: of an organisation
 * of few and of one of many.
 */
describe(`beside ${MANY.members} members, ${MANY.roles} roles and ${MANY.teams} teams`, () => {
  let app: TestApp;
  let caller: Actor;
  let places: readonly Place[];

  beforeAll(async () => {
    app = await TestApp.start();
    caller = await app.actors.user();
    places = [await place(FEW), await place(MANY)];
    await app.database.query('vacuum (analyze)');
  }, 120_000);

  afterAll(() => app.stop());

  async function place(counts: typeof FEW): Promise<Place> {
    const made = await holder((text, values) => app.database.query(text, values), caller, counts);
    const { organizationId: id, openTeamId } = made;
    const [roleId, teamRoleId] = [uuid(), uuid()];
    await app.database.query(
      `insert into roles (organization_id, id, scope, key, name, permissions)
         values ($1, $2, 'organization', 'all', 'All', '{members:read}'), ($1, $3, 'team', 'all', 'All', '{teams:read}')`,
      [id, roleId, teamRoleId],
    );
    await app.database.query('update member_roles set role_id = $2 where organization_id = $1 and role_id = $3', [
      id,
      roleId,
      systemRoleIds.member,
    ]);
    await app.database.query(
      'update team_members set role_id = $3 where organization_id = $1 and team_id = $2 and role_id = $4',
      [id, openTeamId, teamRoleId, teamRoleIds.viewer],
    );
    const [other] = await app.database.query<{ id: string; member_id: string }>(
      'select id, member_id from team_members where organization_id = $1 and team_id = $2 and member_id <> $3 order by member_id limit 1',
      [id, openTeamId, made.memberId],
    );
    const others = { otherMemberId: other!.member_id, otherTeamMemberId: other!.id };
    return { ...made, ...others, admin: await app.actors.member({ id }, ['admin']), roleId, teamRoleId };
  }

  const base = ({ organizationId }: Place) => `/organizations/${organizationId}`;
  const checks = (of: Partial<{ team_id: string; member_id: string }>) =>
    Array.from({ length: CHECKS }, (_, index) => ({
      permission: everyPermission[index % everyPermission.length],
      ...of,
    }));
  const check = (by: Actor, of: Place, about: Parameters<typeof checks>[0]) =>
    by.api.post(`${base(of)}/access/check`, { checks: checks(about) }).expect(200);
  const preview = (of: Place, roleId: string) =>
    of.admin.api.post(`${base(of)}/roles/preview`, { role_id: roleId, permissions: ['team_members:read'] }).expect(200);

  const access = (of: Place) => caller.api.get(`${base(of)}/access`).expect(200);
  const comparedOf = async (name: string, call: Call): Promise<readonly number[]> => {
    const times = await mediansInTurn(
      CALLS,
      places.map((of) => (round: number) => call(of, round)),
    );
    const [few, many] = times.map((ms) => `${ms.toFixed(1)} ms`);
    process.stdout.write(`${name}: ${few} of a few, ${many} of many\n`);
    return times;
  };

  it('counts everybody, and tells of a thousand teams', async () => {
    const many = places[1]!;
    // The holder and an owner lose and gain nothing: other roles of theirs permit it.
    expect((await preview(many, many.roleId)).body).toMatchObject({ affected: MANY.members - 2 });
    const { teams, teams_complete: complete } = (await access(many)).body;
    const own = MANY.teams / 2 + 1;
    expect([teams.length, complete]).toEqual(own > MOST_TOLD ? [MOST_TOLD, false] : [own, true]);
  });

  const questions: readonly [string, Call][] = [
    ['a member: what they may do', access],
    ['20 checks in the organization', (of) => check(caller, of, {})],
    ['20 checks on a team of the fifth level', (of) => check(caller, of, { team_id: of.openTeamId })],
    ['20 checks on a private one', (of) => check(caller, of, { team_id: of.privateTeamId })],
    [
      'an admin: 20 checks of the member on it',
      (of) => check(of.admin, of, { team_id: of.privateTeamId, member_id: of.memberId }),
    ],
    ['what the member may do', (of) => of.admin.api.get(`${base(of)}/members/${of.memberId}/access`).expect(200)],
    ['a preview of the role that everybody holds', (of) => preview(of, of.roleId)],
    ['a preview of the role that everybody holds on a team', (of) => preview(of, of.teamRoleId)],
  ];

  it.each(questions)('%s is told in time', async (name, call) => {
    const [, many] = await comparedOf(name, call);
    if (isFullSize) expect(many).toBeLessThan(PROMISED);
  });

  const grants: readonly [string, Call][] = [
    ['somebody reads who they are there', (of) => caller.api.get(`${base(of)}/members/me`).expect(200)],
    [
      'a member gets a role',
      (of, round) => {
        const roles = round % 2 ? ['all'] : ['all', 'r1'];
        return caller.api.patch(`${base(of)}/members/${of.otherMemberId}`, { roles }).expect(200);
      },
    ],
    [
      'a member of a team gets a role there',
      (of, round) => {
        const path = `${base(of)}/teams/${of.openTeamId}/members/${of.otherTeamMemberId}`;
        return caller.api.patch(path, { role: round % 2 ? 'viewer' : 'r1' }).expect(200);
      },
    ],
  ];

  it.each(grants)('%s as fast as beside a few', async (name, call) => {
    const [few, many] = await comparedOf(name, call);
    if (isFullSize) expect(many! / few!).toBeLessThanOrEqual(RATIO);
  });
});
