import type { Response } from 'supertest';
import { v7 as uuid } from 'uuid';
import type { MemberStatus } from '../../src/features/members/index.ts';
import type { Actor, Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { connected } from '../../prisma/engine/connection.ts';
import { indistinct } from '../support/refusals.ts';
import { Teams } from '../support/teams.ts';

interface Listed {
  readonly id: string;
  readonly member_id: string;
  readonly role: string;
  readonly member: { readonly user: { readonly name: string } };
}

const TWENTY = Array.from({ length: 20 }, (_, index) => index);
/** Of a role of scope `team` and of one of scope `organization`. */
const TEAM_VIEWER = '00000000-0000-7000-8000-000000000013';
const ORGANIZATION_MEMBER = '00000000-0000-7000-8000-000000000003';

describe('team members', () => {
  let app: TestApp;
  let organization: Organization;
  let owner: Actor;
  let grace: Member;
  let teams: Teams;
  let design: string;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
    owner = organization.owner;
    teams = new Teams(app, organization);
    grace = await app.actors.member(organization);
    design = await create({ name: 'Design' });
  });

  const base = (): string => `/organizations/${organization.id}`;
  const path = (id = '', of = design): string => `${base()}/teams/${of}/members${id && `/${id}`}`;
  const create = (body: object) => teams.create(body);
  const add = async ({ memberId }: Pick<Member, 'memberId'>, role = 'member', of = design) =>
    (await owner.api.post(path('', of), { member_id: memberId, role }).expect(201)).body;
  const read = async (id: string) => (await owner.api.get(path(id)).expect(200)).body;
  const list = async (query = '', caller = owner): Promise<Listed[]> =>
    (await caller.api.get(`${path()}?${query}`).expect(200)).body.data;
  const names = async (query = ''): Promise<string[]> => (await list(query)).map(({ member }) => member.user.name);
  const query = (text: string, ...values: unknown[]) => app.database.query(text, values);
  const call = ({ userId }: Pick<Actor, 'userId'>, name: string) =>
    query('update users set name = $2 where id = $1', userId, name);
  const named = async (name: string, role = 'member', status: MemberStatus = 'active'): Promise<Member> => {
    const member = await app.actors.member(organization, ['member'], status);
    await call(member, name);
    await add(member, role);
    return member;
  };
  const holding = (permissions: readonly string[]) => teams.holding(permissions);
  const events = (id: string) =>
    query(
      `select action, team_id, changes, actor_id, ip_address is not null as "isTold" from audit_events
         where organization_id = $1 and target_type = 'team_member' and target_id = $2 order by id`,
      organization.id,
      id,
    );
  const memberships = ({ memberId }: Member) =>
    query('select team_id from team_members where organization_id = $1 and member_id = $2', organization.id, memberId);
  const code = ({ status, body }: Response): string => `${status} ${body.code ?? ''}`.trim();

  describe('POST', () => {
    it('puts a member into the team, which reads as it was answered', async () => {
      const answer = await owner.api.post(path(), { member_id: grace.memberId, role: 'viewer' }).expect(201);
      const member = (await owner.api.get(`${base()}/members/${grace.memberId}`).expect(200)).body;
      expect(answer.body).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        organization_id: organization.id,
        team_id: design,
        member_id: grace.memberId,
        role: 'viewer',
        member,
        joined_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updated_at: answer.body.joined_at,
      });
      expect(answer.headers['location']).toBe(`/api/v1${path(answer.body.id)}`);
      const found = await owner.api.get(path(answer.body.id)).expect(200);
      expect([found.text, found.headers['etag']]).toEqual([answer.text, answer.headers['etag']]);
      expect(await events(answer.body.id)).toEqual([
        {
          action: 'team_member.added',
          team_id: design,
          actor_id: owner.userId,
          isTold: true,
          changes: { member_id: { from: null, to: grace.memberId }, role: { from: null, to: 'viewer' } },
        },
      ]);
    });

    it('takes somebody who is suspended, too', async () => {
      const suspended = await app.actors.member(organization, ['member'], 'suspended');
      expect(await add(suspended)).toMatchObject({ member: { status: 'suspended' } });
    });

    it('refuses whoever is no member here, and what is no team role', async () => {
      const stranger = await app.actors.member(await app.actors.organization());
      const gone = await app.actors.member(organization, [], 'removed');
      for (const id of [stranger.memberId, gone.memberId, grace.userId, uuid()]) {
        const refused = await app.changingNothing(() => owner.api.post(path(), { member_id: id, role: 'member' }));
        expect(refused.body).toMatchObject({
          code: 'validation_failed',
          errors: [{ pointer: '/member_id', code: 'unknown' }],
        });
      }
      for (const role of ['owner', 'nonsense']) {
        const refused = await app.changingNothing(() => owner.api.post(path(), { member_id: grace.memberId, role }));
        expect(refused.body).toMatchObject({
          code: 'validation_failed',
          errors: [{ pointer: '/role', code: 'unknown' }],
        });
      }
      const both = await owner.api.post(path(), { member_id: uuid(), role: 'owner' }).expect(422);
      expect(both.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/member_id', '/role']);
      for (const body of [
        {},
        { member_id: grace.memberId },
        { member_id: 'me', role: 'member' },
        { member_id: grace.memberId, role: 1 },
      ])
        expect(code(await owner.api.post(path(), body))).toBe('422 validation_failed');
    });

    it('refuses who is in it already, with whatever role', async () => {
      await add(grace);
      const again = () => owner.api.post(path(), { member_id: grace.memberId, role: 'viewer' });
      expect(code(await app.changingNothing(again))).toBe('409 already_member');
    });
  });

  describe('GET of the list', () => {
    beforeEach(async () => {
      await call(grace, 'grace 100%');
      await add(grace, 'admin');
      await named('Ada', 'viewer');
      await named('Bob_by', 'member', 'suspended');
      const elsewhere = await create({ name: 'Elsewhere' });
      await add(grace, 'member', elsewhere);
    });

    it('has who is in the team, by name, in one round trip', async () => {
      const answer = await owner.api.get(path()).expect(200);
      expect(answer.body.data.map(({ member }: Listed) => member.user.name)).toEqual(['Ada', 'Bob_by', 'grace 100%']);
      expect(answer.body.data[0]).toEqual(await read(answer.body.data[0].id));
      expect(answer.body.pagination).toMatchObject({ total: 3, total_is_exact: true });
      const { next_cursor: cursor } = (await owner.api.get(`${path()}?page_size=1`).expect(200)).body.pagination;
      for (const asked of ['page_size=1&role=admin,viewer&q=a', `cursor=${cursor}`])
        expect(await app.roundTrips(() => owner.api.get(`${path()}?${asked}`).expect(200))).toBe(1);
    });

    it.each([
      ['q=GRACE', ['grace 100%']],
      ['q=%25', ['grace 100%']],
      ['q=_', ['Bob_by']],
      ['q=elsewhere', []],
      ['role=admin', ['grace 100%']],
      ['role=admin&role=viewer', ['Ada', 'grace 100%']],
      ['role=owner', []],
      ['sort=-name', ['grace 100%', 'Bob_by', 'Ada']],
      ['sort=joined_at', ['grace 100%', 'Ada', 'Bob_by']],
    ])('?%s', async (asked, found) => {
      expect(await names(asked)).toEqual(found);
    });

    it.each(['name', '-name', 'joined_at', 'name,joined_at'])(
      'loses and repeats nobody from page to page: %s',
      async (sort) => {
        for (const name of ['same', 'same', 'Same']) await named(name);
        const all = await list(`sort=${sort}`);
        const paged: Listed[] = [];
        let next = 'page=1';
        while (next !== '') {
          const { body } = await owner.api.get(`${path()}?sort=${sort}&page_size=2&${next}`).expect(200);
          paged.push(...body.data);
          next = body.pagination.next_cursor === null ? '' : `cursor=${body.pagination.next_cursor}`;
        }
        expect(paged).toEqual(all);
        expect(all).toHaveLength(6);
      },
    );

    it.each(['sort=email', 'status=active', 'sort=name,-joined_at', 'page_size=101'])('refuses ?%s', async (asked) => {
      expect(code(await owner.api.get(`${path()}?${asked}`))).toBe('422 validation_failed');
    });

    it('finds people by what they are called now, which is no change of their membership of the team', async () => {
      const { id } = (await list('q=grace'))[0]!;
      const before = await owner.api.get(path(id)).expect(200);
      await call(grace, 'Zoe');
      expect(await names()).toEqual(['Ada', 'Bob_by', 'Zoe']);
      const after = await owner.api.get(path(id)).set('If-None-Match', before.headers['etag']!).expect(200);
      expect([before, after].map(({ headers }) => headers['etag']!.split('.')[0])).toEqual(['"1', '"1']);
    });
  });

  describe('a membership of a team', () => {
    let id: string;
    beforeEach(async () => {
      ({ id } = await add(grace));
    });

    it('has its role changed', async () => {
      const { headers } = await owner.api.get(path(id)).expect(200);
      const answer = await owner.api.patch(path(id), { role: 'admin' }).set('If-Match', headers['etag']!).expect(200);
      expect(answer.body).toMatchObject({ id, role: 'admin' });
      expect(answer.headers['etag']).toMatch(/^"2\./);
      expect(await read(id)).toEqual(answer.body);
      expect(code(await owner.api.patch(path(id), { role: 'viewer' }).set('If-Match', headers['etag']!))).toBe(
        '412 precondition_failed',
      );
      expect((await events(id)).at(-1)).toMatchObject({
        action: 'team_member.updated',
        team_id: design,
        changes: { role: { from: 'member', to: 'admin' } },
      });
    });

    it.each([{}, { role: 'member' }])('stays as it is: %j', async (body) => {
      await app.changingNothing(() => owner.api.patch(path(id), body).expect(200));
    });

    it.each([{ role: 'owner' }, { role: null }, { member_id: uuid() }])('is not changed so: %j', async (body) => {
      expect(code(await app.changingNothing(() => owner.api.patch(path(id), body)))).toBe('422 validation_failed');
    });

    it('ends, and may begin anew', async () => {
      const { headers } = await owner.api.get(path(id)).expect(200);
      expect(code(await owner.api.delete(path(id)).set('If-Match', '"7.x"'))).toBe('412 precondition_failed');
      await owner.api.delete(path(id)).set('If-Match', headers['etag']!).expect(204);
      await owner.api.delete(path(id)).expect(404);
      expect((await events(id)).at(-1)).toMatchObject({ action: 'team_member.removed', team_id: design });
      expect((await add(grace)).id).not.toBe(id);
    });

    it('is in its team and in no other, and not in one that was deleted', async () => {
      const other = await create({ name: 'Other' });
      const absent = await owner.api.get(path(uuid())).expect(404);
      for (const wrong of ['nonsense', grace.memberId, uuid()])
        expect(indistinct(await owner.api.get(path(wrong)).expect(404))).toBe(indistinct(absent));
      for (const answer of [
        await owner.api.get(path(id, other)),
        await owner.api.patch(path(id, other), { role: 'admin' }),
        await owner.api.delete(path(id, other)),
      ])
        expect(indistinct(answer)).toBe(indistinct(absent));
      await query('update teams set deleted_at = now() where id = $1', design);
      for (const answer of [
        await owner.api.get(path()),
        await owner.api.get(path(id)),
        await owner.api.post(path(), { member_id: grace.memberId, role: 'member' }),
        await owner.api.patch(path(id), { role: 'admin' }),
        await owner.api.delete(path(id)),
      ])
        expect(indistinct(answer)).toBe(indistinct(absent));
    });
  });

  describe('who may do what', () => {
    const MANAGE = ['teams:read', 'team_members:read', 'team_members:manage'];

    it('is what the role of a team says, in it and beneath it', async () => {
      const beneath = await create({ name: 'Beneath', parent_team_id: design });
      const beside = await create({ name: 'Beside' });
      const admin = await app.actors.member(organization);
      await add(admin, 'admin');
      for (const there of [design, beneath])
        await admin.api.post(path('', there), { member_id: grace.memberId, role: 'admin' }).expect(201);
      const refused = await admin.api.post(path('', beside), { member_id: grace.memberId, role: 'viewer' }).expect(403);
      expect(refused.body).toMatchObject({ code: 'permission_denied', required: 'team_members:manage' });
    });

    it('does not reach upwards, and ends with the role', async () => {
      const beneath = await create({ name: 'Beneath', parent_team_id: design });
      const { id } = await add(grace, 'admin', beneath);
      expect(code(await grace.api.post(path(), { member_id: grace.memberId, role: 'viewer' }))).toBe(
        '403 permission_denied',
      );
      await owner.api.patch(path(id, beneath), { role: 'member' }).expect(200);
      expect(code(await grace.api.patch(path(id, beneath), { role: 'admin' }))).toBe('403 permission_denied');
    });

    it('lets nobody give more than they hold in the team, or change who holds more', async () => {
      const manager = await holding(MANAGE);
      const admin = await add(await app.actors.member(organization), 'admin');
      const viewer = await add(grace, 'viewer');
      const other = await app.actors.member(organization);
      for (const attempt of [
        () => manager.api.post(path(), { member_id: other.memberId, role: 'admin' }),
        () => manager.api.patch(path(viewer.id), { role: 'admin' }),
        () => manager.api.patch(path(admin.id), { role: 'viewer' }),
        () => manager.api.delete(path(admin.id)),
      ]) {
        const refused = await app.changingNothing(attempt);
        expect(refused.body).toMatchObject({ status: 403, code: 'grant_exceeds_own' });
        expect(refused.body.missing_permissions).toEqual(expect.arrayContaining(['teams:update', 'teams:delete']));
      }
      await manager.api.post(path(), { member_id: other.memberId, role: 'member' }).expect(201);
      await manager.api.delete(path(viewer.id)).expect(204);
    });

    it('counts the role that is held above the team', async () => {
      const beneath = await create({ name: 'Beneath', parent_team_id: design });
      const manager = await holding(MANAGE);
      await add(manager, 'admin');
      const admin = await add(grace, 'admin', beneath);
      await manager.api.delete(path(admin.id, beneath)).expect(204);
    });
  });

  describe('a private team', () => {
    it('has its members for those who see it, and exists for nobody else', async () => {
      const secret = await create({ name: 'Secret', visibility: 'private' });
      const { id } = await add(grace, 'member', secret);
      const outside = await app.actors.member(organization);
      const absent = await outside.api.get(path('', uuid())).expect(404);
      for (const answer of [
        await outside.api.get(path('', secret)),
        await outside.api.get(path(id, secret)),
        await outside.api.post(path('', secret), { member_id: outside.memberId, role: 'viewer' }),
        await outside.api.delete(path(id, secret)),
      ])
        expect(indistinct(answer)).toBe(indistinct(absent));
      expect((await grace.api.get(path('', secret)).expect(200)).body.data).toHaveLength(1);
      await owner.api.delete(path(id, secret)).expect(204);
      expect(indistinct(await grace.api.get(path('', secret)))).toBe(indistinct(absent));
    });
  });

  describe('the end of a membership of the organization', () => {
    const secretAnd = async (): Promise<string[]> => {
      const secret = await create({ name: 'Secret', visibility: 'private' });
      return [(await add(grace)).id, (await add(grace, 'admin', secret)).id];
    };

    it('ends those of teams, also of teams that whoever ends it does not see', async () => {
      const ids = await secretAnd();
      const remover = await holding([
        'members:read',
        'members:remove',
        'organization:read',
        'teams:read',
        'team_members:read',
      ]);
      await remover.api.delete(`${base()}/members/${grace.memberId}`).expect(204);
      expect(await memberships(grace)).toEqual([]);
      for (const id of ids)
        expect((await events(id)).at(-1)).toMatchObject({
          action: 'team_member.removed',
          actor_id: remover.userId,
          isTold: true,
        });
      expect(await list()).toEqual([]);
    });

    it('does so too where they leave, or delete their account', async () => {
      for (const leave of [`${base()}/members/me`, '/me']) {
        const member = await app.actors.member(organization);
        const { id } = await add(member, 'admin');
        await member.api.delete(leave).expect(204);
        expect(await memberships(member)).toEqual([]);
        expect((await events(id)).at(-1)).toMatchObject({
          action: 'team_member.removed',
          team_id: design,
          actor_id: member.userId,
          isTold: true,
          changes: { member_id: { from: member.memberId, to: null }, role: { from: 'admin', to: null } },
        });
      }
    });

    it('is none while they are suspended: they keep what they are in teams', async () => {
      const { id } = await add(grace, 'admin');
      await owner.api.patch(`${base()}/members/${grace.memberId}`, { status: 'suspended' }).expect(200);
      expect(await read(id)).toMatchObject({ role: 'admin', member: { status: 'suspended' } });
      await owner.api.patch(`${base()}/members/${grace.memberId}`, { status: 'active' }).expect(200);
      await grace.api.patch(path(id), { role: 'viewer' }).expect(200);
    });

    it.each([
      ['is suspended', { status: 'suspended' }],
      ['is reactivated', { status: 'active' }],
      ['has other roles', { roles: ['custom'] }],
      ['is removed', undefined],
    ])('is judged with what they are in teams, as any change of them: %s', async (_case, body) => {
      await query(
        `insert into roles (organization_id, scope, key, name, permissions) values ($1, 'organization', 'custom', 'Custom', '{members:read}')`,
        organization.id,
      );
      const changer = await holding([
        'members:read',
        'members:update',
        'members:remove',
        'organization:read',
        'teams:read',
        'team_members:read',
      ]);
      await add(grace, 'admin');
      if (body && 'status' in body && body.status === 'active')
        await query(`update members set status = 'suspended' where id = $1`, grace.memberId);
      const one = `${base()}/members/${grace.memberId}`;
      const refused = await app.changingNothing(() => (body ? changer.api.patch(one, body) : changer.api.delete(one)));
      expect(refused.body).toMatchObject({ status: 403, code: 'grant_exceeds_own' });
      expect(refused.body.missing_permissions).toContain('team_members:manage');
      await add(changer, 'admin');
      expect((await (body ? changer.api.patch(one, body) : changer.api.delete(one))).ok).toBe(true);
    });

    it('is judged by all of it at once: whoever is refused is told everything that it would take', async () => {
      const changer = await holding(['members:read', 'members:remove', 'teams:read', 'team_members:read']);
      await add(grace, 'admin');
      const refused = await changer.api.delete(`${base()}/members/${grace.memberId}`).expect(403);
      expect(refused.body.missing_permissions).toEqual([
        'organization:read',
        'team_members:manage',
        'teams:delete',
        'teams:read_private',
        'teams:update',
      ]);
    });
  });

  describe('the database', () => {
    const insert = (values: readonly unknown[], role = TEAM_VIEWER) =>
      query(
        'insert into team_members (organization_id, team_id, member_id, role_id) values ($1, $2, $3, $4)',
        ...values,
        role,
      );

    it('refuses a member of another organization, whoever writes', async () => {
      const other = await app.actors.organization();
      const stranger = await app.actors.member(other);
      await expect(insert([organization.id, design, stranger.memberId])).rejects.toMatchObject({ code: '23503' });
      await expect(insert([other.id, design, stranger.memberId])).rejects.toMatchObject({ code: '23503' });
      await expect(insert([organization.id, design, grace.userId])).rejects.toMatchObject({ code: '23503' });
      await insert([organization.id, design, grace.memberId]);
    });

    it('refuses a second membership, and a role that is none of teams', async () => {
      await add(grace);
      await expect(insert([organization.id, design, grace.memberId])).rejects.toMatchObject({ code: '23505' });
      const other = await app.actors.member(organization);
      await expect(insert([organization.id, design, other.memberId], ORGANIZATION_MEMBER)).rejects.toMatchObject({
        code: '23503',
      });
    });

    it('keeps nobody in a team who has left, by whatever statement', async () => {
      const member = await app.actors.member(organization, []);
      await add(member);
      await query(`update members set status = 'removed' where id = $1`, member.memberId);
      expect(await memberships(member)).toEqual([]);
      await expect(insert([organization.id, design, member.memberId])).rejects.toMatchObject({ code: '23514' });
    });
  });

  describe('the seats of a team', () => {
    const limit = (seats: number) =>
      query(
        `insert into platform_settings (organization_id, key, value) values ($1, 'teams.max_members', $2)`,
        organization.id,
        String(seats),
      );

    it('are as many as the platform says, and who is suspended has one', async () => {
      await limit(2);
      await add(await app.actors.member(organization, ['member'], 'suspended'));
      const { id } = await add(grace);
      const other = await app.actors.member(organization);
      const refused = await app.changingNothing(() =>
        owner.api.post(path(), { member_id: other.memberId, role: 'viewer' }),
      );
      expect(refused.body).toMatchObject({
        status: 409,
        code: 'limit_reached',
        setting: 'teams.max_members',
        limit: 2,
        used: 2,
      });
      expect(code(await owner.api.post(path(), { member_id: grace.memberId, role: 'viewer' }))).toBe(
        '409 already_member',
      );
      await add(other, 'member', await create({ name: 'Other' }));
      await owner.api.patch(path(id), { role: 'admin' }).expect(200);
      await owner.api.delete(path(id)).expect(204);
      await add(other);
    });
  });

  describe('20 at the same time', () => {
    it.each([
      ['is removed', () => owner.api.delete(`${base()}/members/${grace.memberId}`)],
      ['leaves', () => grace.api.delete(`${base()}/members/me`)],
      ['deletes the account', () => grace.api.delete('/me')],
    ])('leave nobody in a team who %s meanwhile', async (_case, end) => {
      const ten = await Promise.all(TWENTY.slice(0, 10).map((index) => create({ name: `Team ${index}` })));
      const adding = ten.map((there) => owner.api.post(path('', there), { member_id: grace.memberId, role: 'member' }));
      const answers = await Promise.all([...adding.slice(0, 5), end(), ...adding.slice(5)]);
      expect(answers.map(({ status }) => status).filter((status) => ![201, 204, 422].includes(status))).toEqual([]);
      expect(await memberships(grace)).toEqual([]);
    });

    it('leave nobody in a team who goes by one statement, while another has looked already', async () => {
      const member = await app.actors.member(organization, []);
      await connected(app.database.url(), async (client) => {
        await client.query('begin');
        await client.query(
          'insert into team_members (organization_id, team_id, member_id, role_id) values ($1, $2, $3, $4)',
          [organization.id, design, member.memberId, TEAM_VIEWER],
        );
        const removal = query(`update members set status = 'removed' where id = $1`, member.memberId);
        await client.query('select pg_sleep(0.1)');
        await client.query('commit');
        await removal;
      });
      expect(await memberships(member)).toEqual([]);
    });
  });
});
