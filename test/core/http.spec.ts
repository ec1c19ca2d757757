import { ForbiddenException, HttpException } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import request from 'supertest';
import type { FieldError } from '../../src/core/http/index.ts';
import { faultCodes } from '../../src/core/http/fault-codes.ts';
import { problemOf } from '../../src/core/http/translation.ts';
import { problems } from '../../src/core/http/problems.ts';
import { Readiness } from '../../src/core/http/index.ts';
import { sendRaw } from '../support/raw-http.ts';
import { startCars } from '../support/cars.ts';

let app: NestFastifyApplication;
let port: number;

beforeAll(async () => {
  app = await startCars({ CORS_ORIGINS: 'https://app.example.com', METRICS_TOKEN: 'm'.repeat(40) });
  port = Number(new URL(await app.getUrl()).port);
});

afterAll(() => app.close());

const api = () => request(app.getHttpServer());
const head = 'Host: localhost\r\nConnection: close\r\n';
const post = (body: string | object, type = 'application/json') =>
  api().post('/api/v1/cars').set('content-type', type).send(body);

/** @returns that many members of an object */
const names = (count: number, value = '1') =>
  Array.from({ length: count }, (_, index) => `"m${index}":${value}`).join(',');

function expectProblem(
  response: { status: number; type: string; body: Record<string, unknown> },
  code: keyof typeof problems,
) {
  const { status, title } = problems[code];
  expect(response.body).toMatchObject({ code, status, title, type: `/problems/${code.replaceAll('_', '-')}` });
  expect(response.status).toBe(status);
  expect(response.type).toBe('application/problem+json');
  expect(response.body['request_id']).toEqual(expect.any(String));
}

describe('a request that names a host in its first line', () => {
  it.each(['http://evil.example/api/v1/cars?page=1', 'HTTP://evil.example', 'https://evil.example?x=/cars'])(
    '%s is answered for its path alone',
    async (target) => {
      const answer = await sendRaw(port, `GET ${target} HTTP/1.1\r\n${head}\r\n`);
      expect([200, 404]).toContain(answer.status);
      expect(JSON.stringify(answer)).not.toContain('evil.example');
    },
  );
});

it('names no host that came as the beginning of the path', async () => {
  for (const target of ['//evil.example/x', 'http://localhost//evil.example/x']) {
    const answer = await sendRaw(port, `GET ${target} HTTP/1.1\r\n${head}\r\n`);
    expect(JSON.parse(answer.body)).toMatchObject({ status: 404, instance: '/evil.example/x' });
  }
});

describe('problems', () => {
  it('show nothing of an unknown error but the request id', async () => {
    const response = await api().get('/api/v1/faults/unknown');
    expectProblem(response, 'internal_error');
    expect(response.text).not.toMatch(/select|passwd|secret|Error/);
    expect(response.body).toMatchObject({
      instance: '/api/v1/faults/unknown',
      request_id: response.headers['x-request-id'],
    });
    const missing = await api().get('/api/v1/nothing?token=secret');
    expect(missing.text).not.toContain('secret');
  });

  it('carry the members of their code', async () => {
    const response = await api().get('/api/v1/faults/problem');
    expectProblem(response, 'permission_denied');
    expect(response.body.required).toBe('teams:update');
  });

  it('challenge at a 401 and say when to come back at a 503', async () => {
    const unauthenticated = await api().get('/api/v1/faults/unauthenticated');
    expectProblem(unauthenticated, 'unauthenticated');
    expect(unauthenticated.headers['www-authenticate']).toMatch(/^Bearer /);
    expect(unauthenticated.headers['www-authenticate']).not.toContain('error');
    const lost = await api().get('/api/v1/faults/lost');
    expectProblem(lost, 'unavailable');
    expect(lost.headers['retry-after']).toBe('1');
  });

  it.each(['Bearer x.y.z', 'bearer x'])(
    'name the token as the error at a 401 to %s (RFC 6750, 3.1)',
    async (authorization) => {
      const refused = await api().get('/api/v1/faults/unauthenticated').set('authorization', authorization);
      expect(refused.headers['www-authenticate']).toBe('Bearer realm="tenantry", error="invalid_token"');
    },
  );

  it.each(['Basic YTpi', 'Bearer', ''])('name no error at a 401 to "%s"', async (authorization) => {
    const refused = await api().get('/api/v1/faults/unauthenticated').set('authorization', authorization);
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="tenantry"');
  });

  it('vary by what they are asked for as', async () => {
    for (const path of ['/problems', '/problems/validation-failed']) {
      for (const accept of ['text/html', 'application/json']) {
        const { headers } = await api().get(path).set('accept', accept);
        expect(headers['vary']?.split(', ').toSorted()).toEqual(['Accept', 'Accept-Encoding', 'Origin']);
      }
    }
  });

  it.each([
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['TEXT/HTML;level=1;q=0.5, application/json;q=0.4', 'text/html'],
    ['text/html;q=0', 'application/json'],
    ['text/html;q=0.5, application/json', 'application/json'],
    ['text/html;level=1;q=0.1, */*;q=0.2', 'application/json'],
    ['*/*', 'application/json'],
  ])('are explained as it is wanted most: %s', async (accept, type) => {
    for (const path of ['/problems', '/problems/validation-failed'])
      expect((await api().get(path).set('accept', accept)).type).toBe(type);
  });

  it('are explained at their type, to a browser in HTML', async () => {
    const list = await api().get('/problems');
    expect(list.body.data).toHaveLength(Object.keys(problems).length);
    const one = await api().get('/problems/validation-failed');
    expect(one.body).toMatchObject({ code: 'validation_failed', status: 422, type: '/problems/validation-failed' });
    const page = await api().get('/problems/validation-failed').set('accept', 'text/html,*/*');
    expect(page.type).toBe('text/html');
    expect(page.text).toContain('Validation failed');
    // What is wrong with a field has a code as well, and a client has to know which there are.
    expect(Object.fromEntries(one.body.errors.map(({ code, detail }: FieldError) => [code, detail]))).toEqual(
      faultCodes,
    );
    for (const code of Object.keys(faultCodes)) expect(page.text).toContain(`<code>${code}</code>`);
    expect((await api().get('/problems/not-found')).body).not.toHaveProperty('errors');
    expectProblem(await api().get('/problems/unheard-of'), 'not_found');
  });
});

describe('paths and methods', () => {
  it('unknown ones are a 404, known ones with another method a 405 with Allow', async () => {
    expectProblem(await api().get('/api/v1/nothing'), 'not_found');
    expectProblem(await api().post('/nothing'), 'not_found');
    const response = await api().put('/api/v1/cars/1').send({});
    expectProblem(response, 'method_not_allowed');
    expect(response.headers['allow']).toBe('DELETE, GET, HEAD, PATCH');
    expectProblem(await api().options('/api/v1/cars'), 'method_not_allowed');
    const fromPage = await api().options('/api/v1/cars').set('origin', 'https://app.example.com');
    expectProblem(fromPage, 'method_not_allowed');
  });

  it.each(['/nothing', '/api/v1/nothing', '/api/v1/cars/1'])(
    'what the parser finds is told first at %s',
    async (path) => {
      const put = (body: string, type: string) => api().put(path).set('content-type', type).send(body);
      expectProblem(await put('a=1', 'application/x-www-form-urlencoded'), 'unsupported_media_type');
      expectProblem(await put('{}', 'application/json; charset=utf-16'), 'unsupported_media_type');
      expectProblem(await put('{', 'application/json'), 'malformed_json');
    },
  );

  it('a malformed id is a 404, an overlong one too', async () => {
    expectProblem(await api().get('/api/v1/cars/42'), 'not_found');
    expectProblem(await api().get(`/api/v1/cars/${'x'.repeat(300)}`), 'not_found');
  });

  it('HEAD works where GET does', async () => {
    const response = await api().head('/api/v1/cars');
    expect(response.status).toBe(200);
    expect(response.text).toBeUndefined();
    expectStatusOnly(await api().head('/api/v1/nothing'), 404);
  });

  function expectStatusOnly(response: { status: number; text?: string }, status: number) {
    expect([response.status, response.text]).toEqual([status, undefined]);
  }
});

describe('what the parser finds', () => {
  it.each([
    ['not JSON', '{"name":'],
    ['a name twice', '{"name":"a","name":"b"}'],
    ['a name twice, once escaped', '{"name":"a","n\\u0061me":"b"}'],
    ['a name twice far down', '{"metadata":{"a":[{"b":1,"b":2}]}}'],
    ['__proto__', '{"metadata":{"__proto__":{"admin":true}}}'],
    ['__proto__, escaped', '{"\\u005f_proto__":{}}'],
    ['a number that no double holds', '{"metadata":{"a":[1e400]}}'],
    ['a number that a double takes for 0', '{"metadata":{"a":-1.5e-400}}'],
    ['a whole number that is not kept exactly', '{"metadata":{"a":9007199254740993}}'],
    ['such a number, negative', '{"metadata":{"a":-9007199254740992}}'],
    ['such a number with an exponent', '{"metadata":{"a":1e300}}'],
    ['a number that the database writes out at length', '{"metadata":{"a":-9e-39}}'],
    ['NUL', '{"name":"a\\u0000"}'],
    ['half a surrogate pair', '{"name":"\\ud800"}'],
    ['33 levels', '['.repeat(33) + ']'.repeat(33)],
    ['20,001 numbers', `[${'1,'.repeat(20_000)}1]`],
    ['20,001 words', `[${'null,'.repeat(20_000)}true]`],
    ['20,001 texts', `[${'"",'.repeat(20_000)}""]`],
    ['20,001 empty lists', `[${'[],'.repeat(20_000)}{}]`],
    ['20,001 names', `{${names(20_001)}}`],
    ['10,000 names, of lists with one item each, and one name more', `{${names(10_000, '[1]')},"x":1}`],
  ])('%s is malformed_json', async (_what, body) => {
    expectProblem(await post(body), 'malformed_json');
  });

  it('bytes that are not UTF-8 are malformed_json', async () => {
    const body = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const bytes = Buffer.concat([
      Buffer.from(
        `POST /api/v1/cars HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
      ),
      body,
    ]);
    const answer = await sendRaw(port, bytes);
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([400, 'malformed_json']);
  });

  it.each(['9007199254740991', '-9007199254740991', '0', '0.0', '0e5', '1.5e-38', '-0.1'])(
    'the number %s passes',
    async (number) => {
      const response = await post(`{"name":"beetle","metadata":{"a":${number},"text":"1e400"}}`);
      expect([response.status, response.body.metadata]).toEqual([201, { a: Number(number), text: '1e400' }]);
    },
  );

  it('names that only look alike, and the same name in two objects, pass', async () => {
    const metadata = { a: { b: 1 }, c: { b: 2 }, 'q"{': '{"a":1,"a":2}', tail: '\\' };
    const response = await post({ name: 'beetle', metadata });
    expect(response.status).toBe(201);
    expect(response.body.metadata).toEqual(metadata);
  });

  it.each([
    ['numbers', `[${'1,'.repeat(19_999)}1]`],
    ['punctuation and words in texts', JSON.stringify(['[null,true],{"a":1},'.repeat(2_000)])],
    ['empty lists', `[${'[],'.repeat(19_999)}{}]`],
    ['names', `{${names(20_000)}}`],
    ['names of lists', `{${names(10_000, '[ false ]')}}`],
  ])('20,000 members pass: %s', async (_what, body) => {
    expectProblem(await post(body), 'validation_failed');
  });

  // The fastest of several, taken in turns: what else the machine does slows down some of them, and not all.
  it('8,000 levels are refused within 20 ms, in the time that as many brackets in a text take or little more', async () => {
    const brackets = '['.repeat(8000) + ']'.repeat(8000);
    const times = { deep: [] as number[], flat: [] as number[] };
    for (let round = 0; round < 20; round++) {
      times.deep.push(await timeOf(async () => expectProblem(await post(brackets), 'malformed_json')));
      times.flat.push(
        await timeOf(async () => expectProblem(await post(JSON.stringify([brackets])), 'validation_failed')),
      );
    }
    const [deep, flat] = [Math.min(...times.deep), Math.min(...times.flat)];
    expect(deep).toBeLessThan(20);
    expect(deep).toBeLessThan(5 * flat);
  });

  async function timeOf(work: () => Promise<void>): Promise<number> {
    const start = performance.now();
    await work();
    return performance.now() - start;
  }

  it('a body above 256 KiB is a 413', async () => {
    expectProblem(await post(JSON.stringify({ name: 'x'.repeat(256 * 1024) })), 'payload_too_large');
  });

  it.each([
    ['short', 1024],
    ['wide', 512 * 1024],
  ])('a route may have another bound: %s', async (route, bytes) => {
    const body = (length: number) => `{"name":"a"${' '.repeat(length - 12)}}`;
    const put = (length: number) => api().put(`/api/v1/faults/${route}`).type('json').send(body(length));
    expect((await put(bytes)).status).toBe(204);
    expectProblem(await put(bytes + 1), 'payload_too_large');
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/merge-patch+json',
    'application/json; charset=latin1',
    'application/json;charset="UTF-16"',
  ])('a POST of %s is a 415', async (type) => {
    expectProblem(await post('{"name":"a"}', type), 'unsupported_media_type');
  });

  it.each([
    'application/json; charset=UTF-8',
    'application/json;charset="utf-8"',
    'application/json; charset= utf8; x=y',
  ])('a POST of %s is taken', async (type) => {
    expect((await post('{"name":"a"}', type)).status).toBe(201);
  });

  it('a compressed body is a 415, one without a type too', async () => {
    expectProblem(await post('{}').set('content-encoding', 'gzip'), 'unsupported_media_type');
    const answer = await sendRaw(port, `POST /api/v1/cars HTTP/1.1\r\n${head}Content-Length: 2\r\n\r\n{}`);
    expect(JSON.parse(answer.body).code).toBe('unsupported_media_type');
  });

  it('a merge patch is taken on PATCH, and a DELETE without a body needs no type', async () => {
    const path = '/api/v1/cars/0193a1b2-0000-7000-8000-000000000000';
    const patch = api().patch(path).set('content-type', 'application/merge-patch+json; charset=utf-8');
    expect((await patch.send('{"name":"golf"}')).status).toBe(200);
    expect((await api().delete(path)).status).toBe(204);
  });

  it.each([
    ['a path that is not percent-encoded', `GET /api/v1/cars/%zz HTTP/1.1\r\n${head}\r\n`, 400, 'bad_request'],
    ['a long one', `GET /api/v1/cars/${'%'.repeat(16_000)} HTTP/1.1\r\n${head}\r\n`, 400, 'bad_request'],
    ['a query that is not percent-encoded', `GET /api/v1/cars?q=%ff%zz HTTP/1.1\r\n${head}\r\n`, 400, 'bad_request'],
    ['two hosts', `GET /api/v1/cars HTTP/1.1\r\nHost: a\r\nhost: b\r\nConnection: close\r\n\r\n`, 400, 'bad_request'],
    ['no host', `GET /api/v1/cars HTTP/1.1\r\nConnection: close\r\n\r\n`, 400, 'bad_request'],
    ['no HTTP', 'HELLO\r\n\r\n', 400, 'bad_request'],
    ['large headers', `GET / HTTP/1.1\r\n${head}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['an unknown expectation', `GET /nothing HTTP/1.1\r\n${head}Expect: tea\r\n\r\n`, 404, 'not_found'],
  ])('%s is answered with a problem', async (_what, bytes, status, code) => {
    const answer = await sendRaw(port, bytes);
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([status, code]);
    expect(answer.head).toMatch(/content-type: application\/problem\+json/i);
    expect(answer.head).toMatch(/x-request-id: /i);
    expect(answer.head).toMatch(/nosniff/);
  });
});

describe('every answer', () => {
  it('has the headers of the contract, and does not name the software', async () => {
    const { headers } = await api().get('/api/v1/cars');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['server']));
    expect(headers['x-powered-by'] ?? headers['strict-transport-security']).toBeUndefined();
  });

  it('has them where no route answers: a preflight, and one about the server itself', async () => {
    const preflight = await api()
      .options('/api/v1/cars')
      .set({ origin: 'https://app.example.com', 'access-control-request-method': 'PATCH', 'x-request-id': 'mine' });
    expect([preflight.status, preflight.headers]).toMatchObject([
      204,
      { 'x-request-id': 'mine', 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' },
    ]);
    const { status, head: headers } = await sendRaw(port, `OPTIONS * HTTP/1.1\r\n${head}X-Request-Id: mine\r\n\r\n`);
    expect(status).toBe(404);
    expect(headers).toMatch(/^x-request-id: mine\r?$/im);
    expect(headers).toMatch(/^x-content-type-options: nosniff\r?$/im);
  });

  it.each(['abc', 'A-1_b.c', 'x'.repeat(64)])('keeps the request id %s', async (id) => {
    const { headers } = await api().get('/nothing').set('x-request-id', id);
    expect(headers['x-request-id']).toBe(id);
  });

  it.each(['', 'x'.repeat(65), 'a b', 'a/b', 'a%b', 'é'])('replaces the request id "%s"', async (id) => {
    const { head: headers } = await sendRaw(port, `GET /nothing HTTP/1.1\r\n${head}X-Request-Id: ${id}\r\n\r\n`);
    expect(headers).toMatch(/^x-request-id: [0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}\r?$/im);
  });
});

describe('CORS', () => {
  it('lets the configured origin in, with credentials', async () => {
    const { headers } = await api().get('/api/v1/cars').set('origin', 'https://app.example.com');
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers':
        'ETag, Location, Link, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotency-Replayed',
    });
    expect(headers['vary']).toMatch(/origin/i);
  });

  it('answers its preflight, for errors too', async () => {
    const preflight = api().options('/api/v1/cars').set('origin', 'https://app.example.com');
    const response = await preflight.set('access-control-request-method', 'PATCH');
    expect(response.status).toBe(204);
    expect(response.headers['access-control-allow-methods']).toContain('PATCH');
    const missing = await api().get('/nothing').set('origin', 'https://app.example.com');
    expect(missing.headers['access-control-allow-origin']).toBe('https://app.example.com');
  });

  it.each(['https://evil.example.com', 'http://app.example.com', 'null'])('gives %s nothing', async (origin) => {
    const get = await api().get('/api/v1/cars').set('origin', origin);
    const preflight = await api()
      .options('/api/v1/cars')
      .set('origin', origin)
      .set('access-control-request-method', 'GET');
    const given = [get, preflight]
      .flatMap(({ headers }) => Object.keys(headers))
      .filter((name) => name.startsWith('access-'));
    expect(given).toEqual([]);
    expect(get.headers['vary']).toMatch(/origin/i);
  });
});

describe('the document', () => {
  it('is OpenAPI 3.1, generated from routes and classes', async () => {
    const { body } = await api().get('/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.paths)).toEqual(expect.arrayContaining(['/api/v1/cars', '/api/v1/cars/{id}']));
    expect(body.components.schemas.Car).toMatchObject({
      required: ['name'],
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 20 },
        color: { type: ['string', 'null'] },
        address: { $ref: '#/components/schemas/Address' },
        wheels: { type: 'array', maxItems: 4, items: { $ref: '#/components/schemas/Wheel' } },
        tags: { type: 'array', items: { type: 'string', maxLength: 5 }, uniqueItems: true },
      },
    });
    const parameters = body.paths['/api/v1/cars'].get.parameters;
    expect(parameters).toContainEqual(expect.objectContaining({ name: 'page_size', in: 'query', required: false }));
  });

  it('is shown by Swagger UI, from files of this server alone', async () => {
    const page = await api().get('/docs');
    expect(page.text).toContain('swagger-ui');
    expect(page.text).not.toMatch(/(src|href)="https?:/);
    // Nothing that the policy would keep the page from running.
    expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>\s*\S/);
    for (const path of ['/docs', '/%64ocs', '/d%6fcs/']) {
      const { headers } = await api().get(path);
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    }
    for (const path of ['/docs/swagger-ui-bundle.js', '/docs/session.js']) {
      const { status, type } = await api().get(path);
      expect([status, type]).toEqual([200, expect.stringContaining('javascript')]);
    }
    // A token that is pasted there is not kept where every script can read it.
    expect((await api().get('/docs/swagger-ui-init.js')).text).not.toContain('persistAuthorization');
  });
});

it('has nothing outside the folder of Swagger UI', async () => {
  for (const path of ['/docs/../package.json', '/docs/%2e%2e/package.json', '/docs/..%2fpackage.json']) {
    const answer = await sendRaw(port, `GET ${path} HTTP/1.1\r\n${head}\r\n`);
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([404, 'not_found']);
  }
});

describe('metrics', () => {
  it('are for the token alone, and count requests by pattern', async () => {
    expectProblem(await api().get('/metrics'), 'unauthenticated');
    expectProblem(await api().get('/metrics').auth('x'.repeat(40), { type: 'bearer' }), 'unauthenticated');
    await api().get('/api/v1/cars/0193a1b2-0000-7000-8000-000000000000');
    const { status, text } = await api().get('/metrics').auth('m'.repeat(40), { type: 'bearer' });
    expect(status).toBe(200);
    expect(text).toContain('http_request_duration_seconds_count{method="GET",route="/api/v1/cars/:id",status="200"}');
    expect(text).toContain('http_requests_in_flight 1');
    expect(text).not.toContain('0193a1b2');
  });
});

describe('going out of service', () => {
  it('answers 503 and closes the connection', async () => {
    const leaving = await startCars({ CORS_ORIGINS: 'https://app.example.com' });
    leaving.get(Readiness).drain();
    const response = await request(leaving.getHttpServer())
      .get('/api/v1/cars')
      .set('origin', 'https://app.example.com');
    expectProblem(response, 'unavailable');
    // A page that may not read this would not know that it is to try again.
    expect(response.headers['access-control-allow-origin']).toBe('https://app.example.com');
    expect(response.headers['connection']).toBe('close');
    // Also of a path that the router refuses, before all else.
    const leavingPort = Number(new URL(await leaving.getUrl()).port);
    const answer = await sendRaw(leavingPort, 'GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect([answer.status, answer.head]).toEqual([503, expect.stringMatching(/^connection: close$/im)]);
    await leaving.close();
  });
});

describe('a stop', () => {
  it('finishes what runs, and takes nothing new', async () => {
    const stopping = await startCars();
    const url = await stopping.getUrl();
    const arrived = new Promise((resolve) => stopping.getHttpServer().once('request', resolve));
    const running = fetch(`${url}/api/v1/faults/slow`);
    await arrived;
    stopping.get(Readiness).drain();
    await stopping.close();
    expect(await (await running).json()).toEqual({ done: true });
    await expect(fetch(url)).rejects.toThrow();
  });
});

describe('errors from elsewhere', () => {
  it.each([
    [
      'a body that broke off',
      Object.assign(new Error('aborted'), { code: 'ECONNRESET', statusCode: 400 }),
      'bad_request',
    ],
    ['a lost connection to the database', Object.assign(new Error('read'), { code: 'ECONNRESET' }), 'unavailable'],
    ['a status of Nest', new ForbiddenException(), 'permission_denied'],
    ['a status without a code of its own', new HttpException('tea', 418), 'bad_request'],
    ['a thrown text', 'oops', 'internal_error'],
  ])('%s', (_what, error, code) => {
    expect(problemOf(error).code).toBe(code);
  });
});

describe('in production', () => {
  it('asks for HTTPS from now on', async () => {
    const live = await startCars({
      NODE_ENV: 'production',
      SMTP_URL: 'smtp://mail.example.com',
      METRICS_TOKEN: 'k3Jq9vX2mB7nR5tY8wZ1cD4fG6hL0pSa',
      CORS_ORIGINS: 'https://app.example.com',
    });
    const get = await request(live.getHttpServer()).get('/api/v1/cars');
    const preflight = await request(live.getHttpServer())
      .options('/api/v1/cars')
      .set({ origin: 'https://app.example.com', 'access-control-request-method': 'GET' });
    for (const { headers } of [get, preflight]) {
      expect(headers['strict-transport-security']).toMatch(/max-age=\d{8}/);
    }
    const livePort = Number(new URL(await live.getUrl()).port);
    const noRequest = ['nonsense\r\n\r\n', 'CONNECT tenantry.example:443 HTTP/1.1\r\nHost: tenantry.example\r\n\r\n'];
    for (const bytes of noRequest) {
      const { status, head: lines } = await sendRaw(livePort, bytes);
      expect([status, lines]).toEqual([400, expect.stringMatching(/^Strict-Transport-Security: max-age=\d{8}/m)]);
    }
    await live.close();
  });
});
