import { v7 as uuid } from 'uuid';
import { connected } from '../../prisma/engine/connection.ts';
import { permissions } from '../../src/core/access/index.ts';
import type { Actor, Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { Teams } from '../support/teams.ts';

const TWENTY = Array.from({ length: 20 }, (_, index) => index);
/** The first round opens the connections, which keeps its callers apart. */
const ROUNDS = 3;

describe('ownership transfers', () => {
  let app: TestApp;
  let ada: Actor;
  let grace: Member;
  let organization: Organization;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    ada = await app.actors.user();
    organization = await app.actors.organization(ada);
    grace = await app.actors.member(organization);
  });

  const home = () => `/organizations/${organization.id}`;
  const path = (id = '') => `${home()}/ownership-transfers${id && `/${id}`}`;
  const propose = (body: object = {}, { api }: Actor = ada) => api.post(path(), { member_id: grace.memberId, ...body });
  const offer = async (): Promise<string> => (await propose().expect(201)).body.id;
  const accept = (id: string, { api }: Actor = grace) => api.post(`${path(id)}/accept`);
  const cancel = (id: string, { api }: Actor = ada) => api.delete(path(id));
  const rolesOf = async ({ api }: Actor): Promise<string[]> =>
    (await api.get(home()).expect(200)).body.membership.roles;
  const events = () =>
    app.database.query(
      `select * from audit_events where organization_id = $1 and action !~ '^(organization|member.joined)' order by id`,
      [organization.id],
    );
  const actions = async () => (await events()).map(({ action }) => action);
  const owners = async (): Promise<number> => {
    const rows = await app.database.query(
      `select from members m join member_roles h on h.organization_id = m.organization_id and h.member_id = m.id
         join roles r on r.organization_id = h.organization_id and r.id = h.role_id
         where m.organization_id = $1 and m.status = 'active' and r.key = 'owner'`,
      [organization.id],
    );
    return rows.length;
  };
  /** @returns how many accounts the operator suspends by it */
  const suspend = async ({ userId }: Actor): Promise<number> =>
    connected(app.database.url('tenantry_operator'), async (client) => {
      const call = `select outcome from app.suspend_user('tess', 'ticket 4711', $1, null, true) where outcome = 'changed'`;
      return (await client.query(call, [userId])).rows.length;
    });

  describe('POST', () => {
    it('offers ownership, which changes nothing yet, and tells the member by mail', async () => {
      const answer = await propose().expect(201);

      expect(answer.body).toEqual({
        id: expect.any(String),
        organization_id: organization.id,
        member_id: grace.memberId,
        proposer_id: expect.any(String),
        keep_role: 'admin',
        status: 'pending',
        created_at: expect.stringMatching(/Z$/),
      });
      expect(answer.headers['location']).toBe(`/api/v1${path(answer.body.id)}`);
      expect([await rolesOf(ada), await rolesOf(grace)]).toEqual([['owner'], ['member']]);
      const [mail] = await app.mailsTo(grace.email);
      expect(mail!.text).toContain(`${home()}/ownership-transfers/${answer.body.id}`);
      expect(await events()).toEqual([
        expect.objectContaining({
          action: 'ownership_transfer.proposed',
          target_type: 'ownership_transfer',
          target_id: answer.body.id,
          actor_id: ada.userId,
          changes: {
            proposer_id: { from: null, to: answer.body.proposer_id },
            receiver_id: { from: null, to: grace.memberId },
            keep_role: { from: null, to: 'admin' },
          },
        }),
      ]);
    });

    it('is a conflict while another one waits, and not after it was cancelled', async () => {
      const id = await offer();
      const other = await app.actors.member(organization);
      const answer = await app.changingNothing(async () => propose({ member_id: other.memberId }).expect(409));
      expect(answer.body).toMatchObject({ code: 'conflict', detail: expect.stringContaining(id) });
      await cancel(id).expect(204);
      await propose({ member_id: other.memberId }).expect(201);
    });

    it.each<[string, () => object | Promise<object>, string]>([
      ['nobody', () => ({ member_id: uuid() }), '/member_id'],
      [
        'a stranger',
        async () => ({ member_id: (await app.actors.member(await app.actors.organization())).memberId }),
        '/member_id',
      ],
      [
        'a suspended member',
        async () => ({ member_id: (await app.actors.member(organization, [], 'suspended')).memberId }),
        '/member_id',
      ],
      [
        'whose account is suspended',
        async () => {
          const member = await app.actors.member(organization);
          await suspend(member);
          return { member_id: member.memberId };
        },
        '/member_id',
      ],
      [
        'who has left',
        async () => ({ member_id: (await app.actors.member(organization, [], 'removed')).memberId }),
        '/member_id',
      ],
      [
        'an owner',
        async () => ({ member_id: (await app.actors.member(organization, ['owner'])).memberId }),
        '/member_id',
      ],
      ['an unknown role to keep', () => ({ keep_role: 'unknown' }), '/keep_role'],
      ['ownership to keep', () => ({ keep_role: 'owner' }), '/keep_role'],
      ['no role to keep', () => ({ keep_role: null }), '/keep_role'],
      ['a person in place of a member', () => ({ member_id: grace.userId }), '/member_id'],
    ])('refuses %s', async (_case, body, pointer) => {
      const given = await body();
      const answer = await app.changingNothing(async () => propose(given).expect(422));
      expect(answer.body.errors).toMatchObject([{ pointer }]);
    });

    it('refuses the caller themself, who is an owner already', async () => {
      const { body } = await ada.api.get(home()).expect(200);
      await propose({ member_id: body.membership.id }).expect(422);
    });

    it('is refused to whoever is no owner, and to whom proved long ago who they are', async () => {
      const admin = await app.actors.member(organization, ['admin']);
      const refused = await propose({}, admin).expect(403);
      expect(refused.body).toMatchObject({ code: 'permission_denied', required: 'organization:transfer' });
      await app.database.query(`update sessions set authenticated_at = now() - interval '11 minutes' where id = $1`, [
        ada.sessionId,
      ]);
      expect((await propose().expect(403)).body.code).toBe('step_up_required');
    });

    it('takes an owner, and no less than all that one may', async () => {
      const teams = new Teams(app, organization);
      const [some, all] = [
        await teams.holding(['organization:transfer', 'members:read']),
        await teams.holding(Object.keys(permissions)),
      ];
      const [short, whole] = [some, all].map((caller) => () => app.changingNothing(() => propose({}, caller)));
      const refused = await short!();
      expect([refused.status, refused.body.code]).toEqual([403, 'grant_exceeds_own']);
      expect(refused.body.missing_permissions).toContain('organization:delete');
      expect(refused.body.missing_permissions).not.toContain('organization:transfer');
      const { status, body } = await whole!();
      expect([status, body.code, body.missing_permissions]).toEqual([403, 'grant_exceeds_own', []]);
      const offer = await propose().expect(201);
      const cancel = () => all.api.delete(`/organizations/${organization.id}/ownership-transfers/${offer.body.id}`);
      expect((await app.changingNothing(cancel)).body.code).toBe('grant_exceeds_own');
    });

    it('gets through once, of 20 at the same time', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const answers = await Promise.all(TWENTY.map(() => propose()));
        expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(19).fill(409)]);
        await cancel(answers.find(({ status }) => status === 201)!.body.id).expect(204);
      }
    });
  });

  describe('POST …/accept', () => {
    it('makes the member an owner, and the proposer what they wanted to stay', async () => {
      const id = await offer();
      const { body: offered } = await accept(id).expect(200);

      expect(offered).toMatchObject({ id, member_id: grace.memberId, status: 'accepted' });
      expect([await rolesOf(ada), await rolesOf(grace)]).toEqual([['admin'], ['member', 'owner']]);
      expect(await actions()).toEqual([
        'ownership_transfer.proposed',
        'ownership_transfer.accepted',
        'member.updated',
        'member.updated',
      ]);
      const [, accepted, proposer, receiver] = await events();
      expect(accepted!['changes']).toEqual({
        status: { from: 'pending', to: 'accepted' },
        owner_id: { from: offered.proposer_id, to: grace.memberId },
      });
      expect(proposer!['changes']).toEqual({ roles: { from: ['owner'], to: ['admin'] } });
      expect(receiver).toMatchObject({
        target_id: grace.memberId,
        actor_member_id: grace.memberId,
        changes: { roles: { from: ['member'], to: ['member', 'owner'] } },
      });
      await ada.api.delete(home()).expect(403);
      await grace.api.delete(home()).expect(204);
    });

    it('leaves the proposer the role that they have chosen', async () => {
      const { body } = await propose({ keep_role: 'member' }).expect(201);
      await accept(body.id).expect(200);
      expect(await rolesOf(ada)).toEqual(['member']);
    });

    it('counts the versions of both memberships', async () => {
      const versions = () =>
        app.database.query('select version from members where organization_id = $1', [organization.id]);
      const id = await offer();
      expect(await versions()).toEqual([{ version: 1 }, { version: 1 }]);
      await accept(id).expect(200);
      expect(await versions()).toEqual([{ version: 2 }, { version: 2 }]);
    });

    it('is not there for anybody else, the proposer and another owner included', async () => {
      const id = await offer();
      const owner = await app.actors.member(organization, ['owner']);
      for (const actor of [ada, owner, await app.actors.member(organization), await app.actors.user()]) {
        await app.changingNothing(async () => accept(id, actor).expect(404));
      }
      await accept(uuid()).expect(404);
    });

    it('works once', async () => {
      const id = await offer();
      const answers = await Promise.all(TWENTY.map(() => accept(id)));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(19).fill(409)]);
      expect(await actions()).toHaveLength(4);
      await cancel(id, grace).expect(404);
    });

    it('is a conflict where the role that the proposer was to keep has gone', async () => {
      await app.database.query(
        `insert into roles (organization_id, key, name, scope, system, permissions)
           values ($1, 'founder', 'Founder', 'organization', false, '{}')`,
        [organization.id],
      );
      const { body } = await propose({ keep_role: 'founder' }).expect(201);
      await app.database.query(`delete from roles where organization_id = $1 and key = 'founder'`, [organization.id]);
      const answer = await app.changingNothing(async () => accept(body.id).expect(409));
      expect(answer.body.code).toBe('conflict');
      await cancel(body.id).expect(204);
    });

    it('is refused to who was suspended meanwhile, and is not there for who has left', async () => {
      const id = await offer();
      const member = `${home()}/members/${grace.memberId}`;
      await ada.api.patch(member, { status: 'suspended' }).expect(200);
      expect((await accept(id).expect(403)).body.code).toBe('member_suspended');
      await ada.api.delete(member).expect(204);
      await accept(id).expect(404);
      expect(await owners()).toBe(1);
    });
  });

  describe('GET', () => {
    it('shows it where it was told to be, as it is, to both sides and whoever may offer ownership', async () => {
      const answer = await propose().expect(201);
      const location = (answer.headers['location'] ?? '').replace('/api/v1', '');
      const owner = await app.actors.member(organization, ['owner']);
      for (const { api } of [ada, grace, owner]) {
        expect((await api.get(location).expect(200)).body).toEqual(answer.body);
      }
      await accept(answer.body.id).expect(200);
      // Who has offered it is no owner any more, and one of its two sides still.
      for (const { api } of [ada, grace, owner]) {
        expect((await api.get(location).expect(200)).body).toEqual({ ...answer.body, status: 'accepted' });
      }
    });

    it('is not there for anybody else, nor in another organization', async () => {
      const id = await offer();
      const admin = await app.actors.member(organization, ['admin']);
      const elsewhere = await app.actors.organization();
      expect((await admin.api.get(path(id)).expect(404)).body.code).toBe('not_found');
      await admin.api.get(`${path(id)}?x=1`).expect(404);
      await ada.api.get(path(uuid())).expect(404);
      await elsewhere.owner.api.get(`/organizations/${elsewhere.id}/ownership-transfers/${id}`).expect(404);
    });
  });

  describe('DELETE', () => {
    it('finds it by its id in either case', async () => {
      const [inUpperCase, id] = [organization.id.toUpperCase(), (await offer()).toUpperCase()];
      await ada.api.delete(`/organizations/${inUpperCase}/ownership-transfers/${id}`).expect(204);
    });

    it('takes it back, once', async () => {
      const id = await offer();
      await cancel(id).expect(204);
      await cancel(id).expect(404);
      await accept(id).expect(404);
      expect(await actions()).toEqual(['ownership_transfer.proposed', 'ownership_transfer.cancelled']);
      expect((await events()).at(-1)!['changes']).toEqual({
        status: { from: 'pending', to: 'cancelled' },
        receiver_id: { from: grace.memberId, to: null },
      });
    });

    it("is any owner's, and nobody else's", async () => {
      const id = await offer();
      await cancel(id, grace).expect(403);
      await cancel(id, await app.actors.member(organization, ['owner'])).expect(204);
    });
  });

  describe('end by themselves', () => {
    const member = (id: string) => `${home()}/members/${id}`;
    const memberIdOf = async ({ api }: Actor): Promise<string> => (await api.get(home())).body.membership.id;
    const cancellations = async () =>
      (await events()).filter(({ action }) => action === 'ownership_transfer.cancelled');
    /** With an event that tells what the one of the change tells. */
    const expectCancelled = async (id: string) => {
      const [cancelled, ...more] = await cancellations();
      expect(more).toEqual([]);
      expect(cancelled).toMatchObject({
        target_type: 'ownership_transfer',
        target_id: id,
        actor_type: 'user',
        actor_member_id: expect.any(String),
        request_id: expect.any(String),
        changes: {
          status: { from: 'pending', to: 'cancelled' },
          receiver_id: { from: grace.memberId, to: null },
        },
      });
      const change = (await events()).find(
        (event) =>
          event !== cancelled &&
          event['request_id'] === cancelled!['request_id'] &&
          event['action'].startsWith('member.'),
      );
      for (const field of ['actor_id', 'actor_member_id', 'ip_address', 'user_agent', 'session_id']) {
        expect([field, cancelled![field]]).toEqual([field, change![field]]);
      }
      await app.changingNothing(async () => accept(id).expect(404), ['sessions']);
    };

    it.each<[string, (other: Actor) => Promise<unknown>]>([
      ['suspended', ({ api }) => api.patch(member(grace.memberId), { status: 'suspended' }).expect(200)],
      ['removed', ({ api }) => api.delete(member(grace.memberId)).expect(204)],
      ['gone', () => grace.api.delete(member('me')).expect(204)],
      ['gone with their account', () => grace.api.delete('/me').expect(204)],
    ])('when the receiver is %s', async (_case, end) => {
      const id = await offer();
      await end(ada);
      expect(await cancellations()).toMatchObject([
        { target_id: id, actor_type: 'user', request_id: expect.any(String) },
      ]);
      expect(await owners()).toBe(1);
      const other = await app.actors.member(organization);
      await propose({ member_id: other.memberId }).expect(201);
    });

    it.each<[string, (other: Actor) => Promise<unknown>]>([
      [
        'demoted',
        async ({ api }) => api.patch(member(await memberIdOf(ada)), { roles: ['admin', 'member'] }).expect(200),
      ],
      ['suspended', async ({ api }) => api.patch(member(await memberIdOf(ada)), { status: 'suspended' }).expect(200)],
      ['removed', async ({ api }) => api.delete(member(await memberIdOf(ada))).expect(204)],
      ['gone', () => ada.api.delete(member('me')).expect(204)],
      ['gone with their account', () => ada.api.delete('/me').expect(204)],
    ])('when the proposer is %s', async (_case, end) => {
      const other = await app.actors.member(organization, ['owner']);
      const id = await offer();
      await end(other);
      await expectCancelled(id);
      expect(await owners()).toBe(1);
      await propose({}, other).expect(201);
    });

    it.each<[string, () => Actor]>([
      ['proposer', () => ada],
      ['receiver', () => grace],
    ])('when the operator suspends the %s', async (_side, side) => {
      const id = await offer();
      const elsewhere = await app.actors.organization();
      const bystander = await app.actors.member(elsewhere);
      const path = `/organizations/${elsewhere.id}/ownership-transfers`;
      const { body } = await elsewhere.owner.api.post(path, { member_id: bystander.memberId }).expect(201);
      expect(await suspend(side())).toBe(1);
      expect(await cancellations()).toMatchObject([{ target_id: id, actor_type: 'system', actor_id: null }]);
      await bystander.api.post(`${path}/${body.id}/accept`).expect(200);
    });

    it('and stay ended when whoever it was comes back', async () => {
      const id = await offer();
      await ada.api.patch(member(grace.memberId), { status: 'suspended' }).expect(200);
      await ada.api.patch(member(grace.memberId), { status: 'active' }).expect(200);
      await expectCancelled(id);
    });

    it('but not when the roles of the receiver change, or somebody else goes', async () => {
      const [id, other, third] = [
        await offer(),
        await app.actors.member(organization),
        await app.actors.member(organization, ['owner']),
      ];
      await ada.api.delete(member(other.memberId)).expect(204);
      await ada.api.delete(member(third.memberId)).expect(204);
      await ada.api.patch(member(grace.memberId), { roles: ['admin', 'owner'] }).expect(200);
      await ada.api.patch(member(grace.memberId), { roles: ['member'] }).expect(200);
      await accept(id).expect(200);
    });

    it('when one of the two goes while the organization is deleted', async () => {
      const id = await offer();
      await ada.api.delete(home()).expect(204);
      await grace.api.delete('/me').expect(204);
      await ada.api.post(`${home()}/restore`).expect(200);
      await cancel(id).expect(404);
    });

    it('and the server can bring none back', async () => {
      const id = await offer();
      await cancel(id).expect(204);
      const rows = await connected(app.database.url('tenantry_app'), async (server) => {
        await server.query(`select set_config('app.organization_id', $1, false)`, [organization.id]);
        return (await server.query(`update ownership_transfers set status = 'pending' returning id`)).rows;
      });
      expect(rows).toEqual([]);
    });
  });

  it('are gone with the organization, and back with it', async () => {
    const id = await offer();
    await ada.api.delete(home()).expect(204);
    await app.changingNothing(async () => accept(id).expect(404));
    await ada.api.post(`${home()}/restore`).expect(200);
    await accept(id).expect(200);
  });

  it.each<[string, (id: string) => Promise<{ status: number }>, number[]]>([
    ['a cancellation', async (id) => cancel(id), [204, 403, 404]],
    ['the deletion of the organization', async () => ada.api.delete(home()), [204, 403]],
    ['the suspension of the proposer by the operator', async () => ({ status: await suspend(ada) }), [1]],
    ['the suspension of the receiver by the operator', async () => ({ status: await suspend(grace) }), [1]],
    ['the deletion of the proposer’s account', async () => ada.api.delete('/me'), [204, 409]],
    ['the deletion of the receiver’s account', async () => grace.api.delete('/me'), [204, 409]],
  ])('are accepted or not, with %s at the same time, and an owner stays', async (_case, rival, statuses) => {
    for (let round = 0; round < ROUNDS * 2; round += 1) {
      ada = await app.actors.user();
      organization = await app.actors.organization(ada);
      grace = await app.actors.member(organization);
      const id = await offer();
      const [accepted, other] = await Promise.all([accept(id), rival(id)]);
      expect([200, 401, 403, 404, 409]).toContain(accepted.status);
      expect(statuses).toContain(other.status);
      expect(await owners()).toBe(1);
      const moved = (await actions()).includes('ownership_transfer.accepted');
      expect(moved).toBe(accepted.status === 200);
    }
  });
});
