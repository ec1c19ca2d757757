import type { Response } from 'supertest';
import { v7 as uuid } from 'uuid';
import { systemRoleIds, teamRoleIds } from '../../src/core/access/index.ts';
import type { Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { crowd } from '../support/crowd.ts';
import { invite } from '../support/invited.ts';
import { Teams } from '../support/teams.ts';

describe('a role that is deleted', () => {
  let app: TestApp;
  let organization: Organization;
  let teams: Teams;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
    teams = new Teams(app, organization);
  });

  const base = () => `/organizations/${organization.id}`;
  const path = (id: string, reassignTo?: string) =>
    `${base()}/roles/${id}${reassignTo === undefined ? '' : `?reassign_to=${reassignTo}`}`;
  const owner = () => organization.owner.api;
  const make = async (fields: object = {}): Promise<string> => {
    const role = { key: 'billing', name: 'Billing', scope: 'organization', permissions: ['members:read'], ...fields };
    return (await owner().post(`${base()}/roles`, role).expect(201)).body.id;
  };
  const makeForTeams = (fields: object = {}) =>
    make({ key: 'lead', scope: 'team', permissions: ['teams:read'], ...fields });
  const holder = (roles: readonly string[], status: 'active' | 'suspended' = 'active') =>
    app.actors.member(organization, roles, status);
  const code = ({ status, body }: Response) => `${status} ${body.code}`;
  const refused = async (call: () => PromiseLike<Response>) => {
    const answer = await app.changingNothing(async () => await call());
    const [error] = answer.body.errors ?? [];
    return error ? `${code(answer)} ${error.parameter} ${error.code}` : code(answer);
  };
  const member = async ({ memberId }: Member) => (await owner().get(`${base()}/members/${memberId}`).expect(200)).body;
  const row = async (table: string, id: string) =>
    (
      await app.database.query(`select * from ${table} where organization_id = $1 and id = $2`, [organization.id, id])
    )[0]!;
  const eventsOf = (id: string) =>
    app.database.query(
      `select action, actor_id, actor_member_id, team_id, request_id, changes from audit_events
         where organization_id = $1 and target_id = $2 order by id`,
      [organization.id, id],
    );

  it('is gone, with an event, and its key is free', async () => {
    const id = await make();
    await owner().delete(path(id)).expect(204);
    await owner().delete(path(id)).expect(404);
    expect((await eventsOf(id)).map(({ action }) => action)).toEqual(['role.created', 'role.deleted']);
    expect(await make()).not.toBe(id);
  });

  it('compares If-Match', async () => {
    const id = await make();
    await owner().patch(path(id), { name: 'Other' }).expect(200);
    expect(await refused(() => owner().delete(path(id)).set('If-Match', '"1.x"'))).toBe('412 precondition_failed');
  });

  describe('in use', () => {
    it.each(['active', 'suspended'] as const)('by somebody who holds it, %s, stays', async (status) => {
      const id = await make();
      await holder(['billing'], status);
      expect(await refused(() => owner().delete(path(id)))).toBe('409 role_in_use');
    });

    it('by somebody on a team, a private or deleted one too, stays', async () => {
      const id = await makeForTeams();
      const team = await teams.create({ visibility: 'private' });
      const admin = await holder(['admin']);
      await teams.join(team, await holder([]), id);
      expect(await refused(() => admin.api.delete(path(id)))).toBe('409 role_in_use');
      await owner().delete(teams.path(team)).expect(204);
      expect(await refused(() => admin.api.delete(path(id)))).toBe('409 role_in_use');
    });

    it('by an invitation that is pending stays, until that is over', async () => {
      const [id, ofTeams] = [await make(), await makeForTeams()];
      const team = await teams.create();
      const { id: invitation } = await invite(app.database, organization, {
        roles: ['billing'],
        teams: { [team]: 'lead' },
      });
      expect(await refused(() => owner().delete(path(id)))).toBe('409 role_in_use');
      expect(await refused(() => owner().delete(path(ofTeams)))).toBe('409 role_in_use');
      await owner().delete(`${base()}/invitations/${invitation}`).expect(204);
      await owner().delete(path(id)).expect(204);
      await owner().delete(path(ofTeams)).expect(204);
      expect((await owner().get(`${base()}/invitations/${invitation}`).expect(200)).body).toMatchObject({
        roles: [],
        teams: [],
      });
    });

    it('by an invitation whose time is over is not: that is sent again to nobody', async () => {
      const id = await make();
      const [gone, other] = [
        await invite(app.database, organization, { roles: ['billing'] }),
        await invite(app.database, organization, { roles: ['billing', 'member'] }),
      ];
      await app.database.query(`update invitations set expires_at = now() where organization_id = $1`, [
        organization.id,
      ]);
      await owner().delete(path(id)).expect(204);
      const resend = (invitation: string) => owner().post(`${base()}/invitations/${invitation}/resend`);
      expect(await refused(() => resend(gone.id))).toBe('409 conflict');
      expect((await resend(other.id).expect(200)).body.roles).toEqual(['member']);
    });

    it('by an offer of ownership that waits stays', async () => {
      const id = await make();
      const heir = await holder(['member']);
      const proposed = { member_id: heir.memberId, keep_role: 'billing' };
      const { body } = await owner().post(`${base()}/ownership-transfers`, proposed).expect(201);
      expect(await refused(() => owner().delete(path(id)))).toBe('409 role_in_use');
      await owner().delete(`${base()}/ownership-transfers/${body.id}`).expect(204);
      await owner().delete(path(id)).expect(204);
    });
  });

  describe('with another in its place', () => {
    it('is that other one for whoever holds it, with an event for each', async () => {
      const id = await make();
      const [one, both, asleep] = [
        await holder(['billing']),
        await holder(['billing', 'member']),
        await holder(['admin', 'billing'], 'suspended'),
      ];
      const requestId = `reassign-${uuid()}`;
      await owner().delete(path(id, 'member')).set('X-Request-Id', requestId).expect(204);
      const found = await Promise.all([one, both, asleep].map(member));
      expect(found.map(({ roles, status }) => [roles, status])).toEqual([
        [['member'], 'active'],
        [['member'], 'active'],
        [['admin', 'member'], 'suspended'],
      ]);
      for (const { memberId } of [one, both, asleep]) expect((await row('members', memberId))['version']).toBe(2);
      expect(await eventsOf(asleep.memberId)).toEqual([
        {
          action: 'member.updated',
          actor_id: organization.owner.userId,
          actor_member_id: expect.any(String),
          team_id: null,
          request_id: requestId,
          changes: { roles: { from: ['admin', 'billing'], to: ['admin', 'member'] } },
        },
      ]);
      expect((await eventsOf(both.memberId)).map(({ changes }) => changes)).toEqual([
        { roles: { from: ['billing', 'member'], to: ['member'] } },
      ]);
      expect((await eventsOf(id)).at(-1)).toMatchObject({
        action: 'role.deleted',
        changes: {
          key: { from: 'billing', to: null },
          scope: { from: 'organization', to: null },
          name: { from: 'Billing', to: null },
          permissions: { from: ['members:read'], to: null },
          reassigned_to: { from: null, to: 'member' },
        },
      });
      await one.api.get(`${base()}/teams`).expect(200);
    });

    it('is that on teams, also on those that whoever deletes it does not see', async () => {
      const id = await makeForTeams();
      const own = await makeForTeams({ key: 'guest' });
      const manager = await teams.holding(['roles:manage', 'teams:read', 'teams:read_private']);
      const [hidden, gone] = [await teams.create({ visibility: 'private' }), await teams.create()];
      const somebody = await holder([]);
      for (const team of [hidden, gone]) await teams.join(team, somebody, id);
      await owner().delete(teams.path(gone)).expect(204);
      await manager.api.delete(path(id, 'guest')).expect(204);
      const places = await app.database.query(
        'select id, team_id, role_id, version from team_members where organization_id = $1 and member_id = $2',
        [organization.id, somebody.memberId],
      );
      expect(places).toHaveLength(2);
      for (const place of places) {
        expect(place).toMatchObject({ role_id: own, version: 2 });
        expect(await eventsOf(place['id'])).toEqual([
          expect.objectContaining({
            action: 'team_member.updated',
            actor_member_id: manager.memberId,
            team_id: place['team_id'],
            changes: { role: { from: 'lead', to: 'guest' } },
          }),
        ]);
      }
    });

    it('is that for whoever is invited, also to a team that was deleted', async () => {
      const [id, ofTeams] = [await make(), await makeForTeams()];
      const [team, gone] = [await teams.create(), await teams.create()];
      const terms = { roles: ['billing'], teams: { [team]: 'lead', [gone]: 'lead' } };
      const one = await invite(app.database, organization, terms);
      const both = await invite(app.database, organization, { roles: ['billing', 'member'] });
      await owner().delete(teams.path(gone)).expect(204);
      await owner().delete(path(id, 'member')).expect(204);
      await owner().delete(path(ofTeams, 'viewer')).expect(204);
      const read = async (invitation: string) =>
        (await owner().get(`${base()}/invitations/${invitation}`).expect(200)).body;
      expect(await read(one.id)).toMatchObject({ roles: ['member'], teams: [{ team_id: team, role: 'viewer' }] });
      expect(await read(both.id)).toMatchObject({ roles: ['member'] });
      expect([(await row('invitations', one.id))['version'], (await row('invitations', both.id))['version']]).toEqual([
        3, 2,
      ]);
      const changesOf = async (invitation: string) =>
        (await eventsOf(invitation)).map(({ action, actor_id, team_id, changes }) => [
          action,
          actor_id,
          team_id,
          changes,
        ]);
      const told = (changes: object) => ['invitation.updated', organization.owner.userId, null, changes];
      expect(await changesOf(one.id)).toEqual([
        told({ roles: { from: ['billing'], to: ['member'] } }),
        told({ teams: { changed: true } }),
      ]);
      expect(await changesOf(both.id)).toEqual([told({ roles: { from: ['billing', 'member'], to: ['member'] } })]);
      const accepted = await app.anonymous.post('/invitations/accept', {
        token: one.token,
        name: 'Gus',
        password: 'correct horse battery',
      });
      expect(accepted.body.membership.roles).toEqual(['member']);
      await owner()
        .post(`${teams.path(gone)}/restore`)
        .expect(200);
    });

    it('is promised by whoever put it there, and by nobody else any more', async () => {
      const id = await make();
      const admin = await holder(['admin']);
      const { token } = await invite(app.database, organization, { roles: ['billing'] });
      await admin.api.delete(path(id, 'admin')).expect(204);
      await owner().delete(`${base()}/members/${admin.memberId}`).expect(204);
      const answer = await app.anonymous.post('/invitations/accept', {
        token,
        name: 'Gus',
        password: 'correct horse battery',
      });
      expect(code(answer)).toBe('410 invitation_void');
    });

    it('is never in place of a role of the system, whatever the server asks for', async () => {
      const id = await make();
      const reassign = (from: string, to: string) =>
        app.database.query(
          `select app.reassign_role($3, $4, 10) from
             (select set_config('app.user_id', $1, true), set_config('app.organization_id', $2, true) offset 0) as scope`,
          [organization.owner.userId, organization.id, from, to],
        );
      await expect(app.changingNothing(() => reassign(systemRoleIds.owner, id))).rejects.toThrow('no rows');
      await reassign(id, systemRoleIds.member);
    });

    it('stays where an owner is to keep it, until they have cancelled their offer', async () => {
      const [id, ofTeams] = [await make(), await makeForTeams({ key: 'billing' })];
      const heir = await holder(['member']);
      const proposed = { member_id: heir.memberId, keep_role: 'billing' };
      const { body } = await owner().post(`${base()}/ownership-transfers`, proposed).expect(201);
      for (const target of ['owner', 'member']) {
        const answer = await app.changingNothing(() => owner().delete(path(id, target)));
        expect([code(answer), answer.body.detail]).toEqual(['409 role_in_use', expect.stringContaining('Cancel')]);
      }
      await owner().delete(path(ofTeams, 'viewer')).expect(204);
      expect((await row('ownership_transfers', body.id))['keep_role']).toBe('billing');
      await owner().delete(`${base()}/ownership-transfers/${body.id}`).expect(204);
      await owner().delete(path(id, 'member')).expect(204);
    });

    it.each([
      ['itself', 'billing'],
      ['no role', 'nothing'],
      ['a team role', 'viewer'],
      ['an empty key', ''],
    ])('is refused for %s', async (_case, key) => {
      const id = await make();
      expect(await refused(() => owner().delete(path(id, key)))).toBe('422 validation_failed reassign_to unknown');
    });

    it("is refused for the organization's role on teams", async () => {
      const id = await makeForTeams();
      await make();
      expect(await refused(() => owner().delete(path(id, 'billing')))).toBe(
        '422 validation_failed reassign_to unknown',
      );
      expect(await refused(() => owner().delete(`${path(id)}?reassign=member`))).toBe(
        '422 validation_failed reassign unknown',
      );
    });
  });

  describe('by somebody who holds less', () => {
    const manager = async (permissions: readonly string[]): Promise<Member> => {
      await make({ key: 'manager', permissions });
      return holder(['manager']);
    };
    const missing = async (call: () => PromiseLike<Response>): Promise<readonly string[]> => {
      const answer = await app.changingNothing(async () => await call());
      expect(code(answer)).toBe('403 grant_exceeds_own');
      return answer.body.missing_permissions;
    };

    it('stays where it permits more', async () => {
      const id = await make();
      const { api } = await manager(['roles:manage']);
      expect(await missing(() => api.delete(path(id)))).toEqual(['members:read']);
    });

    it('is no way to give more', async () => {
      const id = await make();
      const { api } = await manager(['roles:manage', 'members:read']);
      await holder(['billing']);
      expect(await missing(() => api.delete(path(id, 'admin')))).toContain('members:update');
      expect(await missing(() => api.delete(path(id, 'owner')))).toContain('organization:delete');
    });

    it('is no way to change who holds more', async () => {
      const id = await make();
      const admin = await holder(['admin']);
      await holder(['billing', 'owner'], 'suspended');
      expect(await missing(() => admin.api.delete(path(id, 'member')))).toEqual([
        'organization:delete',
        'organization:transfer',
      ]);
      expect(await refused(() => admin.api.delete(path(id)))).toBe('409 role_in_use');
    });
  });

  it('is another one for thousands at once, each with an event', async () => {
    const SIZE = 2_500;
    const id = await make();
    await crowd(app.database, organization, SIZE);
    await app.database.query('update member_roles set role_id = $2 where organization_id = $1 and role_id = $3', [
      organization.id,
      id,
      systemRoleIds.member,
    ]);
    await owner().delete(path(id, 'admin')).expect(204);
    const [counted] = await app.database.query(
      `select count(*)::int as holders,
          (select count(*)::int from audit_events where organization_id = $1 and action = 'member.updated') as events
         from member_roles where organization_id = $1 and role_id = $2`,
      [organization.id, systemRoleIds.admin],
    );
    expect(counted).toEqual({ holders: SIZE, events: SIZE });
  });

  it('leaves system roles on teams as they are', async () => {
    const id = await makeForTeams();
    await teams.join(await teams.create(), await holder([]), id);
    await owner().delete(path(id, 'viewer')).expect(204);
    const held = await app.database.query('select role_id from team_members where organization_id = $1', [
      organization.id,
    ]);
    expect(held).toEqual([{ role_id: teamRoleIds.viewer }]);
  });
});
