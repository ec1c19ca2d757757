import { randomInt } from 'node:crypto';
import {
  everyPermission,
  ORGANIZATION_PARAMETER,
  type Permission,
  permissions,
  type Route,
  TEAM_PARAMETER,
  teamRoleIds,
} from '../../src/core/access/index.ts';
import { parametersIn } from '../../src/core/http/handlers.ts';
import { Dice } from '../fuzz/dice.ts';
import type { Member } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { METHODS, pathOf, Routes } from '../support/routes.ts';
import { size } from '../support/size.ts';
import { Teams } from '../support/teams.ts';

/** What made an organisation can be made again by it: `SEED=… npm test -- access-agreement`. */
const SEED = Number(process.env['SEED'] ?? randomInt(2 ** 31));
const ORGANIZATIONS = size(2, 50);
const TEAMS = 6;
const MEMBERS = 5;
/** Few enough that no call waits for a connection to the database. */
const AT_A_TIME = 8;
const MOST_CHECKS = 100;
const NOWHERE = '';

interface Place {
  readonly permission: Permission;
  /** Empty: in the organisation, on no team. */
  readonly team: string;
}

interface Result {
  readonly permission: Permission;
  readonly team_id?: string;
  readonly allowed: boolean;
  readonly via: readonly object[];
  readonly reason?: string;
}

/** A random organisation: teams beneath each other, some private, and members who hold this and that. */
class World {
  private constructor(
    readonly teams: Teams,
    readonly ids: readonly string[],
    readonly members: readonly Member[],
  ) {}

  static async make(app: TestApp, dice: Dice): Promise<World> {
    const teams = new Teams(app, await app.actors.organization());
    const ids: string[] = [];
    const levels = new Map<string, number>();
    for (let made = 0; made < TEAMS; made += 1) {
      const parent = dice.pick([null, ...ids.filter((id) => levels.get(id)! < 5)]);
      const visibility = dice.pick(['organization', 'private']);
      const id = await teams.create({ parent_team_id: parent, visibility });
      ids.push(id);
      levels.set(id, parent === null ? 1 : levels.get(parent)! + 1);
    }
    const some = (of: readonly Permission[]): Permission[] => of.filter(() => dice.chance(0.4));
    const forTeams = everyPermission.filter((key) => permissions[key].scope === 'team');
    const teamRoles = [
      ...Object.values(teamRoleIds),
      await teams.role(some(forTeams)),
      await teams.role(some(forTeams)),
    ];
    const members: Member[] = [];
    for (let made = 0; made < MEMBERS; made += 1) {
      const member = dice.chance(0.3)
        ? await app.actors.member(teams.organization, [dice.pick(['admin', 'member'])])
        : await teams.holding(some(everyPermission));
      members.push(member);
      for (const id of ids) if (dice.chance(0.25)) await teams.join(id, member, dice.pick(teamRoles));
    }
    return new World(teams, ids, members);
  }

  get base(): string {
    return `/organizations/${this.teams.organization.id}`;
  }

  /** Every permission, in the organisation and on each team. */
  get places(): Place[] {
    return [NOWHERE, ...this.ids].flatMap((team) => everyPermission.map((permission) => ({ permission, team })));
  }
}

const app = await TestApp.start();
const routes = new Routes(app);
const namesIn = ({ path }: Route): string[] => parametersIn(path).filter((name) => name !== ORGANIZATION_PARAMETER);
/** Calls of which an answer tells whether they are let in: on a team, where what is not there is no row in it. */
const doors = routes.inOrganization.filter((route) => {
  const { rule } = route;
  const isClear = !namesIn(route).includes(TEAM_PARAMETER) || namesIn(route).length === 1;
  return rule.kind === 'permission' && isClear && rule.even === null;
});

afterAll(() => app.stop());

const nameOf = ({ permission, team }: Place): string => `${permission} ${team}`;

/** @returns what the checks answer, by permission and team */
async function checked(world: World, caller: Member, about?: Member): Promise<Map<string, Result>> {
  const checks = world.places.map(({ permission, team }) => ({
    permission,
    ...(team !== NOWHERE && { team_id: team }),
    ...(about && { member_id: about.memberId }),
  }));
  const results: Result[] = [];
  while (checks.length > 0) {
    const path = `${world.base}/access/check`;
    const { body } = await caller.api.post(path, { checks: checks.splice(0, MOST_CHECKS) }).expect(200);
    results.push(...body.results);
  }
  return new Map(results.map((result) => [nameOf({ ...result, team: result.team_id ?? NOWHERE }), result]));
}

/** Asks for what no route does, of a row that is not there. @returns whether the caller was let in, and why not */
async function answerAt(world: World, caller: Member, door: Route, team: string): Promise<string> {
  const ids = new Map([
    [ORGANIZATION_PARAMETER, world.teams.organization.id],
    [TEAM_PARAMETER, team],
  ]);
  const body = door.method === 'GET' || door.method === 'DELETE' ? undefined : { nonsense: true };
  const method = METHODS[door.method as keyof typeof METHODS];
  const { status } = await caller.api.outside(method, `${pathOf(door, ids)}?nonsense=1`, body);
  const absent = team === NOWHERE ? 'allowed' : 'team_not_found';
  return { 422: 'allowed', 403: 'not_granted', 404: absent }[status] ?? `status ${status}`;
}

const toldBy = ({ allowed, reason }: Result): string => reason ?? (allowed ? 'allowed' : 'refused');

describe.each(Array.from({ length: ORGANIZATIONS }, (_, number) => number))(
  `organization %s of seed ${SEED}`,
  (number) => {
    let world: World;

    beforeAll(async () => {
      world = await World.make(app, new Dice(SEED, number));
    });

    it('lets everybody in where a check says so, and nowhere else', async () => {
      for (const member of world.members) {
        const results = await checked(world, member);
        const calls = doors.flatMap((door) => {
          const { rule, path } = door;
          const places = parametersIn(path).includes(TEAM_PARAMETER) ? world.ids : [NOWHERE];
          return rule.kind === 'permission' ? places.map((team) => ({ door, permission: rule.permission, team })) : [];
        });
        const expected = calls.map((call) => [nameOf(call), toldBy(results.get(nameOf(call))!)]);
        const found: [string, string][] = [];
        while (calls.length > 0) {
          const answers = calls
            .splice(0, AT_A_TIME)
            .map(async (call): Promise<[string, string]> => [
              nameOf(call),
              await answerAt(world, member, call.door, call.team),
            ]);
          found.push(...(await Promise.all(answers)));
        }
        expect(found).toEqual(expected);
      }
    });

    it('tells everybody the same of themselves, however they ask', async () => {
      for (const member of world.members) {
        const results = await checked(world, member);
        const { body } = await member.api.get(`${world.base}/access`).expect(200);
        const allowedOn = (team: string) =>
          everyPermission.filter((permission) => results.get(nameOf({ permission, team }))!.allowed);
        expect(body.permissions).toEqual(allowedOn(NOWHERE));
        for (const { team_id: team, permissions: there } of body.teams) {
          expect(there).toEqual(allowedOn(team).filter((key) => permissions[key].scope === 'team'));
        }
        const reads = allowedOn(NOWHERE).includes('roles:read');
        const itself = await member.api.get(`${world.base}/members/me/access`).expect(reads ? 200 : 403);
        if (reads) expect(keysOf(itself.body)).toEqual(keysOf(body));
      }
    });

    it('tells an owner of everybody what they are told themselves, and where it comes from', async () => {
      const auditor = await app.actors.member(world.teams.organization, ['owner']);
      for (const member of world.members) {
        const [own, told] = [await checked(world, member), await checked(world, auditor, member)];
        const bare = ({ allowed, via, reason }: Result) => ({ allowed, via, reason });
        expect([...told].map(([name, result]) => [name, bare(result)])).toEqual(
          [...own].map(([name, result]) => [name, bare(result)]),
        );
        const { body } = await auditor.api.get(`${world.base}/members/${member.memberId}/access`).expect(200);
        const viaOn = (team: string) =>
          everyPermission
            .map((permission) => ({ permission, via: own.get(nameOf({ permission, team }))!.via }))
            .filter(({ via }) => via.length > 0);
        expect(body.permissions).toEqual(viaOn(NOWHERE));
        for (const { team_id: team, permissions: there } of body.teams) {
          expect(there).toEqual(viaOn(team).filter(({ permission }) => permissions[permission].scope === 'team'));
        }
      }
    });
  },
);

it('is tried by a call for every permission that a call takes', () => {
  const tried = new Set(doors.map(({ rule }) => rule.kind === 'permission' && rule.permission));
  expect(everyPermission.filter((key) => !tried.has(key))).toEqual(['teams:read_private']);
});

interface Listed {
  readonly permissions: readonly { readonly permission: string }[] | readonly string[];
}

/** @returns an access without where it comes from */
function keysOf(access: Listed & { readonly teams: readonly Listed[]; readonly [member: string]: unknown }): object {
  const { status: _status, ...rest } = access;
  const bare = <T extends Listed>(listed: T) => ({
    ...listed,
    permissions: listed.permissions.map((one) => (typeof one === 'string' ? one : one.permission)),
  });
  return { ...bare(rest), teams: access.teams.map(bare) };
}
