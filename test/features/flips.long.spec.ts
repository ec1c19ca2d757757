import type { Test } from 'supertest';
import { teamRoleIds } from '../../src/core/access/index.ts';
import type { Member, Organization } from '../support/actors.ts';
import { codeOf } from '../support/answers.ts';
import type { TestApp } from '../support/app.ts';
import type { Client } from '../support/client.ts';
import { served } from '../support/served.ts';
import { size } from '../support/size.ts';
import { Teams } from '../support/teams.ts';
import { TwoServers } from '../support/two-servers.ts';

const FLIPS = size(48, 1000);
const TIMEOUT_MS = size(30_000, 600_000);

/** Something that an owner gives somebody and takes from them, and what they can do meanwhile. */
interface Switch {
  readonly member: Member;
  /** Gives it or takes it, which it changes each time. */
  readonly turn: (owner: Client, on: boolean) => Test;
  readonly call: (caller: Client) => Test;
  readonly refusal: string;
}

const DENIED = '403 permission_denied';

describe('on two servers over one database', () => {
  let servers: TwoServers;
  let app: TestApp;
  let organization: Organization;
  let teams: Teams;

  beforeAll(async () => {
    servers = await TwoServers.start();
    app = servers.app;
    organization = await app.actors.organization();
    teams = new Teams(app, organization);
  });

  afterAll(() => servers.stop());

  const path = (rest: string) => `/organizations/${organization.id}/${rest}`;
  const create = async (collection: string, body: object): Promise<string> =>
    (await organization.owner.api.post(path(collection), body).expect(201)).body.id;
  const powerless = () => app.actors.member(organization, []);
  /** Changes nothing, and takes `teams:update` on the team. */
  const touch = (team: string) => (caller: Client) => caller.patch(teams.path(team), {});
  const listInvitations = (caller: Client) => caller.get(path('invitations'));

  const kinds: Readonly<Record<string, () => Promise<Switch>>> = {
    'a role is edited': async () => {
      const id = await create('roles', { key: 'edited', name: 'Edited', scope: 'organization', permissions: [] });
      return {
        member: await app.actors.member(organization, ['edited']),
        turn: (owner, on) => owner.patch(path(`roles/${id}`), { permissions: on ? ['invitations:read'] : [] }),
        call: listInvitations,
        refusal: DENIED,
      };
    },
    "a member's roles are changed": async () => {
      const member = await app.actors.member(organization, ['member']);
      return {
        member,
        turn: (owner, on) => owner.patch(path(`members/${member.memberId}`), { roles: [on ? 'admin' : 'member'] }),
        call: listInvitations,
        refusal: DENIED,
      };
    },
    'a member is suspended': async () => {
      const member = await app.actors.member(organization, ['admin'], 'suspended');
      return {
        member,
        turn: (owner, on) => owner.patch(path(`members/${member.memberId}`), { status: on ? 'active' : 'suspended' }),
        call: listInvitations,
        refusal: '403 member_suspended',
      };
    },
    'a role on a team is changed': async () => {
      const [team, member] = [await teams.create(), await powerless()];
      const id = await create(`teams/${team}/members`, { member_id: member.memberId, role: 'viewer' });
      return {
        member,
        turn: (owner, on) => owner.patch(`${teams.path(team)}/members/${id}`, { role: on ? 'admin' : 'viewer' }),
        call: touch(team),
        refusal: DENIED,
      };
    },
    'a team role is edited': async () => {
      const id = await create('roles', { key: 'edited', name: 'Edited', scope: 'team', permissions: [] });
      const [team, member] = [await teams.create(), await powerless()];
      await teams.join(team, member, id);
      return {
        member,
        turn: (owner, on) => owner.patch(path(`roles/${id}`), { permissions: on ? ['teams:update'] : [] }),
        call: touch(team),
        refusal: DENIED,
      };
    },
    'a team is moved': async () => {
      const [own, other, member] = [await teams.create(), await teams.create(), await powerless()];
      const team = await teams.create({ parent_team_id: other });
      await teams.join(own, member, teamRoleIds.admin);
      return {
        member,
        turn: (owner, on) => owner.patch(teams.path(team), { parent_team_id: on ? own : other }),
        call: touch(team),
        refusal: DENIED,
      };
    },
    'a team is hidden': async () => {
      const [team, member] = [await teams.create({ visibility: 'private' }), await teams.holding(['teams:read'])];
      return {
        member,
        turn: (owner, on) => owner.patch(teams.path(team), { visibility: on ? 'organization' : 'private' }),
        call: (caller) => caller.get(teams.path(team)),
        refusal: '404 not_found',
      };
    },
  };

  it(
    `${FLIPS} times, what is changed on one of them counts at the very next request on the other`,
    async () => {
      const switches = await Promise.all(
        Object.entries(kinds).map(async ([what, make]) => ({ what, ...(await make()) })),
      );
      const stale: string[] = [];
      for (let flip = 0; flip < FLIPS; flip += 1) {
        const { what, member, turn, call, refusal } = switches[flip % switches.length]!;
        const round = Math.floor(flip / switches.length);
        const isOn = round % 2 === 0;
        // Each kind is changed on either server, so that each learns of what the other has done.
        const here = Math.floor(round / 2);
        await served(() => turn(servers.at(here, organization.owner.api), isOn).expect(200));
        const answers = [
          await served(() => call(servers.at(here + 1, member.api))),
          await served(() => call(servers.at(here, member.api))),
        ];
        if (answers.some((answer) => (isOn ? answer.status !== 200 : codeOf(answer) !== refusal))) {
          stale.push(`${flip}: ${what}, ${isOn ? 'on' : 'off'}: ${answers.map(codeOf).join(', ')}`);
        }
      }
      expect(stale).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
