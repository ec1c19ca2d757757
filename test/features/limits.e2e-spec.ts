import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import request from 'supertest';
import { v7 as uuid } from 'uuid';
import { AppModule } from '../../src/app.module.ts';
import { Config } from '../../src/config/index.ts';
import { AccessTable } from '../../src/core/access/index.ts';
import { createApplication } from '../../src/core/http/index.ts';
import { TestApp } from '../support/app.ts';
import { TestClock } from '../support/clock.ts';
import { fullPath } from '../support/routes.ts';

describe('the limit by caller', () => {
  let app: TestApp;
  beforeAll(async () => void (app = await TestApp.start({ environment: { RATE_LIMIT_CALLER: '4/3600' } })));
  afterAll(() => app.stop());

  const statuses = async (...calls: (() => PromiseLike<{ status: number }>)[]) => {
    const found = [];
    for (const call of calls) found.push((await call()).status);
    return found;
  };

  it('is of a user, in whatever organisation and session, and asks the database nothing', async () => {
    const ada = await app.actors.user();
    const grace = await app.actors.user();
    const organization = await app.actors.organization(ada);
    const { headers } = await ada.api.get('/me');
    expect(headers['ratelimit-policy']).toBe('"address";q=1000000;w=60, "caller";q=4;w=3600');
    expect(headers['ratelimit']).toMatch(/^"address";r=\d+;t=\d+, "caller";r=2;t=\d+$/);
    const elsewhere = app.anonymous.as(app.actors.token(ada.userId, uuid()));
    const path = `/organizations/${organization.id}`;
    expect(
      await statuses(
        () => elsewhere.get(path),
        () => ada.api.get('/organizations'),
      ),
    ).toEqual([401, 200]);

    const refused = await app.roundTrips(async () => {
      expect(
        await statuses(
          () => elsewhere.get('/me'),
          () => ada.api.get(path),
        ),
      ).toEqual([429, 429]);
    });
    expect(refused).toBe(0);
    const { body, headers: told } = await ada.api.get(path);
    expect(body).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(told).toMatchObject({ 'retry-after': expect.stringMatching(/^(900|8\d\d)$/) });
    expect(told['ratelimit']).toMatch(/"caller";r=0;t=(900|8\d\d)$/);
    expect(
      await statuses(
        () => grace.api.get('/me'),
        () => app.anonymous.get('/me'),
      ),
    ).toEqual([200, 401]);
  });

  it('is judged after the token, which alone says who calls, and before everything else', async () => {
    const ada = await app.actors.user();
    const forged = `${ada.api.token!.slice(0, -8)}AAAAAAAA`;
    for (let call = 0; call < 6; call += 1) await app.anonymous.as(forged).get('/me').expect(401);
    for (let call = 0; call < 4; call += 1) await ada.api.get('/organizations/no-id').expect(404);
    await ada.api.get('/organizations/no-id').expect(429);
    await ada.api.post('/organizations', { nonsense: true }).expect(429);
    await app.anonymous.as(forged).get('/organizations/no-id').expect(401);
  });
});

describe('the limit of sign-in by address', () => {
  let app: TestApp;
  let other: NestFastifyApplication;
  let otherClock: TestClock;

  // Two servers with one database and one secret.
  beforeAll(async () => {
    app = await TestApp.start({ environment: { RATE_LIMIT_SIGN_IN: '3/3000', TRUSTED_PROXIES: '127.0.0.0/8' } });
    const config = app.nest.get(Config);
    otherClock = new TestClock();
    other = await createApplication(AppModule.of(config), config, otherClock);
    await other.listen(0, '127.0.0.1');
  });
  afterAll(async () => {
    await other.close();
    await app.stop();
  });

  let addresses = 0;
  const newAddress = () => `198.51.100.${(addresses += 1)}`;
  const guess = (address: string, server: NestFastifyApplication = app.nest) =>
    request(server.getHttpServer())
      .post('/api/v1/auth/login')
      .set('x-forwarded-for', address)
      // Always another account: each has a limit of its own.
      .send({ email: `${uuid()}@example.com`, password: 'guessed' });
  const at = (address: string, path: string, body: object) =>
    app.anonymous.post(path, body).set('x-forwarded-for', address);

  it('is shared by all servers, and tells what is left', async () => {
    const address = newAddress();
    const first = await guess(address);
    expect(first.headers['ratelimit-policy']).toBe('"address";q=1000000;w=60, "sign-in-address";q=3;w=3000');
    expect(first.headers['ratelimit']).toMatch(/, "sign-in-address";r=2;t=1000$/);
    expect([first.status, (await guess(address, other)).status, (await guess(address)).status]).toEqual([
      401, 401, 401,
    ]);
    for (const server of [other, app.nest]) {
      const refused = await guess(address, server);
      expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
      expect(refused.headers['retry-after']).toMatch(/^(1000|99\d)$/);
      expect(refused.headers['ratelimit']).toMatch(/, "sign-in-address";r=0;t=(1000|99\d)$/);
    }
    expect((await guess(newAddress())).status).toBe(401);
  });

  it('is judged once in the database, and then without it, until a request has come back', async () => {
    const address = newAddress();
    for (let call = 0; call < 3; call += 1) await guess(address).expect(401);
    const roundTrips = await app.roundTrips(async () => {
      for (let call = 0; call < 5; call += 1) await guess(address).expect(429);
    });
    expect(roundTrips).toBe(0);
    // A server whose clock is ahead asks, and the database's clock decides.
    await guess(address, other).expect(429);
    otherClock.advance(86_400_000);
    await guess(address, other).expect(429);
    await app.database.query(`update sign_in_counts set full_at = full_at - interval '2000 s'`);
    // One that was set back asks too, rather than believe what it remembers of tomorrow.
    otherClock.advance(-86_400_000);
    await guess(address, other).expect(401);
    app.clock.advance(1_000_000);
    const again = [(await guess(address)).status, (await guess(address)).status];
    app.clock.advance(-1_000_000);
    expect(again).toEqual([401, 429]);
  });

  it('lets no more through of many at once, on two servers', async () => {
    const address = newAddress();
    const calls = Array.from({ length: 20 }, (_, call) => guess(address, call % 2 === 0 ? app.nest : other));
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    const through = statuses.filter((status) => status !== 429 && status !== 503); // A busy machine is short of connections.
    expect(through.length).toBeLessThanOrEqual(3);
    const count = `select allowed from app.count_sign_in('${'x'.repeat(32)}', 3, 3000)`;
    const counted = await Promise.all(Array.from({ length: 20 }, () => app.database.query(count)));
    expect(counted.flat().filter(({ allowed }) => allowed)).toHaveLength(3);
  });

  it('refuses no longer than the window that is configured now', async () => {
    const count = async (seconds: number) => {
      const taken = `select allowed, full_in as "fullIn" from app.count_sign_in('${'y'.repeat(32)}', 3, ${seconds})`;
      const [found] = await app.database.query<{ allowed: boolean; fullIn: number }>(taken);
      return found!;
    };
    for (let call = 0; call < 3; call += 1) expect((await count(3000)).allowed).toBe(true);
    const refused = await count(30);
    expect(refused.allowed).toBe(false);
    expect(refused.fullIn).toBeLessThanOrEqual(30_000);
    // As if a third of it were over.
    await app.database.query(
      `update sign_in_counts set full_at = full_at - interval '11 s' where address_hash = '${'y'.repeat(32)}'`,
    );
    expect((await count(30)).allowed).toBe(true);
    expect((await count(30)).allowed).toBe(false);
  });

  it('counts all ways in together, of IPv6 by network, and before it looks at the body', async () => {
    await at('2001:db8::1', '/auth/register', { email: 'grace@example.com', name: 'Grace' }).expect(202);
    await at('2001:db8::2', '/auth/email/verify', { token: 'unknown' }).expect(410);
    await at('2001:db8:0:0:1::', '/auth/login', { nonsense: true }).expect(422);
    await at('2001:db8::3', '/auth/login', { nonsense: true }).expect(429);
    await at('2001:db8::3', '/auth/login', {}).set('x-token-transport', 'unknown').expect(429);
    await at('2001:db8::4', '/auth/register?nonsense=1', {}).expect(429);
    await at('2001:db8:0:1::1', '/auth/login', { nonsense: true }).expect(422);
  });

  it.each([
    ['198.51.100.200', '198.51.100.200'],
    ['198.51.100.201, 127.0.0.9', '198.51.100.201'],
    ['::ffff:198.51.100.202', '198.51.100.202'],
    ['198.51.100.203:4711', '198.51.100.203'],
    ['2001:DB8:0:9::1', '2001:db8:0:9::1'],
    ['unknown', '::'],
  ])('and what is logged of a client behind a proxy go by the one address: %s is %s', async (forwarded, address) => {
    await guess(forwarded).expect(401);
    const [event] = await app.database.query(
      'select host(ip_address) as ip from security_events order by id desc limit 1',
    );
    expect(event).toEqual({ ip: address });
  });

  // Any page can have its visitor's browser send one, and would lock up all who share the visitor's address.
  it('does not count a request without a body, which each such route refuses by itself', async () => {
    const address = newAddress();
    const limited = app.nest
      .get(AccessTable)
      .routes.filter(({ handler }) => Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler)?.limitsSignIn);
    expect(limited.length).toBeGreaterThan(2);
    for (const route of limited) {
      const { status, headers } = await app.anonymous.outside('post', fullPath(route)).set('x-forwarded-for', address);
      expect([status, headers['ratelimit']]).toEqual([422, expect.not.stringContaining('sign-in-address')]);
    }
    expect((await guess(address)).headers['ratelimit']).toContain('"sign-in-address";r=2;');
  });

  it('leaves those alone who are in', async () => {
    const address = newAddress();
    for (let call = 0; call < 5; call += 1) await at(address, '/auth/refresh', { refresh_token: 'x' }).expect(401);
    await guess(address).expect(401);
  });

  it('keeps no address, and of those that have all back nothing', async () => {
    await app.database.query(`update sign_in_counts set full_at = now() - interval '1 s'`);
    const [before] = await app.database.query<{ count: number }>('select count(*)::int from sign_in_counts');
    expect(before!.count).toBeGreaterThan(4);
    const address = newAddress();
    await guess(address).expect(401);
    const [after] = await app.database.query<{ count: number }>('select count(*)::int from sign_in_counts');
    expect(after!.count).toBe(before!.count - 1);
    for (let call = 0; call < before!.count; call += 1) await guess(newAddress()).expect(401);
    const rows = await app.database.query(`select * from sign_in_counts where full_at < now()`);
    expect(rows).toEqual([]);
    const hash = createHash('sha256').update(address).digest();
    expect(await app.database.query('select from sign_in_counts where address_hash = $1', [hash])).toEqual([]);
  });
});

describe('health', () => {
  it('is told to whoever asks, however often', async () => {
    const app = await TestApp.start({ environment: { RATE_LIMIT_ADDRESS: '1/3600' } });
    await app.anonymous.outside('get', '/problems').expect(200);
    await app.anonymous.outside('get', '/problems').expect(429);
    for (const path of ['/health/live', '/health/ready']) {
      for (const method of ['get', 'head', 'get'] as const) await app.anonymous.outside(method, path).expect(200);
    }
    await app.stop();
  });
});

it('tells once of a proxy that nobody has named, whichever limits refuse what comes through it', async () => {
  const hint = import.meta.jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
  const app = await TestApp.start({ environment: { RATE_LIMIT_SIGN_IN: '1/3000', RATE_LIMIT_ADDRESS: '2/3000' } });
  const policies = [];
  for (let call = 0; call < 3; call += 1) {
    const { status, headers } = await app.anonymous
      .post('/auth/login', { email: `${uuid()}@example.com`, password: 'guessed' })
      .set('x-forwarded-for', '198.51.100.1');
    policies.push([status, headers['ratelimit-policy']]);
  }
  const address = '"address";q=2;w=3000';
  const both = `${address}, "sign-in-address";q=1;w=3000`;
  expect(policies).toEqual([
    [401, both],
    [429, both],
    [429, address],
  ]);
  expect(hint.mock.calls).toEqual([[expect.stringContaining('TRUSTED_PROXIES')]]);
  await app.stop();
  hint.mockRestore();
});
