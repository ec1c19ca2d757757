import { request as httpRequest } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startCars } from '../support/cars.ts';

let app: NestFastifyApplication;
let url: string;

beforeAll(async () => {
  app = await startCars();
  url = await app.getUrl();
});

afterAll(() => app.close());

interface RawAnswer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Without a client that undoes a compression by itself. */
function ask(path: string, headers: Record<string, string>, method = 'GET', body?: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(`${url}${path}`, { method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    call.on('error', reject).end(body);
  });
}

const text = 'beetle '.repeat(400);
// The last page: a cursor is sealed anew each time, and would make two answers differ.
const list = `/api/v1/cars?page=3&q=${encodeURIComponent(text)}`;
const gzip = { 'accept-encoding': 'gzip' };

describe('a page of a list', () => {
  it('is compressed where the client asks, to a fraction, and is the same otherwise', async () => {
    const [plain, packed] = [await ask(list, {}), await ask(list, { 'accept-encoding': 'br;q=1.0, gzip;q=0.8' })];
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.headers['content-length']).toBe(String(packed.body.length));
    expect(packed.body.length).toBeLessThan(plain.body.length / 3);
    expect(gunzipSync(packed.body)).toEqual(plain.body);
    for (const { status, headers } of [plain, packed]) {
      expect(status).toBe(200);
      expect(headers['content-type']).toMatch(/^application\/json/);
      expect(String(headers['vary']).split(', ').toSorted()).toEqual(['Accept-Encoding', 'Origin']);
      expect(headers['link']).toContain('rel="first"');
    }
  });

  it('has the same headers on HEAD, and no body', async () => {
    const [get, head] = [await ask(list, gzip), await ask(list, gzip, 'HEAD')];
    for (const name of ['content-encoding', 'content-length', 'content-type', 'vary']) {
      expect([name, head.headers[name]]).toEqual([name, get.headers[name]]);
    }
    expect(head.body).toHaveLength(0);
  });

  it.each(['', 'identity', 'br', 'gzip;q=0', '*;q=0', 'gzip;q=0, *', 'identity, gzip;q=0.5', 'gzip;q=x', 'gzipped'])(
    'is not to "%s"',
    async (accepted) => {
      const { headers, body } = await ask(list, { 'accept-encoding': accepted });
      expect([headers['content-encoding'], body.toString()]).toEqual([undefined, expect.stringContaining(text)]);
    },
  );

  it.each(['GZIP', '*', 'deflate, gzip;q=0.1', 'gzip ; q=1', 'identity;q=0.5, *;q=0.9', 'br, gzip, zstd'])(
    'is to "%s"',
    async (accepted) => {
      expect((await ask(list, { 'accept-encoding': accepted })).headers['content-encoding']).toBe('gzip');
    },
  );

  it('that is short is not: there is nothing to win', async () => {
    const { headers } = await ask('/api/v1/cars', gzip);
    expect([headers['content-encoding'], headers['vary']]).toEqual([undefined, 'Origin, Accept-Encoding']);
  });
});

describe('the document', () => {
  it('is compressed', async () => {
    const { headers, body } = await ask('/openapi.json', gzip);
    expect(headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(body).toString()).openapi).toBe('3.1.0');
  });
});

describe('what everybody may read', () => {
  it.each(['/problems', '/problems/validation-failed', '/docs/swagger-ui-init.js', '/docs/session.js'])(
    'is compressed: %s',
    async (path) => {
      const [plain, packed] = [await ask(path, {}), await ask(path, gzip)];
      expect(packed.headers['content-encoding']).toBe('gzip');
      expect(gunzipSync(packed.body)).toEqual(plain.body);
      expect(String(plain.headers['vary'])).toContain('Accept-Encoding');
    },
  );
});

describe('no other answer is compressed', () => {
  it('not that of a write, which may hold a secret, however long', async () => {
    const car = JSON.stringify({ name: 'beetle', metadata: { text } });
    const json = { ...gzip, 'content-type': 'application/json' };
    const created = await ask('/api/v1/cars', json, 'POST', car);
    expect([created.status, created.headers['content-encoding']]).toEqual([201, undefined]);
    expect(JSON.parse(created.body.toString()).metadata.text).toBe(text);
    expect(created.headers['vary']).toBe('Origin');
  });

  it.each([
    ['one resource, whose tag is of its bytes', '/api/v1/cars/0193a1b2-0000-7000-8000-000000000000', 200],
    ['a handler that says nothing of it', '/api/v1/faults/long', 200],
    ['a problem', `/api/v1/cars?${'x'.repeat(2000)}=1`, 422],
    ['a page that is a problem', `${list}&page_size=0`, 422],
  ])('not %s', async (_what, path, status) => {
    const answer = await ask(path, gzip);
    expect([answer.status, answer.headers['content-encoding']]).toEqual([status, undefined]);
  });
});
