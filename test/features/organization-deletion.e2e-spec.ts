import type { Test } from 'supertest';
import { connected } from '../../prisma/engine/connection.ts';
import { permissions } from '../../src/core/access/index.ts';
import type { Actor, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { Teams } from '../support/teams.ts';
import { until } from '../support/until.ts';

const TWENTY = Array.from({ length: 20 }, (_, index) => index);
/** The first round opens the connections, which keeps its callers apart. */
const ROUNDS = 3;

describe('the deletion of an organization', () => {
  let app: TestApp;
  let ada: Actor;
  let organization: Organization;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    ada = await app.actors.user();
    organization = await app.actors.organization(ada);
  });

  const pathOf = ({ id }: Organization): string => `/organizations/${id}`;
  const path = (): string => pathOf(organization);
  const remove = () => ada.api.delete(path());
  const restore = (owner = ada) => owner.api.post(`${path()}/restore`);
  const actions = async ({ id }: Organization = organization): Promise<string[]> => {
    const text = `select action from audit_events where organization_id = $1 and action !~ '^member' order by id offset 1`;
    const rows = await app.database.query<{ action: string }>(text, [id]);
    return rows.map(({ action }) => action);
  };
  const deletedAt = async ({ id }: Organization = organization): Promise<Date | null> => {
    const [row] = await app.database.query<{ at: Date | null }>(
      'select deleted_at as at from organizations where id = $1',
      [id],
    );
    return row!.at;
  };

  it('takes it from everybody at once, keeps its slug, and is recorded', async () => {
    const member = await app.actors.member(organization);
    const answer = await remove().expect(204);
    expect(answer.text).toBe('');

    for (const { api } of [ada, member]) {
      await api.get(path()).expect(404);
      expect((await api.get('/organizations').expect(200)).body.pagination.total).toBe(0);
    }
    await remove().expect(404);
    await ada.api.post('/organizations', { name: 'Another', slug: organization.slug }).expect(409);
    const [, , event, ...others] = await app.database.query(
      'select * from audit_events where organization_id = $1 order by id',
      [organization.id],
    );
    expect(event).toMatchObject({
      action: 'organization.deleted',
      actor_id: ada.userId,
      target_type: 'organization',
      target_id: organization.id,
      changes: {},
      session_id: ada.sessionId,
    });
    expect(others).toEqual([]);
  });

  it("is an owner's alone, who has proved lately who they are", async () => {
    const admin = await app.actors.member(organization, ['admin']);
    const refused = await app.changingNothing(async () => admin.api.delete(path()).expect(403));
    expect(refused.body).toMatchObject({ code: 'permission_denied', required: 'organization:delete' });
    await app.database.query(`update sessions set authenticated_at = now() - interval '11 minutes' where id = $1`, [
      ada.sessionId,
    ]);
    const late = await app.changingNothing(async () => remove().expect(403));
    expect(late.body.code).toBe('step_up_required');
  });

  it('compares If-Match with the version, and tells of a malformed one', async () => {
    const { headers } = await ada.api.get(path()).expect(200);
    await ada.api.patch(path(), { name: 'New' }).expect(200);
    const stale = await app.changingNothing(async () => remove().set('If-Match', headers['etag']!).expect(412));
    expect(stale.body.code).toBe('precondition_failed');
    await remove().set('If-Match', 'no tag').expect(400);
    const fresh = await ada.api.get(path()).expect(200);
    await remove().set('If-Match', fresh.headers['etag']!).expect(204);
  });

  it('lets the sole owner delete their account', async () => {
    await ada.api.delete('/me').expect(409);
    await remove().expect(204);
    await ada.api.delete('/me').expect(204);
    expect(await deletedAt()).not.toBeNull();
  });

  it('is refused while the organization is suspended, and so is its end', async () => {
    const suspend = (at: string) =>
      app.database.query(`update organizations set suspended_at = ${at} where id = $1`, [organization.id]);
    await suspend('now()');
    expect((await remove().expect(403)).body.code).toBe('organization_suspended');
    await suspend('null');
    await remove().expect(204);
    await suspend('now()');
    expect((await restore().expect(403)).body.code).toBe('organization_suspended');
  });

  it('happens once, of 20 at the same time, with one event', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const doomed = await app.actors.organization(ada);
      const answers = await Promise.all(TWENTY.map(() => ada.api.delete(pathOf(doomed))));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([204, ...Array(19).fill(404)]);
      expect(await actions(doomed)).toEqual(['organization.deleted']);
    }
  });

  it.each<[string, (memberId: string) => Test]>([
    ['who invites', () => ada.api.post(`${path()}/invitations`, { email: 'grace@example.com', roles: ['member'] })],
    ['who makes a team', () => ada.api.post(`${path()}/teams`, { name: 'Design' })],
    ['who changes a member', (id) => ada.api.patch(`${path()}/members/${id}`, { roles: ['admin'] })],
    ['who removes one', (id) => ada.api.delete(`${path()}/members/${id}`)],
    ['who offers ownership', (id) => ada.api.post(`${path()}/ownership-transfers`, { member_id: id })],
  ])('refuses what has waited for it: %s', async (_who, call) => {
    const { memberId } = await app.actors.member(organization);
    await connected(app.database.url(), async (client) => {
      await client.query('begin');
      await client.query('update organizations set deleted_at = now() where id = $1', [organization.id]);
      const answer = call(memberId).then(({ status, body }) => [status, body.code]);
      await until(async () => {
        const waiting = await app.database.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return waiting.length > 0;
      });
      await client.query('commit');
      expect(await answer).toEqual([404, 'not_found']);
    });
  });

  it('is the last thing that happens, whoever changes it at the same time', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const doomed = await app.actors.organization(ada);
      const changes = TWENTY.map((index) => ada.api.patch(pathOf(doomed), { name: `Name ${index}` }));
      const [deletion, ...answers] = await Promise.all([ada.api.delete(pathOf(doomed)), ...changes]);
      expect(deletion.status).toBe(204);
      const updated = answers.filter(({ status }) => status === 200);
      expect(answers.every(({ status }) => status === 200 || status === 404)).toBe(true);
      expect(await actions(doomed)).toEqual([...updated.map(() => 'organization.updated'), 'organization.deleted']);
    }
  });

  it('shows nothing to who comes back with a version, a filter or a key of before', async () => {
    const { headers } = await ada.api.get(path()).expect(200);
    const create = () => ada.api.post('/organizations', { name: 'Kept' }).set('Idempotency-Key', 'create');
    const { body: kept } = await create().expect(201);
    await remove().expect(204);
    await ada.api.get(path()).set('If-None-Match', headers['etag']!).expect(404);
    const { body } = await ada.api.get(`/organizations?slug=${organization.slug}`).expect(200);
    expect(body.data).toEqual([]);
    await ada.api.delete(pathOf(kept)).expect(204);
    // What the first call has made is what the repeat is told; it is not there any more all the same.
    expect((await create().expect(201)).body.id).toBe(kept.id);
    await ada.api.get(pathOf(kept)).expect(404);
  });

  describe('ends with POST …/restore', () => {
    it('which answers with the organization, as it was', async () => {
      await app.database.query(`insert into teams (organization_id, name, slug) values ($1, 'A', 'a')`, [
        organization.id,
      ]);
      const member = await app.actors.member(organization, ['admin', 'member']);
      const { body: before } = await ada.api.get(path()).expect(200);
      await remove().expect(204);

      const answer = await restore().expect(200);

      expect(answer.body).toEqual({ ...before, updated_at: expect.any(String) });
      const read = await ada.api.get(path()).expect(200);
      expect([read.text, read.headers['etag']]).toEqual([answer.text, answer.headers['etag']]);
      const theirs = await member.api.get(path()).expect(200);
      expect(theirs.body.membership).toEqual({ id: member.memberId, roles: ['admin', 'member'], status: 'active' });
      expect(await actions()).toEqual(['organization.deleted', 'organization.restored']);
    });

    it('by an owner, and by nobody who may do as much without being one', async () => {
      const admin = await app.actors.member(organization, ['admin']);
      const teams = new Teams(app, organization);
      const [some, all] = [
        await teams.holding(['organization:delete', 'members:read']),
        await teams.holding(Object.keys(permissions)),
      ];
      await remove().expect(204);
      const refused = await app.changingNothing(async () => restore(admin).expect(403));
      expect(refused.body).toMatchObject({ code: 'permission_denied', required: 'organization:delete' });
      const stranger = await app.actors.user();
      await app.changingNothing(async () => restore(stranger).expect(404));
      const exceeding = await app.changingNothing(async () => restore(some).expect(403));
      expect(exceeding.body.code).toBe('grant_exceeds_own');
      expect(exceeding.body.missing_permissions).toContain('organization:transfer');
      const equal = await app.changingNothing(async () => restore(all).expect(403));
      expect(equal.body).toMatchObject({ code: 'grant_exceeds_own', missing_permissions: [] });
      await restore(organization.owner).expect(200);
    });

    it('and is a conflict where nothing is deleted', async () => {
      const answer = await app.changingNothing(async () => restore().expect(409));
      expect(answer.body.code).toBe('conflict');
    });

    it('and keeps its answer for who sends the same key again', async () => {
      await remove().expect(204);
      const first = await restore().set('Idempotency-Key', 'restore').expect(200);
      const again = await app.changingNothing(async () => restore().set('Idempotency-Key', 'restore').expect(200));
      expect([again.text, again.headers['idempotency-replayed']]).toEqual([first.text, 'true']);
    });

    it('once, of 20 at the same time', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        await remove().expect(204);
        const answers = await Promise.all(TWENTY.map(() => restore()));
        expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(19).fill(409)]);
      }
      expect(await actions()).toHaveLength(2 * ROUNDS);
    });

    it('and leaves it with an owner, whoever deletes their account at the same time', async () => {
      for (let round = 0; round < ROUNDS * 2; round += 1) {
        const owner = await app.actors.user();
        const theirs = await app.actors.organization(owner);
        await owner.api.delete(pathOf(theirs)).expect(204);
        const [restored, left] = await Promise.all([
          owner.api.post(`${pathOf(theirs)}/restore`),
          owner.api.delete('/me'),
        ]);
        expect([
          [200, 409],
          [401, 204],
          [404, 204],
          [403, 204],
        ]).toContainEqual([restored.status, left.status]);
        expect((await deletedAt(theirs)) === null).toBe(restored.status === 200);
      }
    });
  });
});
