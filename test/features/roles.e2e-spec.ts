import type { Response, Test } from 'supertest';
import { v7 as uuid } from 'uuid';
import { permissions, permissionsOf, systemRoleIds, teamRoleIds } from '../../src/core/access/index.ts';
import type { Actor, Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import type { Client } from '../support/client.ts';
import { Teams } from '../support/teams.ts';

describe('roles', () => {
  let app: TestApp;
  let organization: Organization;
  let admin: Member;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
    admin = await app.actors.member(organization, ['admin']);
  });

  const path = (id = '') => `/organizations/${organization.id}/roles${id && `/${id}`}`;
  const owner = () => organization.owner.api;
  const draft = (fields: object = {}) => ({
    key: 'billing',
    name: 'Billing',
    scope: 'organization',
    permissions: ['members:read', 'invitations:read'],
    ...fields,
  });
  const make = async (fields: object = {}) => (await owner().post(path(), draft(fields)).expect(201)).body;
  const holder = (key: string, status: 'active' | 'suspended' = 'active') =>
    app.actors.member(organization, [key], status);
  const holding = async (held: readonly string[]): Promise<Member> => {
    const key = `h${uuid().slice(-12)}`;
    await make({ key, permissions: held });
    return holder(key);
  };
  /** Invites somebody. @returns how they accept */
  const promised = async (inviter: Client, { api, email }: Actor, terms: object): Promise<() => Test> => {
    const invitation = { email, deliver: false, ...terms };
    const { body } = await inviter.post(`/organizations/${organization.id}/invitations`, invitation).expect(201);
    const token = /[\w-]+$/.exec(body.accept_url)![0];
    return () => api.post('/invitations/accept', { token });
  };
  const events = (id: string) =>
    app.database.query(
      `select action, actor_member_id, changes from audit_events where organization_id = $1 and target_id = $2 order by id`,
      [organization.id, id],
    );
  const code = ({ status, body }: Response) => `${status} ${body.code}`;
  const refusal = async (call: () => PromiseLike<Response>) => {
    const answer = await app.changingNothing(async () => await call());
    const [error] = answer.body.errors ?? [];
    return error ? `${code(answer)} ${error.pointer ?? error.parameter} ${error.code}` : code(answer);
  };

  describe('POST', () => {
    it('makes one, which is given by its key', async () => {
      const answer = await owner()
        .post(path(), draft({ description: 'Invoices' }))
        .expect(201);
      expect(answer.body).toEqual({
        id: expect.any(String),
        organization_id: organization.id,
        key: 'billing',
        name: 'Billing',
        description: 'Invoices',
        scope: 'organization',
        system: false,
        permissions: ['invitations:read', 'members:read'],
        created_at: expect.any(String),
        updated_at: expect.any(String),
      });
      expect(answer.headers['location']).toBe(`/api/v1${path(answer.body.id)}`);
      expect(answer.headers['etag']).toMatch(/^"1\./);
      expect(await events(answer.body.id)).toEqual([
        {
          action: 'role.created',
          actor_member_id: expect.any(String),
          changes: {
            key: { from: null, to: 'billing' },
            scope: { from: null, to: 'organization' },
            name: { from: null, to: 'Billing' },
            description: { changed: true },
            permissions: { from: null, to: ['invitations:read', 'members:read'] },
          },
        },
      ]);
      const member = await app.actors.member(organization);
      const invitations = `/organizations/${organization.id}/invitations`;
      await member.api.get(invitations).expect(403);
      const roles = { roles: ['billing', 'member'] };
      await owner().patch(`/organizations/${organization.id}/members/${member.memberId}`, roles).expect(200);
      await member.api.get(invitations).expect(200);
    });

    it('makes one that permits nothing, and one of the same key for teams', async () => {
      expect((await make({ permissions: [] })).permissions).toEqual([]);
      expect((await make({ scope: 'team', permissions: ['teams:read'] })).scope).toBe('team');
    });

    it.each([
      [
        "the organization's on a team",
        { scope: 'team', permissions: ['teams:read', 'members:read'] },
        '422 validation_failed /permissions/1 refused',
      ],
      ['capitals in a key', { key: 'Billing' }, '422 validation_failed /key pattern'],
      ['a key that goes on after its end', { key: 'billing\n' }, '422 validation_failed /key pattern'],
      ['a key too long', { key: 'b'.repeat(49) }, '422 validation_failed /key max_length'],
      ['another scope', { scope: 'user' }, '422 validation_failed /scope choice'],
      ['no name', { name: ' ' }, '422 validation_failed /name min_length'],
    ])('refuses %s', async (_case, fields, expected) => {
      expect(await refusal(() => owner().post(path(), draft(fields)))).toBe(expected);
    });

    it('refuses a key that is taken in its scope', async () => {
      await make();
      expect(await refusal(() => owner().post(path(), draft()))).toBe('409 already_exists /key taken');
    });

    it('makes nothing that permits more than its maker may', async () => {
      const manager = await holding(['roles:manage', 'members:read']);
      const answer = await manager.api.post(path(), draft());
      expect([code(answer), answer.body.missing_permissions]).toEqual(['403 grant_exceeds_own', ['invitations:read']]);
      await manager.api.post(path(), draft({ permissions: ['members:read', 'roles:manage'] })).expect(201);
      const beyond = draft({ key: 'root', permissions: Object.keys(permissions) });
      expect((await admin.api.post(path(), beyond)).body.missing_permissions).toEqual([
        'organization:delete',
        'organization:transfer',
      ]);
      await owner().post(path(), beyond).expect(201);
    });

    it('counts nothing that is held on teams: a role is for the whole organization', async () => {
      const teams = new Teams(app, organization);
      const manager = await holding(['roles:manage']);
      await teams.join(await teams.create(), manager, teamRoleIds.admin);
      const answer = await manager.api.post(path(), draft({ scope: 'team', permissions: ['teams:update'] }));
      expect([code(answer), answer.body.missing_permissions]).toEqual(['403 grant_exceeds_own', ['teams:update']]);
    });
  });

  describe('GET', () => {
    const keys = async (query = '') => {
      const { body } = await admin.api.get(`${path()}${query}`).expect(200);
      return body.data.map(({ key, scope }: { key: string; scope: string }) => `${scope}/${key}`);
    };

    it('lists those of the system as well, with what they permit', async () => {
      const { body } = await admin.api.get(path()).expect(200);
      expect(body.data).toHaveLength(6);
      const [found] = body.data.filter(({ id }: { id: string }) => id === systemRoleIds.member);
      expect(found).toMatchObject({ key: 'member', scope: 'organization', system: true });
      const definition = { scope: 'organization', key: 'member', system: true, permissions: [] } as const;
      expect(found.permissions).toEqual(permissionsOf(definition).toSorted());
      expect((await admin.api.get(path(systemRoleIds.member)).expect(200)).body).toEqual(found);
    });

    it('is filtered, searched and sorted', async () => {
      await make({ name: 'Zeta' });
      await make({ key: 'lead', name: 'Alpha', scope: 'team', permissions: [] });
      expect(await keys('?system=false')).toEqual(['team/lead', 'organization/billing']);
      expect(await keys('?system=false&sort=key')).toEqual(['organization/billing', 'team/lead']);
      expect(await keys('?system=false&sort=-created_at')).toEqual(['team/lead', 'organization/billing']);
      expect(await keys('?scope=team&sort=key')).toEqual(['team/admin', 'team/lead', 'team/member', 'team/viewer']);
      expect(await keys('?scope=organization&system=true&sort=key')).toEqual([
        'organization/admin',
        'organization/member',
        'organization/owner',
      ]);
      expect(await keys('?q=zET')).toEqual(['organization/billing']);
      expect(await keys('?q=bill')).toEqual(['organization/billing']);
      expect(await refusal(() => admin.api.get(`${path()}?system=yes`))).toBe('422 validation_failed system choice');
    });

    it('shows what is in the catalogue alone: anything else permits nothing', async () => {
      const { id } = await make({ permissions: ['members:read'] });
      await app.database.query(`update roles set permissions = '{members:read,gone:by,MEMBERS:UPDATE}' where id = $1`, [
        id,
      ]);
      const read = await admin.api.get(path(id)).expect(200);
      expect(read.body.permissions).toEqual(['members:read']);
      await admin.api.patch(path(id), { name: 'Other' }).expect(200);
    });

    it('knows no role of another organization', async () => {
      const elsewhere = await app.actors.organization();
      const { body } = await elsewhere.owner.api.post(`/organizations/${elsewhere.id}/roles`, draft()).expect(201);
      expect(await refusal(() => owner().get(path(body.id)))).toBe('404 not_found');
    });

    it('is kept by whoever has read it, until it changes', async () => {
      const { id } = await make();
      const { headers } = await admin.api.get(path(id)).expect(200);
      await admin.api
        .get(path(id))
        .set('If-None-Match', headers['etag'] ?? '')
        .expect(304);
    });
  });

  describe('PATCH', () => {
    it('changes it for all who hold it, from their next request on', async () => {
      const { id } = await make();
      const member = await holder('billing');
      const invitations = `/organizations/${organization.id}/invitations`;
      await member.api.get(invitations).expect(200);
      const answer = await admin.api.patch(path(id), { permissions: ['members:read'] }).expect(200);
      expect(answer.body.permissions).toEqual(['members:read']);
      expect(answer.headers['etag']).toMatch(/^"2\./);
      await member.api.get(invitations).expect(403);
      expect((await events(id)).at(-1)).toEqual({
        action: 'role.updated',
        actor_member_id: admin.memberId,
        changes: { permissions: { from: ['invitations:read', 'members:read'], to: ['members:read'] } },
      });
    });

    it('leaves as it is what is sent as it is, in any order', async () => {
      const { id } = await make();
      const same = { name: 'Billing', description: null, permissions: ['members:read', 'invitations:read'] };
      const answer = await owner().patch(path(id), same).expect(200);
      expect(answer.headers['etag']).toMatch(/^"1\./);
      expect(await events(id)).toHaveLength(1);
    });

    it('compares If-Match', async () => {
      const { id } = await make();
      const { headers } = await owner().get(path(id));
      const rename = (name: string) =>
        owner()
          .patch(path(id), { name })
          .set('If-Match', headers['etag'] ?? '');
      await rename('One').expect(200);
      expect(code(await rename('Two'))).toBe('412 precondition_failed');
    });

    it('refuses null for permissions', async () => {
      const { id } = await make();
      expect(await refusal(() => owner().patch(path(id), { permissions: null }))).toBe(
        '422 validation_failed /permissions type',
      );
    });

    it('takes what it permitted and what it is to permit', async () => {
      const { id } = await make();
      const manager = await holding(['roles:manage', 'members:read']);
      for (const body of [{ permissions: [] }, { name: 'Nothing' }, { permissions: ['members:read'] }]) {
        const answer = await app.changingNothing(() => manager.api.patch(path(id), body));
        expect(answer.body).toMatchObject({ code: 'grant_exceeds_own', missing_permissions: ['invitations:read'] });
      }
      const own = await make({ key: 'own', permissions: ['members:read'] });
      expect(
        (await manager.api.patch(path(own.id), { permissions: ['teams:create'] })).body.missing_permissions,
      ).toEqual(['teams:create']);
      await manager.api.patch(path(own.id), { permissions: [] }).expect(200);
    });

    it('does not raise its own holder', async () => {
      const { id } = await make({ permissions: ['roles:manage'] });
      const manager = await holder('billing');
      const answer = await manager.api.patch(path(id), { permissions: ['roles:manage', 'members:update'] });
      expect(answer.body).toMatchObject({ code: 'grant_exceeds_own', missing_permissions: ['members:update'] });
    });

    it.each(['active', 'suspended'] as const)('befalls nobody who holds more, %s', async (status) => {
      const { id } = await make({ permissions: ['members:read'] });
      await app.actors.member(organization, ['billing', 'owner'], status);
      const answer = await app.changingNothing(() => admin.api.patch(path(id), { name: 'Other' }));
      expect(answer.body).toMatchObject({
        code: 'grant_exceeds_own',
        missing_permissions: ['organization:delete', 'organization:transfer'],
      });
      await owner().patch(path(id), { name: 'Other' }).expect(200);
    });

    describe('that is held by somebody who is powerful on a team', () => {
      const nine = async () => {
        await make({ key: 'nine', permissions: ['members:read'] });
        await make({ key: 'eight', permissions: [] });
        const { body } = await owner().get(`${path()}?q=nine`).expect(200);
        return { id: body.data[0].id as string, member: await holder('nine') };
      };
      const manager = () => holding(['roles:manage', 'roles:read', 'members:update', 'members:read', 'teams:read']);

      it('is changed and deleted by nobody who may not change them', async () => {
        const { id, member } = await nine();
        const [teams, { api }] = [new Teams(app, organization), await manager()];
        const team = await teams.create();
        await teams.join(team, member, teamRoleIds.admin);
        const missing: string[][] = [];
        for (const call of [
          () => api.patch(`/organizations/${organization.id}/members/${member.memberId}`, { roles: ['eight'] }),
          () => api.patch(path(id), { name: 'Other' }),
          () => api.delete(`${path(id)}?reassign_to=eight`),
        ]) {
          const answer = await app.changingNothing(call);
          expect(code(answer)).toBe('403 grant_exceeds_own');
          missing.push(answer.body.missing_permissions);
        }
        expect(missing[0]).toContain('team_members:manage');
        expect(missing).toEqual([missing[0], missing[0], missing[0]]);
        const asked = { role_id: id, permissions: [] };
        const told = await api.post(path('preview'), asked).expect(200);
        expect(told.body.missing_permissions).toEqual(missing[0]);
      });

      it('is changed by whoever is as powerful there, and where nobody sees that team', async () => {
        const { id, member } = await nine();
        const [teams, above, outside] = [new Teams(app, organization), await manager(), await manager()];
        const [top, team] = await teams.chain(2);
        const hidden = await teams.create({ visibility: 'private' });
        await teams.join(top!, above, teamRoleIds.admin);
        await teams.join(hidden, member, teamRoleIds.admin);
        await outside.api.patch(path(id), { name: 'One' }).expect(200);
        await teams.join(team!, member, teamRoleIds.admin);
        expect(await refusal(() => outside.api.patch(path(id), { name: 'Two' }))).toBe('403 grant_exceeds_own');
        await above.api.patch(path(id), { name: 'Two' }).expect(200);
        await above.api.delete(`${path(id)}?reassign_to=eight`).expect(204);
      });
    });

    it('judges it too where nothing is changed by it', async () => {
      const { id } = await make();
      const manager = await holding(['roles:manage']);
      for (const body of [{}, { name: 'Billing' }])
        expect(await refusal(() => manager.api.patch(path(id), body))).toBe('403 grant_exceeds_own');
    });

    describe('of teams', () => {
      const managing = ['roles:manage', 'roles:read', 'teams:read', 'team_members:read', 'team_members:manage'];
      const missing = async (call: () => Test): Promise<unknown> => {
        const { status, body } = await app.changingNothing(async () => await call());
        return status < 300 ? [] : body.missing_permissions;
      };

      it('takes what it permits, and nothing of what its holders may do besides', async () => {
        const { id } = await make({ scope: 'team', permissions: ['teams:read'] });
        const teams = new Teams(app, organization);
        const superior = await app.actors.member(organization, ['owner']);
        await teams.join(await teams.create(), superior, id);
        const manager = await holding([...managing, 'teams:read_private']);
        await manager.api.patch(path(id), { name: 'Guest' }).expect(200);
        expect(await missing(() => manager.api.patch(path(id), { permissions: ['teams:delete'] }))).toEqual([
          'teams:delete',
        ]);
      });

      it('takes to see private ones, in which it may be held', async () => {
        const { id } = await make({ scope: 'team', permissions: [] });
        const { api } = await holding(managing);
        const edit = { permissions: ['team_members:manage'] };
        const unseen = async () => [
          await missing(() => api.patch(path(id), edit)),
          await missing(() => api.patch(path(id), {})),
          await missing(() => api.delete(`${path(id)}?reassign_to=viewer`)),
          (await api.post(path('preview'), { role_id: id, ...edit }).expect(200)).body.missing_permissions,
        ];
        const nobodyHoldsIt = await unseen();
        const teams = new Teams(app, organization);
        const member = await app.actors.member(organization);
        await teams.join(await teams.create({ visibility: 'private' }), member, id);
        expect(await unseen()).toEqual(nobodyHoldsIt);
        expect(nobodyHoldsIt).toEqual(Array.from({ length: 4 }, () => ['teams:read_private']));
      });

      it('are made and, while nobody holds them, deleted without seeing private ones', async () => {
        const { api } = await holding(managing);
        const made = await api.post(path(), draft({ scope: 'team', permissions: ['team_members:manage'] })).expect(201);
        await api.delete(path(made.body.id)).expect(204);
      });
    });
  });

  it('voids the invitation whose inviter may give it no more, until they may again', async () => {
    const { id } = await make({ key: 'helper', permissions: ['members:read'] });
    const inviter = await holding(['invitations:create', 'members:read']);
    const accept = await promised(inviter.api, await app.actors.user(), { roles: ['helper'] });
    await owner()
      .patch(path(id), { permissions: ['members:read', 'members:update'] })
      .expect(200);
    expect(await refusal(accept)).toBe('410 invitation_void');
    await owner()
      .patch(path(id), { permissions: ['members:read'] })
      .expect(200);
    await accept().expect(200);
  });

  describe('of teams, made by the organization', () => {
    it('are given and promised by their key', async () => {
      const { id } = await make({
        key: 'lead',
        scope: 'team',
        permissions: ['team_members:manage', 'team_members:read'],
      });
      const teams = new Teams(app, organization);
      const team = await teams.create();
      const member = await app.actors.member(organization, []);
      const other = await app.actors.member(organization, []);
      const added = await owner()
        .post(`${teams.path(team)}/members`, { member_id: member.memberId, role: 'lead' })
        .expect(201);
      expect(added.body.role).toBe('lead');
      const second = { member_id: other.memberId, role: 'viewer' };
      const { body } = await owner()
        .post(`${teams.path(team)}/members`, second)
        .expect(201);
      await member.api.patch(`${teams.path(team)}/members/${body.id}`, { role: 'lead' }).expect(403);
      await owner()
        .patch(`${teams.path(team)}/members/${body.id}`, { role: 'lead' })
        .expect(200);
      await member.api.delete(`${teams.path(team)}/members/${body.id}`).expect(204);
      const grace = await app.actors.user();
      const accept = await promised(owner(), grace, { roles: ['member'], teams: [{ team_id: team, role: 'lead' }] });
      expect(await refusal(() => owner().delete(path(id)))).toBe('409 role_in_use');
      await accept().expect(200);
      const { body: listed } = await grace.api.get(`${teams.path(team)}/members?role=lead`).expect(200);
      expect(listed.data.map(({ role }: { role: string }) => role)).toEqual(['lead', 'lead']);
      await grace.api.delete(`${teams.path(team)}/members/${added.body.id}`).expect(204);
      expect(await refusal(() => owner().delete(path(id)))).toBe('409 role_in_use');
    });
  });
});
