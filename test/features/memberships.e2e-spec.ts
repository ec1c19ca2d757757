import type { Response } from 'supertest';
import { v7 as uuid } from 'uuid';
import type { Actor, Member, Organization } from '../support/actors.ts';
import { codeOf } from '../support/answers.ts';
import { TestApp } from '../support/app.ts';
import { connected } from '../../prisma/engine/connection.ts';

const TWENTY = Array.from({ length: 20 }, (_, index) => index);

describe('memberships', () => {
  let app: TestApp;
  let organization: Organization;
  let owner: Actor;
  let ownerId: string;
  let admin: Member;
  let member: Member;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
    owner = organization.owner;
    ownerId = (await owner.api.get(path('me')).expect(200)).body.id;
    [admin, member] = [await app.actors.member(organization, ['admin']), await app.actors.member(organization)];
  });

  const path = (id: string): string => `/organizations/${organization.id}/members/${id}`;
  const read = async (id: string) => (await owner.api.get(path(id)).expect(200)).body;
  const query = (text: string, ...values: unknown[]) => app.database.query(text, values);
  const eventsOf = (id: string) => query(`select * from audit_events where target_id = $1 order by occurred_at`, id);
  const activeOwners = async ({ id } = organization): Promise<number> =>
    (
      await query(
        `select from members m join member_roles h on h.organization_id = m.organization_id and h.member_id = m.id
           join roles r on r.organization_id = h.organization_id and r.id = h.role_id
           where m.organization_id = $1 and r.key = 'owner' and m.status = 'active'`,
        id,
      )
    ).length;

  describe('PATCH /organizations/{organization_id}/members/{member_id}', () => {
    it('gives and takes roles, which work at the next request, and counts the version', async () => {
      const before = await read(member.memberId);
      const answer = await owner.api.patch(path(member.memberId), { roles: ['member', 'admin'] }).expect(200);
      expect(answer.body).toEqual({ ...before, roles: ['admin', 'member'], updated_at: expect.any(String) });
      expect(answer.headers['etag']).toMatch(/^"2\./);
      const again = await owner.api.get(path(member.memberId)).expect(200);
      expect([again.text, again.headers['etag']]).toEqual([answer.text, answer.headers['etag']]);

      await member.api.patch(`/organizations/${organization.id}`, { name: 'By an admin' }).expect(200);
      await owner.api.patch(path(member.memberId), { roles: ['member'] }).expect(200);
      await member.api.patch(`/organizations/${organization.id}`, { name: 'No more' }).expect(403);
    });

    it('suspends, which keeps the roles, and reactivates', async () => {
      await owner.api.patch(path(admin.memberId), { status: 'suspended' }).expect(200);
      expect(codeOf(await admin.api.get(path('me')))).toBe('403 member_suspended');
      expect(await read(admin.memberId)).toMatchObject({ status: 'suspended', roles: ['admin'] });
      await owner.api.patch(path(admin.memberId), { status: 'active' }).expect(200);
      await admin.api.get(path('me')).expect(200);
      expect((await eventsOf(admin.memberId)).map(({ action, changes }) => [action, changes])).toEqual([
        ['member.suspended', { status: { from: 'active', to: 'suspended' } }],
        ['member.reactivated', { status: { from: 'suspended', to: 'active' } }],
      ]);
    });

    it('records who changed what', async () => {
      await admin.api.patch(path(member.memberId), { roles: ['admin'], status: 'active' }).expect(200);
      expect(await eventsOf(member.memberId)).toEqual([
        expect.objectContaining({
          action: 'member.updated',
          actor_member_id: admin.memberId,
          target_type: 'member',
          changes: { roles: { from: ['member'], to: ['admin'] } },
        }),
      ]);
    });

    it('changes nothing where there is nothing to change', async () => {
      await app.changingNothing(async () => {
        for (const body of [{}, { roles: ['member'] }, { status: 'active' }]) {
          const answer = await owner.api.patch(path(member.memberId), body).expect(200);
          expect(answer.headers['etag']).toMatch(/^"1\./);
        }
      });
    });

    it.each([
      ['no roles at all', { roles: [] }, '/roles', 'min_items'],
      ['a role twice', { roles: ['member', 'member'] }, '/roles', 'unique'],
      ['a role that is not there', { roles: ['member', 'admin', 'bogus'] }, '/roles/2', 'unknown'],
      ['null for roles', { roles: null }, '/roles', 'type'],
      ['another status', { status: 'removed' }, '/status', 'choice'],
      ['what is not theirs to change', { user: {} }, '/user', 'unknown'],
    ])('refuses %s', async (_case, body, pointer, fault) => {
      const answer = await app.changingNothing(() => owner.api.patch(path(member.memberId), body));
      expect(answer.status).toBe(422);
      expect(answer.body.errors).toEqual([expect.objectContaining({ pointer, code: fault })]);
    });

    it('refuses a team role and one of another organization', async () => {
      const other = await app.actors.organization();
      await query(
        `insert into roles (organization_id, scope, key, name) values ($1, 'team', 'lead', 'Lead'), ($2, 'organization', 'foreign', 'Foreign')`,
        organization.id,
        other.id,
      );
      for (const key of ['lead', 'foreign']) {
        expect((await owner.api.patch(path(member.memberId), { roles: [key] })).body.errors).toEqual([
          expect.objectContaining({ pointer: '/roles/0', code: 'unknown' }),
        ]);
      }
    });

    it('is no way back for who has left', async () => {
      await owner.api.delete(path(member.memberId)).expect(204);
      for (const body of [{ status: 'active' }, { roles: [] }, { roles: ['admin'] }]) {
        await app.changingNothing(() => owner.api.patch(path(member.memberId), body).expect(404));
      }
    });

    it('compares If-Match with the membership, which no change of the person touches', async () => {
      const { headers } = await owner.api.get(path(member.memberId)).expect(200);
      await member.api.patch('/me', { name: 'Another' }).expect(200);
      const change = (body: object) =>
        owner.api.patch(path(member.memberId), body).set('If-Match', headers['etag'] ?? '');
      await change({ status: 'suspended' }).expect(200);
      expect(codeOf(await change({ status: 'active' }))).toBe('412 precondition_failed');
    });
  });

  describe('the grant rule', () => {
    const refused = async (call: () => Promise<Response>) => {
      const answer = await app.changingNothing(call);
      expect(codeOf(answer)).toBe('403 grant_exceeds_own');
      expect(answer.body.missing_permissions).toContain('organization:delete');
    };

    it('keeps an admin from making an owner, of themselves or another', async () => {
      for (const id of ['me', admin.memberId, member.memberId]) {
        await refused(async () => admin.api.patch(path(id), { roles: ['admin', 'owner'] }));
      }
    });

    it('keeps an admin from an owner, a suspended one too', async () => {
      const other = await app.actors.member(organization, ['owner'], 'suspended');
      for (const id of [ownerId, other.memberId]) {
        await refused(async () => admin.api.patch(path(id), { roles: ['member'] }));
        await refused(async () => admin.api.patch(path(id), { status: id === ownerId ? 'suspended' : 'active' }));
        await refused(async () => admin.api.delete(path(id)));
      }
    });

    it('lets an admin do to another admin what they may do to a member', async () => {
      const other = await app.actors.member(organization, ['admin']);
      await admin.api.patch(path(other.memberId), { status: 'suspended' }).expect(200);
      await admin.api.delete(path(other.memberId)).expect(204);
    });

    it('looks into custom roles, of giver and taker', async () => {
      await query(
        `insert into roles (organization_id, scope, key, name, permissions) values
           ($1, 'organization', 'hr', 'HR', '{members:read,members:update}'),
           ($1, 'organization', 'billing', 'Billing', '{members:read,invitations:read}')`,
        organization.id,
      );
      const hr = await app.actors.member(organization, ['hr']);
      const plain = await app.actors.member(organization, []);
      await hr.api.patch(path(plain.memberId), { roles: ['hr'] }).expect(200);
      const answer = await app.changingNothing(() => hr.api.patch(path(plain.memberId), { roles: ['billing'] }));
      expect(answer.body).toMatchObject({ code: 'grant_exceeds_own', missing_permissions: ['invitations:read'] });
      const both = await app.actors.member(organization, ['hr', 'billing']);
      await both.api.patch(path(plain.memberId), { roles: ['billing'] }).expect(200);
    });
  });

  describe('DELETE /organizations/{organization_id}/members/{member_id}', () => {
    it('removes: they are out at once, and stay in the history', async () => {
      await owner.api.patch(path(member.memberId), { status: 'suspended' }).expect(200);
      await admin.api.delete(path(member.memberId)).expect(204);
      await member.api.get(path('me')).expect(404);
      expect(await read(member.memberId)).toMatchObject({ status: 'removed', roles: [] });
      await admin.api.delete(path(member.memberId)).expect(404);
      expect((await eventsOf(member.memberId)).at(-1)).toMatchObject({
        action: 'member.removed',
        actor_member_id: admin.memberId,
        changes: { status: { from: 'suspended', to: 'removed' }, roles: { from: ['member'], to: [] } },
      });
    });

    it('lets everybody leave, without a permission', async () => {
      const powerless = await app.actors.member(organization, []);
      await powerless.api.delete(path('me')).expect(204);
      await powerless.api.delete(path('me')).expect(404);
      expect(await eventsOf(powerless.memberId)).toEqual([
        expect.objectContaining({ action: 'member.left', actor_member_id: powerless.memberId }),
      ]);
      expect(codeOf(await member.api.delete(path(admin.memberId)))).toBe('403 permission_denied');
    });

    it('lets leave who is suspended, and whose organization is', async () => {
      const suspended = await app.actors.member(organization, ['owner'], 'suspended');
      expect(codeOf(await suspended.api.delete(`${path('me')}?x=1`))).toBe('422 validation_failed');
      await suspended.api.delete(path('me')).expect(204);
      await suspended.api.delete(path('me')).expect(404);
      await query('update organizations set suspended_at = now() where id = $1', organization.id);
      expect(codeOf(await app.changingNothing(async () => owner.api.delete(path('me'))))).toBe('409 last_owner');
      await member.api.delete(path('me')).expect(204);
      await query('update users set suspended_at = now() where id = $1', admin.userId);
      expect(codeOf(await admin.api.delete(path('me')))).toBe('401 unauthenticated');
      for (const { memberId } of [suspended, member]) {
        expect((await eventsOf(memberId)).at(-1)).toMatchObject({ action: 'member.left', actor_member_id: memberId });
      }
    });

    it('gives who joins again another id', async () => {
      await member.api.delete(path('me')).expect(204);
      const memberId = uuid();
      await query(
        'insert into members (organization_id, id, user_id) values ($1, $2, $3)',
        organization.id,
        memberId,
        member.userId,
      );
      await member.api.get(`/organizations/${organization.id}`).expect(403);
      expect([(await read(memberId)).status, (await read(member.memberId)).status]).toEqual(['active', 'removed']);
    });

    it('is not undone by any statement of the server', async () => {
      const removed = await app.actors.member(organization, ['member'], 'removed');
      await connected(app.database.url('tenantry_app'), async (server) => {
        await server.query(`select set_config('app.organization_id', $1, false)`, [organization.id]);
        const set = (id: string, status: string) =>
          server.query('update members set status = $2 where id = $1', [id, status]);
        expect((await set(removed.memberId, 'active')).rowCount).toBe(0);
        expect((await set(member.memberId, 'active')).rowCount).toBe(1);
      });
      expect((await read(removed.memberId)).status).toBe('removed');
    });

    it('compares If-Match', async () => {
      const { headers } = await owner.api.get(path(member.memberId)).expect(200);
      await owner.api.patch(path(member.memberId), { roles: ['admin'] }).expect(200);
      const etag = headers['etag'] ?? '';
      expect(codeOf(await owner.api.delete(path(member.memberId)).set('If-Match', etag))).toBe(
        '412 precondition_failed',
      );
      expect(codeOf(await member.api.delete(path('me')).set('If-Match', etag))).toBe('412 precondition_failed');
    });
  });

  describe('the last owner', () => {
    const attempts: [string, () => Promise<Response>][] = [
      ['leaves', async () => owner.api.delete(path('me'))],
      ['removes themselves by their id', async () => owner.api.delete(path(ownerId))],
      ['steps down', async () => owner.api.patch(path('me'), { roles: ['admin'] })],
      ['suspends themselves', async () => owner.api.patch(path('me'), { status: 'suspended' })],
    ];

    it.each(attempts)('stays where nobody else is one who is active: %s', async (_case, attempt) => {
      await app.actors.member(organization, ['owner'], 'suspended');
      await app.actors.member(organization, ['owner'], 'removed');
      expect(codeOf(await app.changingNothing(attempt))).toBe('409 last_owner');
    });

    it.each(attempts)('may go where there is another: %s', async (_case, attempt) => {
      await app.actors.member(organization, ['owner']);
      expect((await attempt()).ok).toBe(true);
      expect(await activeOwners()).toBe(1);
    });

    it.each([
      ['is suspended', `update members set status = 'suspended' where id = $1`],
      ['is removed', `update members set status = 'removed' where id = $1`],
      ['loses the role', 'delete from member_roles where member_id = $1'],
      [
        'has another role instead',
        `update member_roles set role_id = '00000000-0000-7000-8000-000000000002' where member_id = $1`,
      ],
      ['is gone', 'with roles as (delete from member_roles where member_id = $1) delete from members where id = $1'],
    ])('is kept by the database itself, whoever writes: %s', async (_case, statement) => {
      await expect(query(statement, ownerId)).rejects.toMatchObject({ code: 'TN409' });
      const heir = await app.actors.member(organization, ['owner']);
      await query(`update members set status = 'suspended' where id = $1`, heir.memberId);
      await query(`update members set status = 'active' where id = $1`, heir.memberId);
      await query(statement, ownerId).catch((error: { code: string }) => expect(error.code).toBe('23503'));
      expect(await activeOwners()).toBeGreaterThanOrEqual(1);
      await query(`delete from member_roles using members where id = member_id and status = 'removed'`);
    });

    it('is kept against two statements at once, neither of which sees the other', async () => {
      const other = await app.actors.member(organization, ['owner']);
      const suspend = (id: string) =>
        connected(app.database.url(), async (client) => {
          await client.query('begin');
          await client.query(`update members set status = 'suspended' where id = $1`, [id]);
          await client.query('select pg_sleep(0.05)');
          await client.query('commit');
        });
      const results = await Promise.allSettled([suspend(ownerId), suspend(other.memberId)]);
      expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(await activeOwners()).toBe(1);
    });

    it('may change in one transaction', async () => {
      await connected(app.database.url(), async (client) => {
        await client.query('begin');
        await client.query('delete from member_roles where member_id = $1', [ownerId]);
        await client.query(`insert into member_roles values ($1, $2, '00000000-0000-7000-8000-000000000001')`, [
          organization.id,
          admin.memberId,
        ]);
        await client.query('commit');
      });
      expect(await activeOwners()).toBe(1);
    });

    it('no longer matters to an organization that was deleted', async () => {
      await query('update organizations set deleted_at = now() where id = $1', organization.id);
      await query(`update members set status = 'suspended' where id = $1`, ownerId);
      expect(await activeOwners()).toBe(0);
    });
  });

  describe('20 at the same time', () => {
    it('remove one member once', async () => {
      const answers = await Promise.all(TWENTY.map(() => admin.api.delete(path(member.memberId))));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([204, ...Array(19).fill(404)]);
      expect(await eventsOf(member.memberId)).toHaveLength(1);
    });

    it('change one version once', async () => {
      const { headers } = await owner.api.get(path(member.memberId)).expect(200);
      const answers = await Promise.all(
        TWENTY.map((index) =>
          owner.api
            .patch(path(member.memberId), { roles: [index % 2 ? 'admin' : 'owner'] })
            .set('If-Match', headers['etag'] ?? ''),
        ),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(19).fill(412)]);
    });
  });
});
