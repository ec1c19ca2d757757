import { v7 as uuid } from 'uuid';
import { connected } from '../../prisma/engine/connection.ts';
import { teamRoleIds } from '../../src/core/access/index.ts';
import { permissions } from '../../src/core/access/permissions.ts';
import type { Actor, Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { indistinct } from '../support/refusals.ts';
import { Teams } from '../support/teams.ts';

describe('on a team', () => {
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

  const owner = () => organization.owner.api;
  const powerless = () => app.actors.member(organization, []);
  const sees = async ({ api }: Member, id: string): Promise<boolean> => {
    const listed = (await api.get(`${teams.path()}?page_size=100`).expect(200)).body;
    const isListed = listed.data.some((team: { id: string }) => team.id === id);
    const { status } = await api.get(teams.path(id));
    expect(status).toBe(isListed ? 200 : 404);
    expect(listed.pagination.total).toBe(listed.data.length);
    const { body } = await api.get(`/organizations/${organization.id}`).expect(200);
    expect(body.counts.teams).toBe(listed.data.length);
    return isListed;
  };

  describe('the team at hand', () => {
    /** @returns what the database takes for it after each step of one transaction, as the server runs it */
    const atHand = (steps: readonly (readonly [string, ...unknown[]])[]): Promise<(string | null)[]> =>
      connected(app.database.url('tenantry_app'), async (client) => {
        await client.query('begin');
        const found: (string | null)[] = [];
        for (const [text, ...values] of steps) {
          await client.query(text, values);
          found.push((await client.query('select app.team_at_hand() as id')).rows[0].id);
        }
        return found;
      });
    const entering = ({ userId, sessionId }: Actor, team: string) =>
      ['select app.enter($1, $2, $3, null, null, false, $4, null)', userId, sessionId, organization.id, team] as const;
    const setting = (name: string, value: string) => ['select set_config($1, $2, true)', `app.${name}`, value] as const;

    it('is the one that was entered, in that scope alone', async () => {
      const [one, other] = [await teams.create({ visibility: 'private' }), await teams.create()];
      const { owner: caller } = organization;
      const [somebody, elsewhere] = [await app.actors.user(), await app.actors.organization()];
      const found = await atHand([
        entering(caller, one),
        entering(caller, other),
        setting('organization_id', elsewhere.id),
        setting('organization_id', ''),
        setting('organization_id', organization.id),
        setting('user_id', somebody.userId),
        setting('user_id', ''),
      ]);
      expect(found).toEqual([one, other, null, null, other, null, null]);
      expect(await atHand([setting('organization_id', organization.id)])).toEqual([null]);
    });

    it('is none where the caller does not see who belongs to it', async () => {
      const secret = await teams.create({ visibility: 'private' });
      const below = await teams.create({ visibility: 'private', parent_team_id: secret });
      const member = await app.actors.member(organization);
      await teams.join(below, member);
      expect(await atHand([entering(member, secret), entering(member, below)])).toEqual([null, below]);
      await expect(atHand([entering(await powerless(), secret)])).rejects.toThrow('not_found');
    });
  });

  describe('a role', () => {
    it('counts there and beneath, and nowhere else', async () => {
      const [top, middle, leaf] = (await teams.chain(3)) as [string, string, string];
      const member = await powerless();
      await member.api.get(teams.path(leaf)).expect(403);
      await teams.join(middle, member, teamRoleIds.viewer);
      await member.api.get(teams.path(middle)).expect(200);
      await member.api.get(teams.path(leaf)).expect(200);
      await member.api.get(teams.path(top)).expect(403);
      const refused = await member.api.patch(teams.path(leaf), { name: 'Mine' });
      expect(refused.body).toMatchObject({ code: 'permission_denied', required: 'teams:update' });
      await app.database.query('update team_members set role_id = $2 where member_id = $1', [
        member.memberId,
        teamRoleIds.admin,
      ]);
      await member.api.patch(teams.path(leaf), { name: 'Ours' }).expect(200);
      await member.api.patch(teams.path(top), { name: 'Ours' }).expect(403);
    });

    it('of their own makes permits what it says', async () => {
      const id = await teams.create();
      const member = await powerless();
      await teams.join(id, member, await teams.role(['teams:delete']));
      await member.api.get(teams.path(id)).expect(403);
      await member.api.delete(teams.path(id)).expect(204);
    });

    it('ends with the team, and counts while suspended for nobody', async () => {
      const id = await teams.create();
      const member = await powerless();
      await teams.join(id, member, teamRoleIds.admin);
      await app.database.query(`update members set status = 'suspended' where id = $1`, [member.memberId]);
      expect((await member.api.get(teams.path(id))).body.code).toBe('member_suspended');
    });

    it('is one of teams, by the key; and one of the organization is held in the organization', async () => {
      const id = await teams.create();
      const member = await powerless();
      await expect(teams.join(id, member, '00000000-0000-7000-8000-000000000002')).rejects.toThrow(
        'team_members_organization_id_role_id_role_scope_fkey',
      );
      await expect(
        app.database.query('insert into member_roles (organization_id, member_id, role_id) values ($1, $2, $3)', [
          organization.id,
          member.memberId,
          teamRoleIds.admin,
        ]),
      ).rejects.toThrow('member_roles_organization_id_role_id_role_scope_fkey');
    });
  });

  describe('a private one', () => {
    it('is seen by its members, from above too, and by whoever may see all', async () => {
      const [top, middle, leaf] = (await teams.chain(3, { visibility: 'private' })) as [string, string, string];
      const sibling = await teams.create({ parent_team_id: top });
      const all = [top, middle, leaf, sibling];
      const seenBy = async (member: Member) => Promise.all(all.map((id) => sees(member, id)));
      const member = await app.actors.member(organization);
      expect(await seenBy(member)).toEqual([false, false, false, false]);
      await teams.join(middle, member);
      expect(await seenBy(member)).toEqual([true, true, false, true]);
      const overseer = await app.actors.member(organization);
      await teams.join(middle, overseer, teamRoleIds.admin);
      expect(await seenBy(overseer)).toEqual([true, true, true, true]);
      const above = await app.actors.member(organization);
      await teams.join(top, above);
      expect(await seenBy(above)).toEqual([true, false, false, true]);
      for (const role of ['owner', 'admin']) {
        expect(await seenBy(await app.actors.member(organization, [role]))).toEqual([true, true, true, true]);
      }
      const reader = await teams.holding(['organization:read', 'teams:read', 'teams:read_private']);
      expect(await seenBy(reader)).toEqual([true, true, true, true]);
    });

    it('does not tell whoever belongs to one beneath it who is in it, on any path', async () => {
      const secret = await teams.create({ visibility: 'private' });
      const below = await teams.create({ parent_team_id: secret });
      const [alice, grace] = [await app.actors.member(organization), await app.actors.member(organization)];
      await teams.join(below, alice, teamRoleIds.viewer);
      await teams.join(secret, grace, teamRoleIds.admin);
      await teams.join(below, grace);
      const mayAll = await teams.holding(Object.keys(permissions).filter((key) => key !== 'teams:read_private'));
      await teams.join(below, mayAll);
      const [{ id }] = (await grace.api.get(`${teams.path(secret)}/members`).expect(200)).body.data;
      const base = `/organizations/${organization.id}`;
      const told = async ({ api }: Actor) => {
        const list = async (path: string) =>
          (await api.get(path).expect(200)).body.data.map((row: { id: string }) => row.id);
        return {
          roster: (await list(`${teams.path(secret)}/members`)).length,
          members: (await list(`${base}/members?team_id=${secret}`)).length,
          teams: await list(`${teams.path()}?member_id=${grace.memberId}`),
          one: (await api.get(`${teams.path(secret)}/members/${id}`)).status,
          beneath: (await list(`${teams.path(below)}/members`)).length,
        };
      };

      const nothing = { roster: 0, members: 0, teams: [below], one: 404, beneath: 3 };
      for (const member of [alice, mayAll]) {
        expect(await sees(member, secret)).toBe(true);
        expect(await told(member)).toEqual(nothing);
      }
      const all = { roster: 1, members: 1, teams: expect.arrayContaining([secret, below]), one: 200, beneath: 3 };
      for (const member of [organization.owner, grace]) expect(await told(member)).toEqual(all);

      for (const [call, answered] of [
        [() => mayAll.api.post(`${teams.path(secret)}/members`, { member_id: alice.memberId, role: 'viewer' }), 403],
        [() => mayAll.api.post(`${teams.path(secret)}/members`, { member_id: grace.memberId, role: 'viewer' }), 403],
        [() => mayAll.api.patch(`${teams.path(secret)}/members/${id}`, { role: 'viewer' }), 404],
        [() => mayAll.api.delete(`${teams.path(secret)}/members/${id}`), 404],
      ] as const) {
        expect((await app.changingNothing(call)).status).toBe(answered);
      }
      await teams.join(secret, alice, teamRoleIds.viewer);
      expect(await told(alice)).toEqual({ ...all, roster: 2, members: 2 });
    });

    it('is none for the statements of a server in the scope of somebody else, either', async () => {
      const [secret, hidden] = [
        await teams.create({ visibility: 'private' }),
        await teams.create({ visibility: 'private' }),
      ];
      const [below, open] = [await teams.create({ parent_team_id: secret }), await teams.create()];
      await owner().delete(teams.path(hidden)).expect(204);
      const { userId } = await teams.holding(['teams:read', 'teams:update', 'teams:delete', 'teams:create']);
      const before = await Promise.all([secret, hidden, below].map((id) => teams.row(id)));
      await connected(app.database.url('tenantry_app'), async (server) => {
        await server.query(
          `select set_config('app.organization_id', $1, false), set_config('app.user_id', $2, false)`,
          [organization.id, userId],
        );
        for (const statement of [
          `select app.move_team('${secret}', null, 'organization')`,
          `select app.move_team('${below}', null, 'organization')`,
          `select app.move_team('${open}', '${secret}', 'organization')`,
          `select app.delete_team('${secret}')`,
          `select app.restore_team('${hidden}')`,
          `with n as (select uuidv7() as id) insert into teams (id, name, slug, path, private_path)
             select id, 'Beneath', 'beneath', array['${secret}', id]::uuid[], array['${secret}']::uuid[] from n`,
        ]) {
          await expect(server.query(statement)).rejects.toMatchObject({ code: '42501' });
        }
        await expect(server.query(`select app.move_team($1, null, 'organization')`, [open])).resolves.toBeDefined();
      });
      expect(await Promise.all([secret, hidden, below].map((id) => teams.row(id)))).toEqual(before);
    });

    it('is no team at all for others, whatever they may do with teams', async () => {
      const secret = await teams.create({ visibility: 'private', slug: 'secret' });
      const below = await teams.create({ parent_team_id: secret });
      const member = await teams.holding(Object.keys(permissions).filter((key) => key !== 'teams:read_private'));
      const id = await teams.create();
      const calls = (unseen: string) => [
        member.api.get(teams.path(unseen)),
        member.api.patch(teams.path(unseen), { name: 'A' }),
        member.api.patch(teams.path(unseen), { nonsense: true }),
        member.api.delete(teams.path(unseen)),
        member.api.post(`${teams.path(unseen)}/restore`),
        member.api.post(teams.path(), { name: 'A', parent_team_id: unseen }),
        member.api.patch(teams.path(id), { parent_team_id: unseen }),
        member.api.get(`${teams.path()}?parent_team_id=${unseen}`),
      ];
      for (const unseen of [secret, below]) {
        const answers = await app.changingNothing(() => Promise.all(calls(unseen)));
        const absent = await Promise.all(calls(uuid()));
        const told = (answer: (typeof absent)[number]) => indistinct(answer).replaceAll(/[0-9a-f-]{36}/g, 'id');
        expect(answers.map(told)).toEqual(absent.map(told));
      }
      expect((await member.api.post(teams.path(), { name: 'Secret', slug: 'secret' }).expect(201)).body.slug).toBe(
        'secret',
      );
    });

    it('stays behind where others move what is above it too deep for it, and is told to nobody', async () => {
      const [top, open] = (await teams.chain(2)) as [string, string];
      const secret = await teams.create({ visibility: 'private', parent_team_id: open });
      const below = await teams.create({ parent_team_id: secret });
      const deep = await teams.chain(3);
      const mover = await teams.holding(['teams:read', 'teams:update']);
      await mover.api.patch(teams.path(open), { parent_team_id: deep[2] }).expect(200);

      expect((await teams.row(open))['path']).toEqual([...deep, open]);
      expect(await teams.row(secret)).toMatchObject({ path: [top, secret], private_path: [secret] });
      expect(await teams.row(below)).toMatchObject({ path: [top, secret, below], private_path: [secret] });
      expect((await teams.events(secret)).at(-1)).toMatchObject({ action: 'team.moved', team_id: secret });
      const answer = await owner().patch(teams.path(secret), { parent_team_id: deep[2] });
      expect(answer.status).toBe(200);
    });
  });

  describe('which system roles see private ones', () => {
    const held: readonly [string, readonly string[]][] = [
      ['organization', permissions['teams:read_private'].systemRoles],
      ['team', permissions['teams:read_private'].teamRoles],
    ];
    it.each(held)('of an %s is in the database as in the catalogue', async (scope, holders) => {
      const secret = await teams.create({ visibility: 'private' });
      const below = await teams.create({ visibility: 'private', parent_team_id: secret });
      const roles = await app.database.query<{ key: string; id: string }>(
        'select key, id from roles where organization_id = $1 and system and scope = $2',
        [organization.id, scope],
      );
      for (const { key, id } of roles) {
        const member = await app.actors.member(organization, scope === 'team' ? [] : [key]);
        if (scope === 'team') await teams.join(secret, member, id);
        expect([key, (await member.api.get(teams.path(below))).ok]).toEqual([key, holders.includes(key)]);
      }
    });
  });

  describe('the rule of grants', () => {
    let strong: Member;
    let mover: Member;
    let weak: string;
    let guarded: string;

    beforeEach(async () => {
      [weak, guarded] = [await teams.create(), await teams.create()];
      strong = await app.actors.member(organization);
      mover = await teams.holding(['teams:read', 'teams:update', 'teams:delete', 'teams:read_private']);
      await teams.join(guarded, strong, teamRoleIds.admin);
    });

    const missing = ['team_members:manage', 'team_members:read'];
    const expectRefused = async (call: () => PromiseLike<{ status: number; body: object }>) => {
      const answer = await app.changingNothing(async () => call());
      expect([answer.status, answer.body]).toEqual([
        403,
        expect.objectContaining({ code: 'grant_exceeds_own', missing_permissions: missing }),
      ]);
    };

    it('keeps a move from giving power over the team, and from taking it', async () => {
      await expectRefused(() => mover.api.patch(teams.path(weak), { parent_team_id: guarded }));
      await owner().patch(teams.path(weak), { parent_team_id: guarded }).expect(200);
      await expectRefused(() => mover.api.patch(teams.path(weak), { parent_team_id: null }));
      await mover.api.patch(teams.path(weak), { name: 'Renamed' }).expect(200);
    });

    it('counts what the mover holds on the team, and on those above it', async () => {
      await teams.join(weak, mover, teamRoleIds.admin);
      await mover.api.patch(teams.path(weak), { parent_team_id: guarded }).expect(200);
    });

    it('counts who holds power on a private team also for whom does not see it', async () => {
      const secret = await teams.create({ visibility: 'private' });
      const below = await teams.create({ parent_team_id: secret });
      const weakling = await teams.holding(['teams:read', 'teams:update', 'teams:delete', 'team_members:read']);
      await teams.join(secret, strong, teamRoleIds.admin);
      await teams.join(below, weakling, teamRoleIds.viewer);
      const calls = [
        () => weakling.api.patch(teams.path(below), { parent_team_id: null }),
        () => weakling.api.delete(teams.path(secret)),
      ];
      for (const call of calls) {
        const answer = await app.changingNothing(call);
        expect([answer.status, answer.body.missing_permissions]).toEqual([
          403,
          ['team_members:manage', 'teams:read_private'],
        ]);
      }
    });

    it('lets whoever moves within one team do so', async () => {
      const [one, two] = [
        await teams.create({ parent_team_id: guarded }),
        await teams.create({ parent_team_id: guarded }),
      ];
      await mover.api.patch(teams.path(one), { parent_team_id: two }).expect(200);
    });

    it('keeps whoever may not put members into a private team from moving a team of theirs into it', async () => {
      const secret = await teams.create({ visibility: 'private' });
      const room = await teams.create({ parent_team_id: secret });
      const open = await teams.create();
      const bob = await app.actors.member(organization);
      const carl = await app.actors.member(organization);
      await teams.join(secret, bob, teamRoleIds.viewer);
      await teams.join(open, bob, teamRoleIds.admin);
      await teams.join(open, carl, teamRoleIds.viewer);
      const move = (parent: string | null) => () => bob.api.patch(teams.path(open), { parent_team_id: parent });

      for (const parent of [secret, room]) {
        const answer = await app.changingNothing(move(parent));
        expect([answer.status, answer.body]).toEqual([
          403,
          expect.objectContaining({ code: 'grant_exceeds_own', missing_permissions: ['team_members:manage'] }),
        ]);
      }
      await carl.api.get(teams.path(secret)).expect(404);
      await app.database.query('update team_members set role_id = $2 where team_id = $1', [secret, teamRoleIds.admin]);
      await move(room)().expect(200);
      await carl.api.get(teams.path(secret)).expect(200);
      // It stands beneath the private team already.
      await app.database.query('update team_members set role_id = $2 where team_id = $1', [secret, teamRoleIds.viewer]);
      await move(secret)().expect(200);
    });

    it('keeps a deletion and a restoration from taking and giving it', async () => {
      await expectRefused(() => mover.api.delete(teams.path(guarded)));
      await owner().delete(teams.path(guarded)).expect(204);
      await expectRefused(() => mover.api.post(`${teams.path(guarded)}/restore`));
      await owner()
        .post(`${teams.path(guarded)}/restore`)
        .expect(200);
      await mover.api.delete(teams.path(weak)).expect(204);
      await mover.api.post(`${teams.path(weak)}/restore`).expect(200);
    });
  });
});
