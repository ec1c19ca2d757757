import { v7 as uuid } from 'uuid';
import { type Permission, permissions, teamRoleIds } from '../../src/core/access/index.ts';
import type { Actor, Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { Teams } from '../support/teams.ts';
import { twins, UNSEEN_TEAMS } from '../support/twins.ts';

interface Check {
  readonly permission: string;
  readonly team_id?: string;
  readonly member_id?: string;
}

describe('access', () => {
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

  const owner = () => organization.owner;
  const base = () => `/organizations/${organization.id}`;
  const own = async ({ api }: Actor) => (await api.get(`${base()}/access`).expect(200)).body;
  const of = async ({ api }: Actor, id: string) => (await api.get(`${base()}/members/${id}/access`).expect(200)).body;
  const ask = ({ api }: Actor, ...checks: Check[]) => api.post(`${base()}/access/check`, { checks });
  const told = async (caller: Actor, ...checks: Check[]) => (await ask(caller, ...checks).expect(200)).body.results;
  const roleOf = async ({ memberId }: Member): Promise<string> => {
    const [row] = await app.database.query<{ key: string }>(
      'select key from roles r join member_roles h on (h.organization_id, h.role_id) = (r.organization_id, r.id) where h.member_id = $1',
      [memberId],
    );
    return row!.key;
  };
  const suspend = ({ memberId }: Member) =>
    app.database.query(`update members set status = 'suspended' where id = $1`, [memberId]);

  describe('of the caller', () => {
    it.each(['owner', 'admin', 'member'] as const)('is what the catalogue gives %s', async (role) => {
      const member = await app.actors.member(organization, [role]);
      const given = Object.entries(permissions).filter(([, { systemRoles }]) => systemRoles.includes(role));
      expect(await own(member)).toEqual({
        member_id: member.memberId,
        roles: [role],
        permissions: given.map(([key]) => key).toSorted(),
        teams: [],
        teams_complete: true,
      });
    });

    it('is nothing, to who holds nothing', async () => {
      const member = await app.actors.member(organization, []);
      expect(await own(member)).toMatchObject({ roles: [], permissions: [], teams: [] });
    });

    it('joins what several roles permit, and what teams add', async () => {
      const [top, leaf] = (await teams.chain(2)) as [string, string];
      const member = await teams.holding(['invitations:read', 'teams:read', 'gone:read']);
      await app.database.query(
        `insert into member_roles (organization_id, member_id, role_id) select organization_id, $2, id from roles
           where organization_id = $1 and scope = 'organization' and key = 'member'`,
        [organization.id, member.memberId],
      );
      await teams.join(top, member, await teams.role(['teams:update']));
      await teams.join(leaf, member, teamRoleIds.viewer);
      const access = await own(member);
      expect(access.roles).toEqual(['member', expect.stringMatching(/^r-/)]);
      expect(access.permissions).toEqual([
        'invitations:read',
        'members:read',
        'organization:read',
        'team_members:read',
        'teams:read',
      ]);
      const there = ['team_members:read', 'teams:read', 'teams:update'];
      expect(access.teams).toEqual([
        { team_id: top, role: expect.stringMatching(/^r-/), permissions: there },
        { team_id: leaf, role: 'viewer', permissions: there },
      ]);
    });

    it('tells of no team that was deleted, and of a private one to who belongs to it', async () => {
      const [secret, gone] = [await teams.create({ visibility: 'private' }), await teams.create()];
      const member = await app.actors.member(organization);
      await teams.join(secret, member);
      await teams.join(gone, member);
      await owner().api.delete(teams.path(gone)).expect(204);
      expect((await own(member)).teams.map(({ team_id: id }: { team_id: string }) => id)).toEqual([secret]);
    });

    it('tells of a thousand teams, by what is held on those above that are not among them, too', async () => {
      const member = await app.actors.member(organization, []);
      const top = 'ffffffff-0000-7000-8000-000000000000';
      const insert = (teamIds: readonly string[], path: readonly string[]) =>
        app.database.query(
          `insert into teams (organization_id, id, name, slug, path)
             select $1, id, 'One of many', 't-' || id, $3::uuid[] || id from unnest($2::uuid[]) as t (id)`,
          [organization.id, teamIds, path],
        );
      await insert([top], []);
      await insert(
        Array.from({ length: 1_001 }, () => uuid()),
        [top],
      );
      await app.database.query(
        `insert into team_members (organization_id, team_id, member_id, role_id)
           select organization_id, id, $2, case when id = $3 then $4::uuid else $5::uuid end from teams where organization_id = $1`,
        [organization.id, member.memberId, top, teamRoleIds.admin, teamRoleIds.viewer],
      );
      const access = await own(member);
      expect([access.teams.length, access.teams_complete]).toEqual([1_000, false]);
      const given = Object.entries(permissions).filter(([, { teamRoles }]) => teamRoles.includes('admin'));
      const found = access.teams.map(({ role, permissions: there }: { role: string; permissions: string[] }) => [
        role,
        ...there,
      ]);
      expect(new Set(found.map(String))).toEqual(new Set([['viewer', ...given.map(([key]) => key).toSorted()].join()]));
      await app.database.query('delete from team_members where team_id = any ($1)', [
        access.teams.slice(0, 2).map(({ team_id: id }: { team_id: string }) => id),
      ]);
      expect(await own(member)).toMatchObject({ teams_complete: true });
    });

    it('takes effect with the next call', async () => {
      const member = await app.actors.member(organization);
      expect((await own(member)).permissions).not.toContain('teams:create');
      await app.database.query(
        `update member_roles set role_id = (select id from roles where organization_id = $1 and scope = 'organization' and key = 'admin')
           where member_id = $2`,
        [organization.id, member.memberId],
      );
      expect((await own(member)).permissions).toContain('teams:create');
    });
  });

  describe('of a member', () => {
    it('says where each permission comes from', async () => {
      const [top, leaf] = (await teams.chain(2)) as [string, string];
      const member = await teams.holding(['teams:read']);
      const key = await roleOf(member);
      await teams.join(top, member, teamRoleIds.viewer);
      await teams.join(leaf, member, teamRoleIds.viewer);
      const held = { kind: 'role', role: key };
      const [above, here] = [top, leaf].map((id) => ({ kind: 'team_role', role: 'viewer', team_id: id }));
      expect(await of(owner(), member.memberId)).toEqual({
        member_id: member.memberId,
        status: 'active',
        roles: [key],
        permissions: [{ permission: 'teams:read', via: [held] }],
        teams: [
          {
            team_id: top,
            role: 'viewer',
            permissions: [
              { permission: 'team_members:read', via: [above] },
              { permission: 'teams:read', via: [held, above] },
            ],
          },
          {
            team_id: leaf,
            role: 'viewer',
            permissions: [
              { permission: 'team_members:read', via: [above, here] },
              { permission: 'teams:read', via: [held, above, here] },
            ],
          },
        ],
        teams_complete: true,
      });
    });

    it('is for whoever has roles:read, `me` too', async () => {
      const [member, reader] = [await app.actors.member(organization), await teams.holding(['roles:read'])];
      for (const id of ['me', member.memberId, uuid()]) {
        const { body } = await member.api.get(`${base()}/members/${id}/access`).expect(403);
        expect(body.required).toBe('roles:read');
      }
      expect(await of(reader, 'me')).toEqual(await of(reader, reader.memberId));
      expect((await of(reader, member.memberId)).roles).toEqual(['member']);
    });

    it('is nothing while they are suspended, who keep what they hold', async () => {
      const id = await teams.create();
      const member = await app.actors.member(organization, ['admin']);
      await teams.join(id, member, teamRoleIds.admin);
      await suspend(member);
      expect(await of(owner(), member.memberId)).toMatchObject({
        status: 'suspended',
        roles: ['admin'],
        permissions: [],
        teams: [{ team_id: id, role: 'admin', permissions: [] }],
      });
    });

    it('is not there for nobody, who has left, and another organization', async () => {
      const left = await app.actors.member(organization, ['admin'], 'removed');
      const elsewhere = await app.actors.member(await app.actors.organization());
      for (const id of [uuid(), left.memberId, elsewhere.memberId])
        await owner().api.get(`${base()}/members/${id}/access`).expect(404);
      await owner().api.get(`${base()}/members/${left.memberId}/access?unknown=1`).expect(404);
      await owner().api.get(`${base()}/members/me/access?unknown=1`).expect(422);
    });

    it('leaves out teams that the caller does not see', async () => {
      const secret = await teams.create({ visibility: 'private' });
      const below = await teams.create({ parent_team_id: secret });
      const [member, reader] = [await app.actors.member(organization, []), await teams.holding(['roles:read'])];
      await teams.join(secret, member, teamRoleIds.admin);
      await teams.join(below, member, teamRoleIds.viewer);
      const seenBy = async (caller: Actor) =>
        (await of(caller, member.memberId)).teams.map(({ team_id: id }: { team_id: string }) => id);
      expect(await seenBy(owner())).toEqual([secret, below]);
      expect(await seenBy(reader)).toEqual([]);
      await teams.join(below, reader, teamRoleIds.viewer);
      const [seen] = (await of(reader, member.memberId)).teams;
      // Who belongs to the one above is not theirs to know, nor what is held there.
      expect(seen).toMatchObject({
        team_id: below,
        permissions: [{ via: [{ team_id: below }] }, { via: [{ team_id: below }] }],
      });
    });
  });

  describe('a check', () => {
    it('answers each question in its place, with the roles that permit it', async () => {
      const [top, leaf] = (await teams.chain(2)) as [string, string];
      const member = await app.actors.member(organization);
      await teams.join(top, member, teamRoleIds.admin);
      const asked = [
        { permission: 'teams:read' },
        { permission: 'teams:delete' },
        { permission: 'teams:delete', team_id: leaf },
        { permission: 'teams:read', team_id: leaf, member_id: member.memberId },
      ];
      const inTeam = { kind: 'team_role', role: 'admin', team_id: top };
      const inOrganization = { kind: 'role', role: 'member' };
      const givenBy = ['owner', 'admin'].map((role) => ({ kind: 'role', role }));
      expect(await told(member, ...asked)).toEqual([
        { ...asked[0], allowed: true, via: [inOrganization] },
        { ...asked[1], allowed: false, via: [], reason: 'not_granted', given_by: givenBy },
        { ...asked[2], allowed: true, via: [inTeam] },
        { ...asked[3], allowed: true, via: [inOrganization, inTeam] },
      ]);
    });

    it('of others takes roles:read, of oneself nothing', async () => {
      const [member, reader] = [await app.actors.member(organization, []), await teams.holding(['roles:read'])];
      const about = (id: string) => ({ permission: 'teams:read', member_id: id });
      for (const id of [reader.memberId, uuid()]) {
        const answer = await ask(member, about(member.memberId), about(id)).expect(403);
        expect(answer.body).toMatchObject({ code: 'permission_denied', required: 'roles:read' });
      }
      // Who may not ask is told so before what is wrong with what they ask.
      await ask(member, { permission: '*', member_id: reader.memberId }).expect(403);
      expect((await told(member, about(member.memberId)))[0]).toMatchObject({ allowed: false, reason: 'not_granted' });
      expect((await told(reader, about(member.memberId)))[0]).toMatchObject({ allowed: false, reason: 'not_granted' });
    });

    it('is told again under its key, but to nobody who may ask about others no more', async () => {
      const [member, reader] = [await app.actors.member(organization), await teams.holding(['roles:read'])];
      const key = uuid();
      const check = { permission: 'teams:read', member_id: member.memberId };
      const send = () => ask(reader, check).set('idempotency-key', key);
      const first = await send().expect(200);
      await suspend(member);
      const again = await app.changingNothing(() => send().expect(200));
      expect(again.text).toBe(first.text);
      expect(again.headers['idempotency-replayed']).toBe('true');
      await app.database.query('delete from member_roles where member_id = $1', [reader.memberId]);
      const refused = await send().expect(403);
      expect(refused.body).toMatchObject({ code: 'permission_denied', required: 'roles:read' });
      expect(refused.headers).not.toHaveProperty('idempotency-replayed');
    });

    it('that was refused is refused alike under its key', async () => {
      const send = () => ask(owner(), { permission: '*' }).set('idempotency-key', 'asked once');
      const first = await send().expect(422);
      const again = await send().expect(422);
      expect(again.text).toBe(first.text);
      expect(again.headers['idempotency-replayed']).toBe('true');
    });

    it.each(['*', 'members:*', 'Members:read', 'members:read,members:update', 'gone:read', '', ' ', '__proto__'])(
      'of "%s" is refused: it is no permission',
      async (permission) => {
        const answer = await ask(owner(), { permission: 'members:read' }, { permission }).expect(422);
        expect(answer.body).toMatchObject({
          code: 'unknown_permission',
          errors: [{ pointer: '/checks/1/permission', code: 'unknown' }],
        });
      },
    );

    it.each([
      ['no checks', {}, '/checks', 'required'],
      ['an empty list', { checks: [] }, '/checks', 'min_items'],
      [
        'too many',
        { checks: Array.from({ length: 101 }, () => ({ permission: 'teams:read' })) },
        '/checks',
        'max_items',
      ],
      ['a number', { checks: [{ permission: 5 }] }, '/checks/0/permission', 'type'],
      [
        'me for an id',
        { checks: [{ permission: 'teams:read', member_id: 'me' }] },
        '/checks/0/member_id',
        'identifier',
      ],
      ['null for an id', { checks: [{ permission: 'teams:read', team_id: null }] }, '/checks/0/team_id', 'identifier'],
      ['what it does not know', { checks: [{ permission: 'teams:read', role: 'a' }] }, '/checks/0/role', 'unknown'],
    ])('with %s is refused', async (_what, body, pointer, code) => {
      const answer = await owner().api.post(`${base()}/access/check`, body).expect(422);
      expect(answer.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer, code }] });
    });

    it('takes every UUID, in any letter case: what is not there is not found', async () => {
      const member = await app.actors.member(organization);
      const team = await teams.create();
      const ids = ['f47ac10b-58cc-4372-a567-0e02b2c3d479', '00000000-0000-0000-0000-000000000000', uuid()];
      for (const id of ids) {
        const results = await told(
          owner(),
          { permission: 'teams:read', team_id: id },
          { permission: 'teams:read', member_id: id },
        );
        expect(results).toMatchObject([
          { team_id: id, allowed: false, reason: 'team_not_found' },
          { member_id: id, allowed: false, reason: 'member_not_found' },
        ]);
      }
      const [upper] = await told(owner(), {
        permission: 'teams:read',
        team_id: team.toUpperCase(),
        member_id: member.memberId.toUpperCase(),
      });
      expect(upper).toMatchObject({ team_id: team, member_id: member.memberId, allowed: true });
    });

    it('says why not', async () => {
      const [secret, gone] = [await teams.create({ visibility: 'private' }), await teams.create()];
      await owner().api.delete(teams.path(gone)).expect(204);
      const elsewhere = new Teams(app, await app.actors.organization());
      const left = await app.actors.member(organization, ['admin'], 'removed');
      const suspended = await app.actors.member(organization, ['admin'], 'suspended');
      const member = await app.actors.member(organization);
      const reasons = async (caller: Actor, ...checks: Omit<Check, 'permission'>[]) =>
        (await told(caller, ...checks.map((check) => ({ permission: 'teams:read', ...check })))).map(
          ({ allowed, via, reason }: { allowed: boolean; via: unknown[]; reason?: string }) => {
            expect([allowed, via.length > 0]).toEqual([reason === undefined, reason === undefined]);
            return reason ?? 'allowed';
          },
        );
      const none = [{ team_id: gone }, { team_id: uuid() }, { team_id: await elsewhere.create() }];
      expect(await reasons(owner(), ...none)).toEqual(none.map(() => 'team_not_found'));
      expect(await reasons(member, { team_id: secret })).toEqual(['team_not_found']);
      expect(await reasons(owner(), { team_id: secret }, { team_id: secret, member_id: member.memberId })).toEqual([
        'allowed',
        'team_not_found',
      ]);
      await teams.join(secret, member, teamRoleIds.viewer);
      expect(await reasons(owner(), { team_id: secret, member_id: member.memberId })).toEqual(['allowed']);
      expect(await reasons(owner(), { member_id: uuid() }, { member_id: left.memberId })).toEqual([
        'member_not_found',
        'member_not_found',
      ]);
      expect(await reasons(owner(), { member_id: suspended.memberId })).toEqual(['member_suspended']);
    });

    it('names custom roles to who has roles:read', async () => {
      const id = await teams.create();
      const [maker, member] = [await teams.holding(['teams:delete']), await app.actors.member(organization)];
      const key = await roleOf(maker);
      await teams.role(['teams:delete']);
      await teams.role(['teams:update']);
      const reader = await teams.holding(['roles:read']);
      const givers = async (caller: Actor, check: Omit<Check, 'permission'>) =>
        (await told(caller, { permission: 'teams:delete', ...check }))[0].given_by.map(
          ({ kind, role }: { kind: string; role: string }) => `${kind} ${role}`,
        );
      const ofTeams = expect.stringMatching(/^team_role r-/);
      expect(await givers(reader, {})).toEqual(['role owner', 'role admin', `role ${key}`]);
      expect(await givers(reader, { team_id: id })).toEqual([
        'role owner',
        'role admin',
        `role ${key}`,
        ofTeams,
        'team_role admin',
      ]);
      expect(await givers(member, { team_id: id })).toEqual(['role owner', 'role admin', 'team_role admin']);
    });

    it('names twenty of many', async () => {
      await app.database.query(
        `insert into roles (organization_id, scope, key, name, permissions)
           select $1, scope, 'many-' || n, 'Many', '{teams:delete}' from generate_series(1, 30) n, unnest(array['organization', 'team']) scope`,
        [organization.id],
      );
      const reader = await teams.holding(['roles:read']);
      const [{ given_by: givers }] = await told(reader, { permission: 'teams:delete', team_id: await teams.create() });
      expect(givers).toHaveLength(20);
      expect(new Set(givers.map(({ kind }: { kind: string }) => kind))).toEqual(new Set(['role']));
    });

    it('tells of no private team by asking about others', async () => {
      const pair = await twins(app);
      const answers = await Promise.all(
        pair.map(async ({ ids, strangers }) => {
          const idOf = (name: string) => ids.get(name) ?? uuid();
          const checks = Object.keys(permissions).flatMap((permission) =>
            [...UNSEEN_TEAMS, '@open', '@closed', '@within'].flatMap((team) =>
              ['@grace', '@owner'].map((member) => ({
                permission: permission as Permission,
                team_id: idOf(team),
                member_id: idOf(member),
              })),
            ),
          );
          const results: unknown[] = [];
          while (checks.length > 0) {
            const path = `/organizations/${idOf('@organization')}/access/check`;
            const { body } = await strangers.manager.api.post(path, { checks: checks.splice(0, 100) }).expect(200);
            results.push(...body.results);
          }
          const names = new Map([...ids].map(([name, id]) => [id, name]));
          const texts = results.map((result) => {
            const { team_id: _team, member_id: _member, ...rest } = result as Record<string, unknown>;
            return JSON.stringify(rest).replaceAll(/[0-9a-f-]{36}/g, (id) => names.get(id) ?? '?');
          });
          const access = await strangers.manager.api.get(
            `/organizations/${idOf('@organization')}/members/${idOf('@grace')}/access`,
          );
          return [...texts, access.body.teams.map(({ team_id: id }: { team_id: string }) => names.get(id))];
        }),
      );
      expect(answers[0]).toEqual(answers[1]);
      expect(answers[0]!.some((text) => String(text).includes('"allowed":true'))).toBe(true);
    });
  });

  it('is read in one round trip', async () => {
    const id = await teams.create();
    const member = await app.actors.member(organization);
    await teams.join(id, member);
    const check = { permission: 'teams:read', team_id: id, member_id: member.memberId };
    for (const work of [
      () => own(owner()),
      () => of(owner(), member.memberId),
      () => told(owner(), ...Array.from({ length: 100 }, () => check)),
    ]) {
      expect(await app.roundTrips(work)).toBe(1);
    }
  });
});
