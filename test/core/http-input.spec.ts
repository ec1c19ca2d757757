import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import fc from 'fast-check';
import request from 'supertest';
import { SOLD_CAR, startCars } from '../support/cars.ts';

let app: NestFastifyApplication;

beforeAll(async () => {
  app = await startCars();
});

afterAll(() => app.close());

const api = () => request(app.getHttpServer());
const id = '0193a1b2-0000-7000-8000-000000000000';

/** Names that every object answers to without having them. `__proto__` does not get past the parser. */
const inherited = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'].filter((name) => name !== '__proto__');

async function faultsOf(body: object): Promise<unknown> {
  const response = await api().post('/api/v1/cars').send(body);
  if (response.status === 201) return [];
  expect(response.body).toMatchObject({ code: 'validation_failed', status: 422 });
  return response.body.errors.map(({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`);
}

describe('bodies', () => {
  it('arrive as instances of their class, untouched', async () => {
    const car = {
      name: 'beetle',
      email: 'a@example.com',
      owner_id: id,
      sold_at: '2026-11-20T11:22:33.456Z',
      sold: false,
      color: null,
      metadata: { any: [{ thing: 1 }] },
      address: { street: 'Elm' },
      wheels: [{ size: 15 }, { size: 16, note: null }],
      tags: ['a', 'b'],
    };
    const response = await api().post('/api/v1/cars').send(car);
    expect([response.status, response.body]).toEqual([201, { ...car, isCar: true }]);
  });

  it.each<[string, object, string[]]>([
    ['nothing', {}, ['/name required']],
    ['null where it may not be', { name: null }, ['/name type']],
    ['a number for a text', { name: 5 }, ['/name type']],
    ['an empty text', { name: '' }, ['/name min_length']],
    ['spaces alone', { name: '   ' }, ['/name min_length']],
    ['what is not seen', { name: '\u200b\u2060 \u3164\u{e0020}\u2800' }, ['/name min_length']],
    ['a long text', { name: 'x'.repeat(21) }, ['/name max_length']],
    ['control characters', { name: 'a\u0007' }, ['/name characters']],
    ['another pattern', { name: 'UPPER' }, ['/name pattern']],
    ['an undeclared member', { name: 'a', admin: true }, ['/admin unknown']],
    ['no address', { name: 'a', email: 'nobody' }, ['/email email']],
    ['no id', { name: 'a', owner_id: '42' }, ['/owner_id identifier']],
    ['no time', { name: 'a', sold_at: 'tomorrow' }, ['/sold_at timestamp']],
    ['a text for a flag', { name: 'a', sold: 'true' }, ['/sold type']],
    ['another choice', { name: 'a', color: 'green' }, ['/color choice']],
    ['large metadata', { name: 'a', metadata: { a: 'x'.repeat(4_096) } }, ['/metadata max_size']],
    ['a list for metadata', { name: 'a', metadata: [] }, ['/metadata type']],
    ['an undeclared nested member', { name: 'a', address: { street: 'Elm', 'x/~y': 1 } }, ['/address/x~1~0y unknown']],
    ['a list for an object', { name: 'a', address: [{ street: 'Elm' }] }, ['/address type']],
    ['a text for an object', { name: 'a', address: 'Elm' }, ['/address type']],
    ['a text for a list', { name: 'a', wheels: 'four' }, ['/wheels type']],
    ['an object for a list', { name: 'a', wheels: { size: 1 } }, ['/wheels type']],
    [
      'faulty items',
      { name: 'a', wheels: [{ size: 1 }, { size: '5' }, { size: 1, x: 1 }] },
      ['/wheels/1/size type', '/wheels/2/x unknown'],
    ],
    ['items that are no objects', { name: 'a', wheels: [{ size: 1 }, 5, null] }, ['/wheels/1 type', '/wheels/2 type']],
    ['a list for an item', { name: 'a', wheels: [[{ size: 1 }]] }, ['/wheels/0 type']],
    ['a list behind an item', { name: 'a', wheels: [{ size: 1 }, [{ size: 1 }]] }, ['/wheels/1 type']],
    ['a list behind null', { name: 'a', wheels: [null, [{ size: 1 }]] }, ['/wheels/0 type', '/wheels/1 type']],
    ['too many items', { name: 'a', wheels: Array.from({ length: 5 }, () => ({ size: 1 })) }, ['/wheels max_items']],
    ['a fraction', { name: 'a', wheels: [{ size: 1.5 }] }, ['/wheels/0/size type']],
    ['a number beyond', { name: 'a', wheels: [{ size: 100 }] }, ['/wheels/0/size maximum']],
    ['plain items', { name: 'a', tags: ['ok', 5, 'toolong'] }, ['/tags/1 type', '/tags/2 max_length']],
    ['an item twice', { name: 'a', tags: ['a', 'a'] }, ['/tags unique']],
    [
      'an undeclared member with a long name',
      { name: 'a', ['x'.repeat(250_000)]: 1 },
      [`/${'x'.repeat(198)}… unknown`],
    ],
    [
      'an undeclared member whose name has to be cut in the middle of a character',
      { name: 'a', [`${'x'.repeat(197)}${'🚗'.repeat(9)}`]: 1 },
      [`/${'x'.repeat(197)}\ufffd… unknown`],
    ],
    ['several at once', { name: 5, sold: 1, x: 1 }, ['/x unknown', '/name type', '/sold type']],
  ])('with %s get 422 on each member', async (_what, body, expected) => {
    expect(await faultsOf(body)).toEqual(expect.arrayContaining(expected));
    expect(await faultsOf(body)).toHaveLength(expected.length);
  });

  it('name ids in either case, which arrive in lower case', async () => {
    const body = { name: 'a', owner_id: id.toUpperCase(), key_ids: [id.toUpperCase()] };
    const response = await api().post('/api/v1/cars').send(body);
    expect([response.status, response.body]).toMatchObject([201, { owner_id: id, key_ids: [id] }]);
    const twice = await api()
      .post('/api/v1/cars')
      .send({ name: 'a', key_ids: [id, id.toUpperCase()] });
    expect(twice.body).toMatchObject({ status: 422, errors: [{ pointer: '/key_ids', code: 'unique' }] });
  });

  it('are objects, and only where a route declares one', async () => {
    const list = await api()
      .post('/api/v1/cars')
      .send([{ name: 'a' }]);
    expect(list.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '', code: 'type' }] });
    const undeclared = await api().delete(`/api/v1/cars/${id}`).send({ force: true });
    expect(undeclared.body).toMatchObject({
      code: 'validation_failed',
      errors: [{ pointer: '/force', code: 'unknown' }],
    });
  });

  it.each(inherited)('with a member called %s get 422 on it, wherever a class is declared', async (member) => {
    const unknown = JSON.parse(`{"${member}":1}`);
    expect(await faultsOf({ name: 'a', ...unknown })).toEqual([`/${member} unknown`]);
    const nested = {
      name: 'a',
      address: { street: 'Elm', ...unknown },
      wheels: [{ size: 1 }, { size: 1, ...unknown }],
    };
    expect(await faultsOf(nested)).toEqual([`/address/${member} unknown`, `/wheels/1/${member} unknown`]);
    const undeclared = await api().delete(`/api/v1/cars/${id}`).send(unknown);
    expect(undeclared.body).toMatchObject({ status: 422, errors: [{ pointer: `/${member}`, code: 'unknown' }] });
  });

  it.each(inherited)('with a member called %s inside of what is wrong anyway get 422', async (member) => {
    const value = { [member]: { prototype: 1 } };
    expect(await faultsOf({ name: value, x: value, tags: [value], wheels: value })).toEqual(
      expect.arrayContaining(['/x unknown', '/name type', '/tags/0 type', '/wheels type']),
    );
  });

  it('keep any JSON object as metadata, whatever its members are called', async () => {
    const names = fc.oneof(fc.constantFrom(...inherited, 'then', 'toJSON'), fc.string({ unit: 'grapheme' }));
    const { object } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, false, 0, 1.5, -1e-7, Number.MAX_SAFE_INTEGER),
        fc.string({ unit: 'grapheme' }),
        fc.array(tie('value'), { maxLength: 3 }),
        tie('object'),
      ),
      object: fc.dictionary(names, tie('value'), { maxKeys: 3, noNullPrototype: true }),
    }));
    const metadata = object.filter((value) => !/\\u0000|__proto__/.test(JSON.stringify(value)));
    await fc.assert(
      fc.asyncProperty(metadata, async (given) => {
        const { status, text } = await api().post('/api/v1/cars').send({ name: 'a', metadata: given });
        expect([status, JSON.stringify(JSON.parse(text).metadata)]).toEqual([201, JSON.stringify(given)]);
      }),
      {
        examples: inherited.map((name): [Record<string, unknown>] => [
          { [name]: 1, deep: [{ [name]: { prototype: [{ [name]: 'x' }] } }] },
        ]),
      },
    );
  });

  it('name at most 100 faults', async () => {
    const body = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`m${index}`, 1]));
    expect(await faultsOf(body)).toHaveLength(100);
    const undeclared = await api().delete(`/api/v1/cars/${id}`).send(body);
    expect(undeclared.body).toMatchObject({ status: 422, detail: '100 fields are invalid.' });
    expect(undeclared.body.errors).toHaveLength(100);
  });
});

describe('queries', () => {
  const list = (query: string) => api().get(`/api/v1/cars${query}`);

  it('convert whole numbers and lists, where they are declared', async () => {
    const { body } = await list('?page=3&page_size=5&q=5&status=new,old');
    expect(body.data).toEqual([{ offset: 10, limit: 5, q: '5', status: ['new', 'old'] }]);
    expect((await list('?status=new&status=old')).body.data[0].status).toEqual(['new', 'old']);
  });

  it('and paths name ids in either case, which arrive in lower case', async () => {
    expect((await list(`?owner_id=${id.toUpperCase()},${id}`)).body.data[0].owner_id).toEqual([id, id]);
    expect((await api().get(`/api/v1/cars/${id.toUpperCase()}`)).body.id).toBe(id);
    expect((await api().delete(`/api/v1/cars/${SOLD_CAR.toUpperCase()}?x=1`)).status).toBe(404);
  });

  it('are kept whole in the links to the pages beside, where they hold a question mark', async () => {
    const { headers } = await list('?q=who?&status=new&page=2');
    expect(headers['link']).toContain('</api/v1/cars?q=who%3F&status=new&page=1>; rel="prev"');
  });

  it('are named as far as somebody may read', async () => {
    const { body } = await list(`?${'x'.repeat(5_000)}=1`);
    expect(body.errors).toMatchObject([{ parameter: `${'x'.repeat(199)}…`, code: 'unknown' }]);
  });

  it.each([
    ['?page=0', 'page', 'minimum'],
    ['?page=1.5', 'page', 'type'],
    ['?page=', 'page', 'type'],
    ['?page=1&page=2', 'page', 'type'],
    ['?page_size=101', 'page_size', 'maximum'],
    ['?q=a&q=b', 'q', 'type'],
    ['?q=%00', 'q', 'characters'],
    ['?status=broken', 'status', 'choice'],
    ['?unheard=1', 'unheard', 'unknown'],
    ['?__proto__=1', '__proto__', 'unknown'],
    ...inherited.map((name) => [`?${name}=1`, name, 'unknown']),
  ])('%s gets 422 on the parameter', async (query, parameter, code) => {
    const response = await list(query);
    expect(response.status).toBe(422);
    expect(response.body.errors).toMatchObject([{ parameter, code }]);
  });

  it('are refused where a route declares none', async () => {
    const response = await api().get(`/api/v1/cars/${id}?expand=all`);
    expect(response.body).toMatchObject({
      code: 'validation_failed',
      errors: [{ parameter: 'expand', code: 'unknown' }],
    });
  });
});

describe('pages', () => {
  it('tell where they are and link to their neighbours, filters kept', async () => {
    const { body, headers } = await api().get('/api/v1/cars?q=a%26b&page=2');
    expect(body.pagination).toEqual({
      page: 2,
      page_size: 20,
      total: 45,
      total_pages: 3,
      total_is_exact: true,
      next_cursor: expect.stringMatching(/^[\w-]+$/),
    });
    expect(headers['link']).toBe(
      '</api/v1/cars?q=a%26b>; rel="first", </api/v1/cars?q=a%26b&page=1>; rel="prev", </api/v1/cars?q=a%26b&page=3>; rel="next"',
    );
  });

  it('end with one that has nothing after it', async () => {
    const { body, headers } = await api().get('/api/v1/cars?q=a&page=3');
    expect(body.pagination).toMatchObject({ page: 3, next_cursor: null });
    expect(headers['link']).not.toContain('next');
  });

  it('have the same links on HEAD', async () => {
    const [head, get] = [await api().head('/api/v1/cars?q=a&page=3'), await api().get('/api/v1/cars?q=a&page=3')];
    expect([head.status, head.headers['link']]).toEqual([200, get.headers['link']]);
  });

  it('count exactly up to 10,000; there the cursor goes on', async () => {
    const { body, headers } = await api().get('/api/v1/cars?page=100&page_size=100');
    expect(body.pagination).toMatchObject({ total: 10_000, total_pages: null, total_is_exact: false });
    expect(headers['link']).toMatch(/<\/api\/v1\/cars\?page_size=100&cursor=[\w-]+>; rel="next"/);
    const deeper = await api().get('/api/v1/cars?page=101&page_size=100');
    expect([deeper.status, deeper.body.code]).toEqual([422, 'page_too_deep']);
  });

  it('answer a cursor without numbers, and link back', async () => {
    const { body: first } = await api().get('/api/v1/cars?q=a&page_size=5');
    const cursor: string = first.pagination.next_cursor;
    const { body, headers } = await api().get(`/api/v1/cars?q=a&page_size=7&cursor=${cursor}`);
    expect(body.pagination).toEqual({ page_size: 7, next_cursor: expect.stringMatching(/^[\w-]+$/) });
    expect(headers['link']).toMatch(
      /^<\/api\/v1\/cars\?q=a&page_size=7>; rel="first", <\/api\/v1\/cars\?q=a&page_size=7&cursor=[\w-]+>; rel="next"$/,
    );
  });

  it('take no page beside a cursor', async () => {
    const { body: first } = await api().get('/api/v1/cars?q=a');
    const response = await api().get(`/api/v1/cars?q=a&page=1&cursor=${first.pagination.next_cursor}`);
    expect(response.status).toBe(422);
    expect(response.body.errors).toMatchObject([{ parameter: 'page', code: 'exclusive' }]);
  });

  describe('refuse a cursor', () => {
    const refused = async (path: string) => {
      const { status, body } = await api().get(path);
      expect([path, status, body.code]).toEqual([path, 400, 'invalid_cursor']);
    };
    let cursor: string;
    beforeAll(async () => {
      const { body } = await api().get('/api/v1/cars?q=a&status=new&page_size=5');
      cursor = body.pagination.next_cursor;
      expect((await api().get(`/api/v1/cars?status=new&cursor=${cursor}&q=a`)).status).toBe(200);
    });

    it('of another filter, or of none', async () => {
      for (const filters of [
        'q=b&status=new',
        'q=a&status=old',
        'q=a',
        'status=new',
        'q=a&status=new&status=new',
        '',
      ]) {
        await refused(`/api/v1/cars?${filters}&cursor=${cursor}`);
      }
    });

    it('of another list', async () => {
      await refused(`/api/v1/cars/${id}/wheels?q=a&status=new&cursor=${cursor}`);
      const { body } = await api().get(`/api/v1/cars/${id}/wheels`);
      const another = '0193a1b2-0000-7000-8000-000000000001';
      await refused(`/api/v1/cars/${another}/wheels?cursor=${body.pagination.next_cursor}`);
      expect((await api().get(`/api/v1/cars/${id}/wheels?cursor=${body.pagination.next_cursor}`)).status).toBe(200);
    });

    it('that was edited anywhere, or is none', async () => {
      const edited = Array.from(cursor, (letter, index) => {
        const other = letter === 'A' ? 'B' : 'A';
        return `${cursor.slice(0, index)}${other}${cursor.slice(index + 1)}`;
      });
      const cut = [cursor.slice(0, -1), cursor.slice(1), `${cursor}A`, `${cursor}=`, `${cursor}%20`, `${cursor}!`];
      for (const one of [...edited, ...cut, '', 'null', 'e30', `${cursor}&cursor=${cursor}`]) {
        await refused(`/api/v1/cars?q=a&status=new&cursor=${one}`);
      }
    });

    it('before anything else is said of the query', async () => {
      await refused('/api/v1/cars?cursor=x&page=0&unknown=1');
    });
  });
});

describe('entity tags', () => {
  const read = () => api().get(`/api/v1/cars/${id}`);
  const update = (tag: string) => api().patch(`/api/v1/cars/${id}`).set('if-match', tag).send({ name: 'golf' });

  it('are the version and a hash of the body', async () => {
    const [first, second] = [await read(), await read()];
    expect(first.headers['etag']).toMatch(/^"3\.[\w-]{16}"$/);
    expect(second.headers['etag']).toBe(first.headers['etag']);
    const made = await api().post('/api/v1/cars').send({ name: 'a' });
    expect(made.headers).toMatchObject({ location: '/api/v1/cars/1', etag: expect.stringMatching(/^"1\./) });
  });

  it('spare a body that the caller has', async () => {
    const tag = (await read()).headers['etag'] ?? '';
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const response = await read().set('if-none-match', header);
      expect([response.status, response.text, response.headers['etag']]).toEqual([304, '', tag]);
    }
    expect((await read().set('if-none-match', '"3.other"')).status).toBe(200);
    const head = await api().head(`/api/v1/cars/${id}`).set('if-none-match', tag);
    expect(head.status).toBe(304);
  });

  it('refuse a write on another version, whatever the hash', async () => {
    for (const tag of ['"3.anything"', 'W/"3.x"', '"1.x", "3.y"', '*']) expect((await update(tag)).status).toBe(200);
    for (const tag of ['"2.x"', '"33.x"', '"nonsense"'])
      expect((await update(tag)).body.code).toBe('precondition_failed');
    for (const tag of ['3', '"', '"3.x" "4.x"']) expect((await update(tag)).body.code).toBe('bad_request');
  });
});
