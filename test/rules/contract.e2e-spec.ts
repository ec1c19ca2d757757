import request, { type Response, type Test } from 'supertest';
import type { Route } from '../../src/core/access/index.ts';
import { takesPrecondition } from '../../src/core/http/etag.ts';
import { problems } from '../../src/core/http/problems.ts';
import type { Actor } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { bodyFor, fullPath, type Ids, isInOrganization, METHODS, pathOf, Routes } from '../support/routes.ts';
import { withThings } from '../support/things.ts';

const ORIGIN = 'https://app.example.com';
const REQUEST_ID = 'tell-support';
const JSON_TYPE = 'application/json';

/** What the contract says of every response. */
const EVERY_RESPONSE = {
  'x-request-id': REQUEST_ID,
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'access-control-allow-origin': ORIGIN,
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers':
    'ETag, Location, Link, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotency-Replayed',
};
const TWENTY = Array.from({ length: 20 }, (_, index) => index);
/** They differ from call to call. */
const OF_THE_CALL = ['date', 'ratelimit'];
/** Public documents that caches may keep. */
const CACHED = ['/.well-known/jwks.json'];

// The tests are made from the routes, so the application is there before they are.
const app = await TestApp.start({ module: withThings, environment: { CORS_ORIGINS: ORIGIN } });
const routes = new Routes(app);
const reads = routes.all.filter(({ method }) => method === 'GET');
const writes = routes.all.filter(({ method }) => method !== 'GET');
const paths = [...new Set(routes.all.map(fullPath))];

afterAll(() => app.stop());

interface Given {
  readonly caller?: Actor;
  readonly ids?: Ids;
  readonly query?: string;
  readonly body?: object | string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

type Method = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete' | 'options';

function send(method: Method, path: string, { caller, query = '', body, headers = {} }: Given = {}): Test {
  const call = request(app.url)[method](query === '' ? path : `${path}?${query}`);
  void call.set({ origin: ORIGIN, 'x-request-id': REQUEST_ID, ...headers });
  if (caller) void call.auth(caller.api.token ?? '', { type: 'bearer' });
  return body === undefined ? call : call.send(body);
}

function sendTo(route: Route, given: Given): Test {
  return send(METHODS[route.method as keyof typeof METHODS], pathOf(route, given.ids ?? new Map()), given);
}

/** Somebody who may call the route, and what is in its path. */
async function given(route: Route): Promise<{ caller: Actor; ids: Ids }> {
  const organization = await app.actors.sharedOrganization();
  return { caller: organization.owner, ids: await routes.idsFor(route, organization) };
}

/** A parameter leads to a name, too, such as `me`. */
function leadsTo(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return (
    wanted.length === given.length &&
    wanted.every(
      (segment, index) => segment === given[index] || (segment.startsWith(':') && !given[index]!.startsWith(':')),
    )
  );
}

function varies({ headers }: Response): string[] {
  return String(headers['vary']).split(/, */);
}

function expectEveryHeader(route: Route, { headers, text }: Response): void {
  const isCached = CACHED.includes(route.path);
  expect(headers).toMatchObject({ ...EVERY_RESPONSE, ...(isCached && { 'cache-control': expect.any(String) }) });
  expect(headers).not.toHaveProperty('server');
  expect(headers).not.toHaveProperty('x-powered-by');
  expect(`${text}${JSON.stringify(headers)}`).not.toMatch(/fastify|node_modules|nestjs/i);
}

/** @param code that the answer has to have, in the one form of every refusal */
function expectProblem(route: Route, answer: Response, code: keyof typeof problems): void {
  expect(answer.body).toMatchObject({
    type: `/problems/${code.replaceAll('_', '-')}`,
    title: problems[code].title,
    status: problems[code].status,
    instance: answer.request.url.replace(app.url, '').replace(/\?.*$/, ''),
    code,
    request_id: REQUEST_ID,
  });
  expect(answer.status).toBe(problems[code].status);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expectEveryHeader(route, answer);
}

const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

describe.each(writes)('$method $path', (route) => {
  it.each([
    ['half a document', '{"a":', JSON_TYPE, 'malformed_json'],
    ['no document', '\0', JSON_TYPE, 'malformed_json'],
    ['33 levels', nested(33), JSON_TYPE, 'malformed_json'],
    ['NUL', '{"name":"a\\u0000"}', JSON_TYPE, 'malformed_json'],
    ['half a surrogate pair', '{"name":"\\udc00"}', JSON_TYPE, 'malformed_json'],
    ['a name twice', '{"name":"a","name":"a"}', JSON_TYPE, 'malformed_json'],
    ['__proto__', '{"a":{"__proto__":{}}}', JSON_TYPE, 'malformed_json'],
    ['more than 256 KiB', `"${'x'.repeat(256 * 1024)}"`, JSON_TYPE, 'payload_too_large'],
    ['a form', 'name=a', 'application/x-www-form-urlencoded', 'unsupported_media_type'],
    ['a file', '--x--', 'multipart/form-data; boundary=x', 'unsupported_media_type'],
    ['a text', '{}', 'text/plain', 'unsupported_media_type'],
    ['no type', '{}', 'x', 'unsupported_media_type'],
    ['another charset', '{}', 'application/json; charset=utf-16', 'unsupported_media_type'],
    ['a member that is not declared', '{"nobody_declares_this":1}', JSON_TYPE, 'validation_failed'],
  ] as const)('refuses a body of %s', async (_case, body, type, code) => {
    const answer = await sendTo(route, { ...(await given(route)), body, headers: { 'content-type': type } });
    expectProblem(route, answer, code);
  });

  it.each(['[]', '[{}]', '"name"', '5', 'true', 'null'])('refuses a body of %s', async (body) => {
    const headers = { 'content-type': JSON_TYPE };
    const answer = await sendTo(route, { ...(await given(route)), body, headers });
    // A handler without a body has no use for one, whatever it is.
    if (bodyFor(route) === undefined && route.rule.kind !== 'public') expect(answer.status).toBeLessThan(300);
    else expectProblem(route, answer, 'validation_failed');
  });

  if (['PATCH', 'PUT'].includes(route.method)) {
    it.each([
      ['of no type', {}, 'unsupported_media_type'],
      ['of JSON', { 'content-type': JSON_TYPE }, 'malformed_json'],
      ['of JSON, in no chunk', { 'content-type': JSON_TYPE, 'transfer-encoding': 'chunked' }, 'malformed_json'],
      ['of another type', { 'content-type': 'text/plain' }, 'unsupported_media_type'],
    ] as const)('refuses no bytes %s', async (_case, headers, code) => {
      expectProblem(route, await sendTo(route, { ...(await given(route)), headers }), code);
    });
  }
});

describe.each(routes.all)('$method $path', (route) => {
  it('refuses a query that is not percent-encoded, or not declared', async () => {
    const all = await given(route);
    for (const [query, code] of [
      ['a=%', 'bad_request'],
      ['a=%ff', 'bad_request'],
      ['nobody_declares_this=1', 'validation_failed'],
      ['__proto__=1', 'validation_failed'],
      ['constructor[prototype]=1', 'validation_failed'],
    ] as const) {
      expectProblem(route, await sendTo(route, { ...all, body: bodyFor(route, all.ids), query }), code);
    }
  });

  it('refuses a path that is not percent-encoded', async () => {
    const method = METHODS[route.method as keyof typeof METHODS];
    expectProblem(route, await send(method, `${fullPath(route)}/%zz`), 'bad_request');
  });

  if (route.rule.kind !== 'public') {
    it('has the headers of every response when it does what it is for', async () => {
      const all = await given(route);
      const answer = await sendTo(route, { ...all, body: bodyFor(route, all.ids) });
      expect(answer.ok).toBe(true);
      expectEveryHeader(route, answer);
      expect(varies(answer)).toContain('Origin');
    });
  }

  it('gives a foreign origin nothing', async () => {
    const answer = await sendTo(route, { headers: { origin: 'https://evil.example' } });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(varies(answer)).toContain('Origin');
  });
});

describe.each(paths)('%s', (path) => {
  const taken = [...new Set(routes.all.filter((each) => leadsTo(fullPath(each), path)).map(({ method }) => method))];
  const allowed = [...taken, ...(taken.includes('GET') ? ['HEAD'] : [])].toSorted();
  const [route] = routes.all.filter((each) => fullPath(each) === path);
  const url = pathOf(route!, new Map());
  const others = Object.entries(METHODS).filter(([method]) => !taken.includes(method));

  it('names the methods that it takes to whoever comes with another', async () => {
    for (const method of [...others.map(([, name]) => name), 'options'] as const) {
      const answer = await send(method, url);
      expectProblem(route!, answer, 'method_not_allowed');
      expect(answer.headers['allow']).toBe(allowed.join(', '));
    }
  });

  it('answers a preflight of an allowed origin, and of no other', async () => {
    const asked = {
      'access-control-request-method': taken[0]!,
      'access-control-request-headers': 'if-match,authorization',
    };
    const preflight = await send('options', url, { headers: asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'if-match,authorization',
      'access-control-max-age': '7200',
      'x-content-type-options': 'nosniff',
      'x-request-id': REQUEST_ID,
    });
    expect(varies(preflight)).toEqual(expect.arrayContaining(['Origin', 'Access-Control-Request-Headers']));
    const foreign = await send('options', url, { headers: { ...asked, origin: 'https://evil.example' } });
    expect(foreign.headers).not.toHaveProperty('access-control-allow-origin');
    expect(varies(foreign)).toContain('Origin');
  });
});

describe.each(reads)('HEAD $path', (route) => {
  it('answers whoever asks as GET does, without the body', async () => {
    const { ids, ...known } = await given(route);
    const organization = { id: ids.get('organization_id') ?? '' };
    const callers = [
      known.caller,
      undefined,
      await app.actors.user(),
      ...(isInOrganization(route) ? [await memberWithoutRoles(organization.id)] : []),
    ];
    for (const caller of callers) {
      for (const query of ['', 'nobody_declares_this=1']) {
        // Said of both: the client of the tests says of GET alone what it can unpack.
        const headers = { 'accept-encoding': 'gzip' };
        const all = { ids, query, headers, ...(caller && { caller }) };
        const get = await sendTo(route, all);
        const head = await send('head', pathOf(route, ids), all);
        expect(head.text).toBeUndefined();
        expect([head.status, lasting(head)]).toEqual([get.status, lasting(get)]);
      }
    }
  });
});

async function memberWithoutRoles(id: string): Promise<Actor> {
  return app.actors.member({ id }, []);
}

/** The headers that are the same from call to call. */
function lasting({ headers }: Response): Record<string, string> {
  const all: [string, string][] = Object.entries(headers);
  return Object.fromEntries(all.filter(([name]) => !OF_THE_CALL.includes(name)));
}

/** What can be changed has a version; a list has none, whatever is done to all that is in it. */
const changesOf = ({ path }: Route) => writes.filter((write) => write.path === path && write.method !== 'POST');
/** An offer is never changed: it ends, once. */
const UNVERSIONED = ['OwnershipTransfersController.find'];
const versioned = reads.filter(
  (route) => !route.label.endsWith('.list') && !UNVERSIONED.includes(route.label) && changesOf(route).length > 0,
);

it('compares If-Match in every change of what can be read, and in every PATCH', () => {
  const changes = [...versioned.flatMap(changesOf), ...writes.filter(({ method }) => method === 'PATCH')];
  expect(changes.filter(({ handler }) => !takesPrecondition(handler)).map(({ label }) => label)).toEqual([]);
});

describe.each(versioned)('GET $path', (route) => {
  it('has a tag, and answers 304 to whoever sends it', async () => {
    const all = await given(route);
    const { headers } = await sendTo(route, all).expect(200);
    const tag = String(headers['etag']);
    expect(tag).toMatch(/^"\d+\.[\w-]{16}"$/);
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = { ...all, headers: { 'if-none-match': known } };
      for (const answer of [await sendTo(route, again), await send('head', pathOf(route, all.ids), again)]) {
        expect([answer.status, answer.headers['etag'], answer.text || '']).toEqual([304, tag, '']);
        expectEveryHeader(route, answer);
      }
    }
    await sendTo(route, { ...all, headers: { 'if-none-match': '"other"' } }).expect(200);
  });

  it.each(changesOf(route))('is changed by one of 20 who saw the same version: $method', async (change) => {
    for (const weakened of ['', 'W/']) {
      const all = await given(change);
      const { headers } = await sendTo(route, all).expect(200);
      const seen = { 'if-match': `${weakened}${headers['etag']}` };
      const answers = await Promise.all(
        TWENTY.map(() => sendTo(change, { ...all, body: bodyFor(change), headers: seen })),
      );
      const [first, ...others] = answers.map(({ status }) => status).toSorted();
      expect([first, new Set(others)]).toEqual(changedOnce(change));
    }
  });
});

/** Who comes after a DELETE finds nothing to compare, and is nobody any more where that was their account. */
function changedOnce({ path, method }: Route): [number, Set<number>] {
  if (method !== 'DELETE') return [200, new Set([412])];
  return [204, new Set([path === '/me' ? 401 : 404])];
}
