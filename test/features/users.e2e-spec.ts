import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { TestApp } from '../support/app.ts';
import type { Actor } from '../support/actors.ts';
import { PASSWORD, tokenIn } from '../support/auth.ts';
import { TestFactor } from '../support/second-factor.ts';
import { served } from '../support/served.ts';

describe('the profile', () => {
  let app: TestApp;
  let ada: Actor;
  beforeAll(async () => void (app = await TestApp.start()));
  afterAll(() => app.stop());
  beforeEach(async () => void (ada = await app.actors.user('Ada')));

  const eventsOf = (userId: string) =>
    app.database.query('select action, changes from security_events where user_id = $1 order by id', [userId]);

  it('is shown to its owner, in one round trip, with a version', async () => {
    const { body, headers } = await ada.api.get('/me').expect(200);
    expect(body).toEqual({
      id: ada.userId,
      email: ada.email,
      name: 'Ada',
      avatar_url: null,
      phone: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: body.created_at,
    });
    expect(headers['etag']).toMatch(/^"1\.[\w-]+"$/);
    expect(headers['cache-control']).toBe('no-store');
    expect(await app.roundTrips(() => ada.api.get('/me'))).toBe(1);
    await ada.api.get('/me').set('if-none-match', headers['etag']!).expect(304);
  });

  it('is refused to the anonymous', async () => {
    const { body } = await app.anonymous.get('/me').expect(401);
    expect(body.code).toBe('unauthenticated');
    await app.anonymous.patch('/me', { name: 'Eve' }).expect(401);
  });

  it('changes field by field, with an event that tells which and not what', async () => {
    const renamed = await ada.api.patch('/me', { name: 'Ada King' }).expect(200);
    expect(renamed.body).toMatchObject({ name: 'Ada King', avatar_url: null });
    expect(renamed.headers['etag']).toMatch(/^"2\./);
    const pictured = await ada.api.patch('/me', { avatar_url: 'https://pictures.example/ada.png' }).expect(200);
    expect(pictured.body).toMatchObject({ name: 'Ada King', avatar_url: 'https://pictures.example/ada.png' });
    const bare = await ada.api.patch('/me', { avatar_url: null }).expect(200);
    expect(bare.body.avatar_url).toBeNull();
    expect(await eventsOf(ada.userId)).toEqual([
      { action: 'user.updated', changes: { name: { changed: true } } },
      { action: 'user.updated', changes: { avatar_url: { changed: true } } },
      { action: 'user.updated', changes: { avatar_url: { changed: true } } },
    ]);
  });

  it('keeps version and log when nothing changes', async () => {
    const before = await ada.api.get('/me');
    for (const patch of [{}, { name: 'Ada' }]) {
      const { headers } = await ada.api.patch('/me', patch).expect(200);
      expect(headers['etag']).toBe(before.headers['etag']);
    }
    expect(await eventsOf(ada.userId)).toEqual([]);
  });

  it('is changed by one of many who read the same version', async () => {
    // So that the pool has its connections: on a single one there is no race.
    await Promise.all(Array.from({ length: 20 }, () => ada.api.get('/me')));
    for (let round = 1; round <= 5; round++) {
      const etag = (await ada.api.get('/me')).headers['etag']!;
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          served(() => ada.api.patch('/me', { name: `Ada ${round}.${index}` }).set('if-match', etag)),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.code === 'precondition_failed')).toHaveLength(19);
      expect(await eventsOf(ada.userId)).toHaveLength(round);
    }
  });

  it.each([
    [{ id: '01930000-0000-7000-8000-000000000001' }, '/id'],
    [{ email: 'eve@example.com' }, '/email'],
    [{ email_verified: true }, '/email_verified'],
    [{ role: 'owner' }, '/role'],
    [{ version: 7 }, '/version'],
    [{ suspended_at: null }, '/suspended_at'],
    [{ name: '' }, '/name'],
    [{ name: '   ' }, '/name'],
    [{ name: null }, '/name'],
    [{ name: 5 }, '/name'],
    [{ name: 'x'.repeat(201) }, '/name'],
    [{ name: '\ufe0f'.repeat(201) }, '/name'],
    [{ name: 'Ada\r\nBcc: eve@example.com' }, '/name'],
    [{ phone: '0151 99887766' }, '/phone'],
    [{ phone: '+0151998877' }, '/phone'],
    [{ phone: '+1' }, '/phone'],
    [{ phone: '+1234567890123456' }, '/phone'],
    [{ phone: '+49151\n' }, '/phone'],
    [{ phone: 49151 }, '/phone'],
    [{ avatar_url: 'javascript:alert(1)' }, '/avatar_url'],
    [{ avatar_url: 'http://pictures.example/ada.png' }, '/avatar_url'],
    [{ avatar_url: `https://pictures.example/${'x'.repeat(2048)}` }, '/avatar_url'],
  ])('refuses %j', async (patch, pointer) => {
    const { body } = await ada.api.patch('/me', { name: 'Eve', ...patch }).expect(422);
    expect(body.errors).toEqual([expect.objectContaining({ pointer })]);
    expect((await ada.api.get('/me')).body.name).toBe('Ada');
    expect(await eventsOf(ada.userId)).toEqual([]);
  });

  it("is one person's: a change leaves everybody else as they were", async () => {
    const grace = await app.actors.user('Grace');
    await ada.api.patch('/me', { name: 'Ada King' }).expect(200);
    expect((await grace.api.get('/me')).body.name).toBe('Grace');
  });

  describe('phone', () => {
    const kept = async (): Promise<string | null> =>
      (await app.database.query('select phone from users where id = $1', [ada.userId]))[0]!['phone'];

    it('is kept encrypted, and is plain to its owner alone', async () => {
      const { body, headers } = await ada.api.patch('/me', { phone: '+4915112345678' }).expect(200);
      expect(body.phone).toBe('+4915112345678');
      expect((await ada.api.get('/me')).body.phone).toBe('+4915112345678');
      expect(await kept()).toMatch(/^v1\.[0-9a-f-]{36}\.[\w-]+$/);
      expect(await eventsOf(ada.userId)).toEqual([{ action: 'user.updated', changes: { phone: { changed: true } } }]);
      const same = await ada.api.patch('/me', { phone: '+4915112345678' }).expect(200);
      expect(same.headers['etag']).toBe(headers['etag']);
      await ada.api.patch('/me', { phone: null }).expect(200);
      expect(await kept()).toBeNull();
    });

    it('costs a round trip with the first look in a while, and none after that', async () => {
      await ada.api.patch('/me', { phone: '+491' }).expect(200);
      app.clock.advance(10_000);
      expect(await app.roundTrips(() => ada.api.get('/me').expect(200))).toBe(2);
      expect(await app.roundTrips(() => ada.api.get('/me').expect(200))).toBe(1);
    });

    it('that was tampered with is a fault of ours, told to nobody and an alarm', async () => {
      const grace = await app.actors.user('Grace');
      await grace.api.patch('/me', { phone: '+4915112345678' }).expect(200);
      await ada.api.patch('/me', { phone: '+4917612345678' }).expect(200);
      const alarms: unknown[] = [];
      const ignore = (): void => undefined;
      Logger.overrideLogger({ log: ignore, warn: ignore, error: (...line: unknown[]) => void alarms.push(line) });
      await app.database.query(`begin; set local session_replication_role = replica;
        update users set phone = (select phone from users where id = '${grace.userId}') where id = '${ada.userId}'; commit`);
      const { body } = await ada.api.get('/me').expect(500);
      expect(body).toEqual({
        type: '/problems/internal-error',
        title: expect.any(String),
        status: 500,
        detail: expect.any(String),
        instance: '/api/v1/me',
        code: 'internal_error',
        request_id: expect.any(String),
      });
      expect(inspect(body)).not.toMatch(/seal|crypt|key|phone|\+49/i);
      expect(alarms).toContainEqual([
        expect.objectContaining({ reason: 'lost_key', table: 'users', row: ada.userId }),
        undefined,
        'Database',
      ]);
      expect(inspect(alarms, { depth: 9 })).not.toMatch(/\+49/);
      Logger.overrideLogger(false);
    });

    describe("that can't be opened", () => {
      const spoil = () =>
        app.database.query(`begin; set local session_replication_role = replica;
          update users set phone = 'v1.' || gen_random_uuid() || '.' || repeat('A', 50) where id = '${ada.userId}'; commit`);
      beforeEach(async () => {
        await spoil();
        await ada.api.get('/me').expect(500);
      });

      it.each([null, '+4917612345678'])('is replaced by %j', async (phone) => {
        const { body } = await ada.api.patch('/me', { phone }).expect(200);
        expect(body.phone).toBe(phone);
        expect((await ada.api.get('/me').expect(200)).body.phone).toBe(phone);
        expect(await eventsOf(ada.userId)).toEqual([{ action: 'user.updated', changes: { phone: { changed: true } } }]);
      });

      it('keeps nobody from securing their account', async () => {
        await ada.api.send('put', '/me/password', { new_password: PASSWORD }).expect(204);
        await ada.api.post('/auth/step-up', { password: PASSWORD }).expect(204);
        await ada.api.post('/me/email', { email: `new.${ada.email}` }).expect(202);
        const factor = await TestFactor.active(app, ada);
        await ada.api.post('/auth/step-up', { code: factor.code() }).expect(204);
        await ada.api.post('/me/mfa/recovery-codes', { code: factor.code(1) }).expect(200);
      });

      it('keeps nobody from another password by mail', async () => {
        await app.anonymous.post('/auth/password/forgot', { email: ada.email }).expect(202);
        const token = tokenIn((await app.mailsTo(ada.email))[0]!);
        await app.anonymous.post('/auth/password/reset', { token, password: PASSWORD }).expect(204);
      });

      it('keeps nobody from deleting their account', async () => {
        await ada.api.delete('/me').set('if-match', '"2.x"').expect(412);
        await ada.api.delete('/me').expect(204);
      });
    });
  });
});
