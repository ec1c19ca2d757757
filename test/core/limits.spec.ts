import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import request from 'supertest';
import { Clock } from '../../src/core/clock/clock.ts';
import { addressBlock, clientAddress } from '../../src/core/http/client-address.ts';
import { parseJson } from '../../src/core/http/json.ts';
import { Readiness } from '../../src/core/http/readiness.ts';
import { RouteTable } from '../../src/core/http/route-table.ts';
import { createServer } from '../../src/core/http/server.ts';
import { RequestLimits } from '../../src/core/limits/index.ts';
import { RateLimit } from '../../src/core/limits/rate-limit.ts';
import { ShortMemory } from '../../src/core/limits/short-memory.ts';
import { TokenBuckets } from '../../src/core/limits/token-buckets.ts';
import { createLogger } from '../../src/core/telemetry/logger.ts';
import { RequestMetrics } from '../../src/core/telemetry/request-metrics.ts';
import { RequestObserver } from '../../src/core/telemetry/request-observer.ts';
import { startCars } from '../support/cars.ts';
import { TestClock } from '../support/clock.ts';
import { testConfig } from '../support/environment.ts';
import { sendRaw } from '../support/raw-http.ts';

/** Moves only when a test moves it. */
function stoppedClock(): TestClock {
  const clock = new TestClock();
  clock.stop();
  return clock;
}

describe('the address of a client', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:1:0:0:9', '2001:db8::1:0:0:9', '2001:db8:0:0::/64'],
    ['2001:db8::2', '2001:db8::2', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::2', '2001:db8:0:1::2', '2001:db8:0:1::/64'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
    ['1:2:3::8', '1:2:3::8', '1:2:3:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201', '64:ff9b:0:0::/64'],
    ['::192.0.2.1', '::192.0.2.1', '0:0:0:0::/64'],
    ['::1', '::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80::1', 'fe80:0:0:0::/64'],
    ['192.0.2.1:4711', '192.0.2.1', '192.0.2.1'],
    ['[2001:db8::2]:4711', '2001:db8::2', '2001:db8:0:0::/64'],
    ['[2001:db8::2]', '2001:db8::2', '2001:db8:0:0::/64'],
    ['unknown', '::', '0:0:0:0::/64'],
    ['1.2.3', '::', '0:0:0:0::/64'],
    ["'; drop table users", '::', '0:0:0:0::/64'],
    [undefined, '::', '0:0:0:0::/64'],
  ])('%s is %s, with %s to itself', (ip, address, block) => {
    const found = clientAddress(ip === undefined ? {} : { ip });
    expect([found, addressBlock(found)]).toEqual([address, block]);
  });
});

describe('a token bucket', () => {
  let clock: TestClock;
  beforeEach(() => void (clock = stoppedClock()));

  const limit = (requests: number, seconds: number) => new RateLimit('address', { requests, seconds });
  const allowed = (buckets: TokenBuckets, key = 'a') => buckets.take(key).allowed;

  it('gives the whole quota at once, and then what comes back of it, evenly', () => {
    const buckets = new TokenBuckets(limit(4, 60), clock);
    expect([1, 2, 3, 4, 5, 6].map(() => allowed(buckets))).toEqual([true, true, true, true, false, false]);
    clock.advance(14_999 - 150);
    expect(allowed(buckets)).toBe(false);
    clock.advance(151);
    expect([allowed(buckets), allowed(buckets)]).toEqual([true, false]);
    clock.advance(45_000);
    expect([1, 2, 3, 4].map(() => allowed(buckets))).toEqual([true, true, true, false]);
  });

  it('is one of many', () => {
    const buckets = new TokenBuckets(limit(1, 60), clock);
    expect(['a', 'a', 'b', 'b', 'a'].map((key) => allowed(buckets, key))).toEqual([true, false, true, false, false]);
  });

  it.each([
    { requests: 1, seconds: 1 },
    { requests: 7, seconds: 3 },
    { requests: 600, seconds: 60 },
    { requests: 1_000_000, seconds: 60 },
  ])('never lets more through than $requests and what came back in $seconds s, and never less', (quota) => {
    const rate = quota.requests / (quota.seconds * 1000);
    const steps = fc.array(fc.record({ wait: fc.nat({ max: 700 }), calls: fc.integer({ min: 1, max: 40 }) }));
    fc.assert(
      fc.property(steps, (walk) => {
        const walked = stoppedClock();
        const buckets = new TokenBuckets(new RateLimit('address', quota), walked);
        let tokens = quota.requests;
        for (const { wait, calls } of walk) {
          walked.advance(wait);
          tokens = Math.min(quota.requests, tokens + wait * rate);
          for (let call = 0; call < calls; call += 1) {
            const isAllowed = allowed(buckets);
            // At the edge of a whole token rounding may fall on either side.
            if (Math.abs(tokens - 1) > 0.02) expect(isAllowed).toBe(tokens > 1);
            if (isAllowed) tokens -= 1;
          }
        }
      }),
    );
  });

  it('begins anew when the clock was set back, and locks nobody out', () => {
    const buckets = new TokenBuckets(limit(2, 60), clock);
    const thrice = () => [allowed(buckets), allowed(buckets), allowed(buckets)];
    expect(thrice()).toEqual([true, true, false]);
    clock.advance(-86_400_000);
    expect(thrice()).toEqual([true, true, false]);
    clock.advance(30_000);
    expect(thrice()).toEqual([true, false, false]);
  });

  it('stays empty whatever others do meanwhile, as long as there is room', () => {
    const buckets = new TokenBuckets(limit(1, 60), clock, 1000);
    allowed(buckets);
    for (let second = 0; second < 59; second += 1) {
      clock.advance(1000);
      for (let other = 0; other < 10; other += 1) allowed(buckets, `${second} ${other}`);
      expect(allowed(buckets)).toBe(false);
    }
    clock.advance(1000);
    expect(allowed(buckets)).toBe(true);
  });
});

describe('a short memory', () => {
  it('keeps what was written for its time, and forgets it after twice that', () => {
    const clock = stoppedClock();
    const memory = new ShortMemory<number>(clock, 1000);
    clock.advance(999);
    memory.set('a', 1);
    clock.advance(1000);
    expect(memory.get('a')).toBe(1);
    clock.advance(1000);
    expect([memory.get('a'), memory.size]).toEqual([undefined, 0]);
  });

  it('never holds more than twice its capacity, whoever comes', () => {
    const memory = new ShortMemory<number>(stoppedClock(), 60_000, 100);
    for (let key = 0; key < 10_000; key += 1) {
      memory.set(`${key}`, key);
      expect(memory.size).toBeLessThanOrEqual(200);
    }
    expect([memory.get('9999'), memory.get('9900'), memory.get('0')]).toEqual([9999, 9900, undefined]);
  });
});

describe('the limit by address', () => {
  const clock = stoppedClock();
  const origin = 'https://app.example.com';
  let app: NestFastifyApplication;

  beforeAll(async () => {
    const changes = { RATE_LIMIT_ADDRESS: '3/60', TRUSTED_PROXIES: '127.0.0.0/8', CORS_ORIGINS: origin };
    app = await startCars(changes, clock);
  });
  // All buckets are full again.
  beforeEach(() => clock.advance(60_000));
  afterAll(() => app.close());

  const api = () => request(app.getHttpServer());
  const from = (address: string, path = '/api/v1/cars') => api().get(path).set('x-forwarded-for', address);
  const statuses = async (...addresses: string[]) => {
    const found = [];
    for (const address of addresses) found.push((await from(address)).status);
    return found;
  };

  it('tells with every answer what is left, and of a refusal when to come again', async () => {
    const { headers } = await from('192.0.2.1');
    expect(headers).toMatchObject({ 'ratelimit-policy': '"address";q=3;w=60', ratelimit: '"address";r=2;t=20' });
    await from('192.0.2.1');
    expect((await from('192.0.2.1')).headers['ratelimit']).toBe('"address";r=0;t=20');
    clock.advance(5000);
    const refused = await from('192.0.2.1');
    expect(refused.status).toBe(429);
    expect(refused.type).toBe('application/problem+json');
    expect(refused.body).toMatchObject({ code: 'rate_limited', instance: '/api/v1/cars', status: 429 });
    expect(refused.headers).toMatchObject({
      'ratelimit-policy': '"address";q=3;w=60',
      ratelimit: '"address";r=0;t=15',
      'retry-after': '15',
      'x-request-id': expect.any(String),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    clock.advance(15_000);
    expect(await statuses('192.0.2.1', '192.0.2.1')).toEqual([200, 429]);
  });

  it('counts an IPv4 address in either form, and of IPv6 the network', async () => {
    expect(await statuses('192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201', '192.0.2.1')).toEqual([
      200, 200, 200, 429,
    ]);
    expect(await statuses('2001:db8::1', '2001:db8:0:0:ffff::1', '2001:DB8::2', '2001:db8::3')).toEqual([
      200, 200, 200, 429,
    ]);
    expect(await statuses('2001:db8:0:1::1', '192.0.2.2')).toEqual([200, 200]);
  });

  it('counts whatever is asked: what is not there, another method, what the parser or a class refuses', async () => {
    expect((await from('192.0.2.1', '/nothing')).status).toBe(404);
    expect((await api().put('/api/v1/cars').set('x-forwarded-for', '192.0.2.1')).status).toBe(405);
    const broken = () => api().post('/api/v1/cars').set('x-forwarded-for', '192.0.2.1').type('json').send('{');
    expect((await broken()).status).toBe(400);
    expect((await from('192.0.2.1', '/nothing')).status).toBe(429);
    expect((await from('192.0.2.1', '/docs')).status).toBe(429);
    expect((await api().put('/api/v1/cars').set('x-forwarded-for', '192.0.2.1')).status).toBe(429);
    expect((await api().head('/api/v1/cars').set('x-forwarded-for', '192.0.2.1')).status).toBe(429);
  });

  it('counts a path that no router can decode', async () => {
    const path =
      'GET /api/v1/cars/%zz HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n';
    const broken = async () => sendRaw(Number(new URL(await app.getUrl()).port), path);
    const { status, head } = await broken();
    expect([status, head]).toEqual([400, expect.stringContaining('ratelimit: "address";r=2;t=20')]);
    expect([(await broken()).status, (await broken()).status, (await broken()).status]).toEqual([400, 400, 400]);
    expect(await statuses('192.0.2.1')).toEqual([429]);
  });

  it('is judged after what a header tells, and before the body is read and everything else', async () => {
    await statuses('192.0.2.1', '192.0.2.1', '192.0.2.1');
    const post = (type: string, body: string) =>
      api().post('/api/v1/cars').set('x-forwarded-for', '192.0.2.1').type(type).send(body);
    expect((await post('text/plain', 'x')).status).toBe(415);
    expect((await post('application/json; charset=latin1', '{')).status).toBe(415);
    expect((await post('application/json', `"${'x'.repeat(256 * 1024)}"`)).status).toBe(413);
    expect((await post('application/json', '{')).status).toBe(429);
    expect((await post('application/json', '')).status).toBe(429);
    expect((await post('application/json', '{"name":5}')).status).toBe(429);
    expect((await from('192.0.2.1', '/api/v1/faults/unauthenticated')).status).toBe(429);
  });

  it('does not keep a browser from asking whether it may', async () => {
    expect(await statuses('192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.1')).toEqual([200, 200, 200, 429]);
    const preflight = api().options('/api/v1/cars').set('x-forwarded-for', '192.0.2.1');
    expect((await preflight.set({ origin, 'access-control-request-method': 'PATCH' })).status).toBe(204);
    const refused = await from('192.0.2.1').set('origin', origin);
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([429, origin]);
  });

  it('is not for a route that says so', async () => {
    for (let call = 0; call < 5; call += 1) {
      const { status, headers } = await from('192.0.2.1', '/api/v1/faults/whatever');
      expect([status, headers['ratelimit']]).toEqual([200, undefined]);
      expect((await api().head('/api/v1/faults/whatever').set('x-forwarded-for', '192.0.2.1')).status).toBe(200);
    }
    expect(await statuses('192.0.2.1')).toEqual([200]);
  });

  it('is not for such a route, whatever else is said of it', async () => {
    const { headers } = await api().put('/api/v1/faults/short').send({ name: 'a' });
    expect(headers['ratelimit']).toBeUndefined();
    expect(
      (
        await api()
          .put('/api/v1/faults/short')
          .send({ name: 'x'.repeat(1024) })
      ).status,
    ).toBe(413);
  });
});

describe('a request over the limit', () => {
  const ROUNDS = 4;
  const CALLS = 150;
  const body = JSON.stringify({ name: 'beetle' });

  async function cpuOf(app: NestFastifyApplication, method: 'GET' | 'POST'): Promise<number> {
    const call = { method, url: '/api/v1/cars', headers: { 'content-type': 'application/json' } };
    const start = process.cpuUsage();
    for (let i = 0; i < CALLS; i += 1) await app.inject(method === 'POST' ? { ...call, payload: body } : call);
    const { user, system } = process.cpuUsage(start);
    return user + system;
  }

  // The cheapest of several rounds, taken in turns: what else the machine does makes some of them dearer, and not all.
  it.each(['GET', 'POST'] as const)('costs less than a %s under it, even one that asks no database', async (method) => {
    const under = await startCars();
    const over = await startCars({ RATE_LIMIT_ADDRESS: '1/3600' });
    const cost = { under: Infinity, over: Infinity };
    for (let round = 0; round < ROUNDS; round += 1) {
      cost.under = Math.min(cost.under, await cpuOf(under, method));
      cost.over = Math.min(cost.over, await cpuOf(over, method));
    }
    expect((await over.inject('/api/v1/cars')).statusCode).toBe(429);
    expect(cost.over).toBeLessThan(cost.under);
    await under.close();
    await over.close();
  });

  it('is not parsed: however wide its body, it costs less than half of what it takes to parse that', async () => {
    const over = await startCars({ RATE_LIMIT_ADDRESS: '1/3600' });
    const members = Array.from({ length: 9_900 }, (_, index) => [`member${index}`, index]);
    const body = JSON.stringify({ metadata: Object.fromEntries(members) });
    const post = { method: 'POST', url: '/api/v1/cars', headers: { 'content-type': 'application/json' } } as const;
    const cost = { refused: Infinity, parsed: Infinity };
    await over.inject('/api/v1/cars');
    for (let round = 0; round < ROUNDS * ROUNDS; round += 1) {
      cost.refused = Math.min(cost.refused, await timeOf(() => over.inject({ ...post, payload: body })));
      cost.parsed = Math.min(cost.parsed, await timeOf(() => parseJson(Buffer.from(body))));
    }
    expect((await over.inject({ ...post, payload: body })).statusCode).toBe(429);
    expect(cost.refused).toBeLessThan(cost.parsed / 2);
    await over.close();
  });

  async function timeOf(work: () => unknown): Promise<number> {
    const start = performance.now();
    await work();
    return performance.now() - start;
  }
});

describe('X-Forwarded-For', () => {
  /** @returns whom the server takes for its client */
  async function seenAs(remoteAddress: string, forwardedFor: string, proxies: string, more = {}): Promise<string> {
    const config = testConfig({ TRUSTED_PROXIES: proxies });
    const server = createServer({
      config,
      limits: new RequestLimits(config, new Clock()),
      observer: new RequestObserver(new RequestMetrics(new Registry()), createLogger('silent')),
      readiness: new Readiness(),
      routes: new RouteTable(),
    }).getInstance();
    server.get('/', (asked) => clientAddress(asked));
    const headers = { 'x-forwarded-for': forwardedFor, ...more };
    const { body } = await server.inject({ url: '/', remoteAddress, headers });
    await server.close();
    return body;
  }

  it.each([
    // What a proxy says is believed.
    ['behind one proxy', '10.0.0.1', '192.0.2.1', '10.0.0.0/8', '192.0.2.1'],
    ['behind a proxy at the same machine', '::1', '192.0.2.1', '127.0.0.0/8,::1/128', '192.0.2.1'],
    ['behind a proxy on a socket for both kinds', '::ffff:10.0.0.1', '192.0.2.1', '10.0.0.0/8', '192.0.2.1'],
    ['behind a chain of proxies', '10.0.0.1', '192.0.2.1, fd00::9,10.0.0.9', '10.0.0.0/8,fd00::/8', '192.0.2.1'],
    ['behind a mapped proxy in a chain', '10.0.0.1', '192.0.2.1, ::ffff:10.0.0.9', '10.0.0.0/8', '192.0.2.1'],
    ['by IPv6', 'fd00::1', '2001:DB8::1', 'fd00::/8', '2001:db8::1'],
    ['with its port', '10.0.0.1', '192.0.2.1:4711', '10.0.0.0/8', '192.0.2.1'],
    ['by IPv6, with its port', '10.0.0.1', '[2001:db8::1]:4711', '10.0.0.0/8', '2001:db8::1'],
    ['where there are proxies alone', '10.0.0.1', '10.0.0.2', '10.0.0.0/8', '10.0.0.2'],
    ['which nobody can read', '10.0.0.1', 'unknown', '10.0.0.0/8', '::'],
    // What anybody else says is not.
    ['where no network is named', '10.0.0.1', '192.0.2.1', '', '10.0.0.1'],
    ['from elsewhere', '198.51.100.1', '192.0.2.1', '10.0.0.0/8', '198.51.100.1'],
    ['from elsewhere by IPv6', '2001:db8::1', '192.0.2.1', 'fd00::/8,10.0.0.0/8', '2001:db8::1'],
    ['from elsewhere, with a proxy in it', '198.51.100.1', '192.0.2.1, 10.0.0.1', '10.0.0.0/8', '198.51.100.1'],
    ['before a stranger wrote to it', '10.0.0.1', '192.0.2.1, 198.51.100.1', '10.0.0.0/8', '198.51.100.1'],
    ['before a stranger in a chain', '10.0.0.1', '192.0.2.1, 198.51.100.1, 10.0.0.2', '10.0.0.0/8', '198.51.100.1'],
    ['from a stranger whose name begins like a proxy', '10.0.0.1', '192.0.2.1, 10.0.0.1.evil', '10.0.0.0/8', '::'],
  ])('finds the client: %s', async (_what, peer, forwardedFor, proxies, client) => {
    expect(await seenAs(peer, forwardedFor, proxies)).toBe(client);
  });

  it('is the one header that is', async () => {
    const others = { forwarded: 'for=192.0.2.2', 'x-real-ip': '192.0.2.3', 'cf-connecting-ip': '192.0.2.4' };
    expect(await seenAs('10.0.0.1', '192.0.2.1', '10.0.0.0/8', others)).toBe('192.0.2.1');
    expect(await seenAs('198.51.100.1', '192.0.2.1', '10.0.0.0/8', others)).toBe('198.51.100.1');
  });

  it('from an address that is refused, and that nobody has named, is a hint in the log, once', async () => {
    const hint = import.meta.jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    let app = await startCars({ RATE_LIMIT_ADDRESS: '1/60' });
    const call = (header: Record<string, string>) => request(app.getHttpServer()).get('/api/v1/cars').set(header);
    const forwarded = { 'x-forwarded-for': '192.0.2.1' };
    await call(forwarded);
    await call({});
    expect(hint).not.toHaveBeenCalled();
    await call(forwarded);
    await call(forwarded);
    expect(hint.mock.calls).toEqual([[expect.stringContaining('TRUSTED_PROXIES')]]);
    await app.close();

    app = await startCars({ RATE_LIMIT_ADDRESS: '1/60', TRUSTED_PROXIES: '127.0.0.0/8' });
    expect([(await call(forwarded)).status, (await call(forwarded)).status]).toEqual([200, 429]);
    expect(hint).toHaveBeenCalledTimes(1);
    await app.close();
    hint.mockRestore();
  });
});
