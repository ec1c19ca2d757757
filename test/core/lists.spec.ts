import pg from 'pg';
import { v7 as uuid } from 'uuid';
import type { Database, Statement } from '../../src/core/database/index.ts';
import { Position } from '../../src/core/lists/index.ts';
import type { Actor, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { makeThings, things, ThingsModule } from '../support/listed.ts';

interface Row {
  readonly id?: string;
  readonly name?: string;
  readonly color?: string | null;
  readonly createdAt?: string;
  readonly soldAt?: string | null;
}

/** Of any walk here. */
const MOST_PAGES = 100;
const HOUR = '2026-11-20T11:00:00';

describe('lists', () => {
  let app: TestApp;
  let organization: Organization;
  let ada: Actor;

  beforeAll(async () => {
    app = await TestApp.start({ module: ThingsModule });
    await makeThings(app.database);
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
    ada = organization.owner;
  });

  const add = async (rows: readonly Row[], { id } = organization): Promise<string[]> => {
    const added = await app.database.query<{ id: string }>(
      `insert into things (organization_id, id, name, color, created_at, sold_at)
         select $1, coalesce(r.id, uuidv7()), coalesce(r.name, 'thing'), r.color, coalesce(r."createdAt", now()), r."soldAt"
           from jsonb_to_recordset($2) as r (id uuid, name text, color text, "createdAt" timestamptz, "soldAt" timestamptz)
         returning id`,
      [id, JSON.stringify(rows)],
    );
    return added.map((row) => row.id);
  };
  const numbered = (count: number): Row[] => Array.from({ length: count }, (_, index) => ({ name: `n${index}` }));
  const path = (query = '', { id } = organization): string => `/organizations/${id}/things?${query}`;
  const get = async (query = '') => (await ada.api.get(path(query)).expect(200)).body;
  const names = async (query = ''): Promise<string[]> => (await get(query)).data.map(({ name }: Row) => name);
  const linkOf = (answer: { headers: Record<string, string> }, relation: string): string | undefined =>
    new RegExp(`<([^>]*)>; rel="${relation}"`).exec(answer.headers['link'] ?? '')?.[1]?.replace('/api/v1', '');

  /** Reads on by the cursor from the first page to the last. */
  const walk = async (
    query = '',
    between: (page: number) => Promise<unknown> = async () => undefined,
    list = 'things',
  ): Promise<string[]> => {
    const ids: string[] = [];
    let cursor = '';
    for (let page = 1; ; page += 1) {
      const { body } = await ada.api.get(`/organizations/${organization.id}/${list}?${query}${cursor}`).expect(200);
      ids.push(...body.data.map(({ id }: { id: string }) => id));
      if (body.pagination.next_cursor === null) return ids;
      if (page > MOST_PAGES) throw new Error('the walk goes in circles');
      await between(page);
      cursor = `&cursor=${body.pagination.next_cursor}`;
    }
  };

  describe('by page', () => {
    it('tell how many there are, and what comes next', async () => {
      await add(numbered(5));
      expect((await get('page_size=2&page=2')).pagination).toEqual({
        page: 2,
        page_size: 2,
        total: 5,
        total_pages: 3,
        total_is_exact: true,
        next_cursor: expect.any(String),
      });
      expect((await get('page_size=2&page=3')).pagination.next_cursor).toBe(null);
      expect(await get('page_size=2&page=4')).toMatchObject({ data: [], pagination: { total: 5, next_cursor: null } });
      expect(await get('q=nothing')).toMatchObject({ data: [], pagination: { total: 0, total_pages: 0 } });
    });

    it('can be left by cursor from any of them', async () => {
      await add(numbered(9));
      const { pagination } = await get('page_size=2&page=3');
      expect(await names(`page_size=3&cursor=${pagination.next_cursor}`)).toEqual(['n6', 'n7', 'n8']);
    });

    it('cost one round trip each way, with the total and by cursor', async () => {
      await add(numbered(5));
      const { pagination } = await get('page_size=2');
      expect(await app.roundTrips(() => get('page_size=2'))).toBe(1);
      expect(await app.roundTrips(() => get(`page_size=2&cursor=${pagination.next_cursor}`))).toBe(1);
    });

    it('count to 10,000 and reach to 10,000, and the cursor goes on to the end', async () => {
      await app.database.query(
        `insert into things (organization_id, name) select $1, to_char(i, 'FM00000') from generate_series(1, 10150) i`,
        [organization.id],
      );
      const last = await ada.api.get(path('page=100&page_size=100')).expect(200);
      expect(last.body.pagination).toMatchObject({ total: 10_000, total_pages: null, total_is_exact: false });
      expect(last.body.data.at(-1).name).toBe('10000');
      const deeper = await ada.api.get(path('page=101&page_size=100')).expect(422);
      expect(deeper.body).toMatchObject({ code: 'page_too_deep', errors: [{ parameter: 'page' }] });

      const beyond = await ada.api.get(linkOf(last, 'next')!).expect(200);
      expect(beyond.body.data.map(({ name }: Row) => name).slice(0, 2)).toEqual(['10001', '10002']);
      expect(beyond.body.pagination).toEqual({ page_size: 100, next_cursor: expect.any(String) });
      const end = await ada.api.get(linkOf(beyond, 'next')!).expect(200);
      expect(end.body.data.at(-1).name).toBe('10150');
      expect(end.body.pagination.next_cursor).toBe(null);
    });

    it('are exact up to 10,000', async () => {
      await app.database.query(
        `insert into things (organization_id, name) select $1, 'x' from generate_series(1, 10000)`,
        [organization.id],
      );
      expect((await get()).pagination).toMatchObject({ total: 10_000, total_pages: 500, total_is_exact: true });
      await add([{}]);
      expect((await get()).pagination).toMatchObject({ total: 10_000, total_pages: null, total_is_exact: false });
    });
  });

  describe('by cursor', () => {
    it.each(['name', '-name', 'created_at', '-created_at', 'color', '-color,-name', 'created_at,name'])(
      'repeat and lose nothing among equals, sorted by %s',
      async (sort) => {
        const rows = Array.from({ length: 40 }, (_, index) => ({
          name: `same ${index % 2}`,
          color: index % 3 === 0 ? null : 'red',
          createdAt: `${HOUR}.00000${index % 4}Z`,
        }));
        await add(rows);
        const whole = (await get(`sort=${sort}&page_size=100`)).data.map(({ id }: { id: string }) => id);
        expect(await walk(`sort=${sort}&page_size=7`)).toEqual(whole);
        expect(new Set(whole).size).toBe(40);
      },
    );

    it('tell microseconds apart', async () => {
      const late = await add([{ createdAt: `${HOUR}.123457Z` }]);
      const early = await add([{ createdAt: `${HOUR}.123456Z` }]);
      expect(await walk('sort=created_at&page_size=1')).toEqual([...early, ...late]);
      expect(await walk('sort=-created_at&page_size=1')).toEqual([...late, ...early]);
    });

    it('repeat and lose nothing of what was there, while rows come and go', async () => {
      const before = await add(Array.from({ length: 30 }, (_, index) => ({ name: `n${index % 5}` })));
      const doomed = new Set<string>();
      const walked = await walk('page_size=4', async (page) => {
        await add([{ name: 'a' }, { name: `n${page % 5}` }, { name: 'z' }]);
        const victim = before[(page * 7) % before.length]!;
        doomed.add(victim);
        await app.database.query('delete from things where id = $1', [victim]);
      });
      expect(new Set(walked).size).toBe(walked.length);
      const stayed = before.filter((id) => !doomed.has(id));
      expect(walked.filter((id) => stayed.includes(id)).toSorted()).toEqual(stayed.toSorted());
    });

    it('go on where a row was that is gone', async () => {
      await add(numbered(4));
      const { data, pagination } = await get('page_size=2');
      await app.database.query('delete from things where id = $1', [data[1].id]);
      expect(await names(`page_size=2&cursor=${pagination.next_cursor}`)).toEqual(['n2', 'n3']);
    });

    it('lead back by their links', async () => {
      await add(numbered(7));
      const second = await ada.api.get(path(`page_size=3&cursor=${(await get('page_size=3')).pagination.next_cursor}`));
      const third = await ada.api.get(linkOf(second, 'next')!);
      expect(third.body.data.map(({ name }: Row) => name)).toEqual(['n6']);
      const back = await ada.api.get(linkOf(third, 'prev')!);
      expect(back.body.data).toEqual(second.body.data);
      const start = await ada.api.get(linkOf(back, 'prev')!);
      expect(start.body.data.map(({ name }: Row) => name)).toEqual(['n0', 'n1', 'n2']);
      expect(linkOf(start, 'prev')).toBeUndefined();
      expect((await ada.api.get(linkOf(start, 'next')!)).body.data).toEqual(second.body.data);
      expect(linkOf(third, 'first')).toBe(path('page_size=3'));
    });

    it('lead back to the start where all that was before has gone', async () => {
      const [first] = await add(numbered(4));
      const second = await ada.api.get(path(`page_size=1&cursor=${(await get('page_size=1')).pagination.next_cursor}`));
      await app.database.query('delete from things where id = $1', [first]);
      const start = await ada.api.get(linkOf(second, 'prev')!).expect(200);
      expect(start.body.data).toMatchObject([{ name: 'n1' }]);
      expect((await ada.api.get(linkOf(start, 'next')!).expect(200)).body.data).toMatchObject([{ name: 'n2' }]);
      expect(linkOf(start, 'prev')).toBeUndefined();
    });

    it('are pages of a list that nobody counts, newest first', async () => {
      const added = await add(numbered(5).map((row, index) => ({ ...row, createdAt: `${HOUR}.${index}Z` })));
      const answer = await ada.api.get(`/organizations/${organization.id}/log?page_size=2`).expect(200);
      expect(answer.body.pagination).toEqual({ page_size: 2, next_cursor: expect.any(String) });
      expect(linkOf(answer, 'first')).toBe(`/organizations/${organization.id}/log?page_size=2`);
      expect(await walk('page_size=2', undefined, 'log')).toEqual(added.toReversed());
      await ada.api.get(`/organizations/${organization.id}/log?page=1`).expect(422);
    });

    it('show nothing of a row in the cursor', async () => {
      await add([{ name: 'Lovelace' }, { name: 'Lovelace' }]);
      const { pagination } = await get('page_size=1');
      expect(Buffer.from(pagination.next_cursor, 'base64url').toString('latin1')).not.toMatch(/lovelace/i);
    });

    it('are refused elsewhere: in another organization, on another list, in another order', async () => {
      const elsewhere = await app.actors.organization(ada);
      await add(numbered(3));
      const { pagination } = await get('page_size=1');
      const cursor: string = pagination.next_cursor;
      const log = `/organizations/${organization.id}/log?`;
      for (const other of [path('', elsewhere), log, path('sort=-name&'), path('sort=name&'), path('q=n&')]) {
        const { body } = await ada.api.get(`${other}cursor=${cursor}`).expect(400);
        expect(body.code).toBe('invalid_cursor');
      }
      const { body: page } = await ada.api.get(`${log}page_size=1`).expect(200);
      await ada.api.get(`${log}cursor=${page.pagination.next_cursor}`).expect(200);
      await ada.api.get(`/organizations/${organization.id}/journal?cursor=${page.pagination.next_cursor}`).expect(400);
      const colleague = await app.actors.member(organization);
      await colleague.api.get(path(`cursor=${cursor}`)).expect(200);
    });

    it('are looked at after who is calling, and before the rest of the query', async () => {
      const outsider = await app.actors.user();
      await app.anonymous.get(path('cursor=x')).expect(401);
      await outsider.api.get(path('cursor=x')).expect(404);
      await ada.api.get(path('cursor=x&page=0&unknown=1')).expect(400);
    });
  });

  it('search with % and _ as letters, in any letter case, in each column', async () => {
    await add([
      { name: 'Beta 100%' },
      { name: 'beta_2' },
      { name: 'ÄRGER', color: 'GELB' },
      { name: 'x', color: null },
    ]);
    expect(await names('q=BETA')).toEqual(['Beta 100%', 'beta_2']);
    expect(await names('q=%25')).toEqual(['Beta 100%']);
    expect(await names('q=_')).toEqual(['beta_2']);
    expect(await names('q=%5C')).toEqual([]);
    expect(await names('q=%5C%25')).toEqual([]);
    expect(await names(`q=${encodeURIComponent('ärg')}`)).toEqual(['ÄRGER']);
    expect(await names('q=gelb')).toEqual(['ÄRGER']);
    expect(await names('q=')).toHaveLength(4);
  });

  it('filter from a time on, inclusive, up to a time, exclusive', async () => {
    await add([
      { name: 'early', createdAt: `${HOUR}.123456Z` },
      { name: 'late', createdAt: `${HOUR}.123457Z` },
    ]);
    const [early, late] = [`${HOUR}.123456Z`, `${HOUR}.123457Z`];
    expect(await names(`created_after=${early}`)).toEqual(['early', 'late']);
    expect(await names(`created_after=${late}`)).toEqual(['late']);
    expect(await names(`created_before=${late}`)).toEqual(['early']);
    expect(await names(`created_after=${early}&created_before=${early}`)).toEqual([]);
    expect(await names(`created_after=${encodeURIComponent('2026-11-20T12:00:00.123457+01:00')}`)).toEqual(['late']);
  });

  it.each(['0000-01-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-01T00:00:00+23:59', `${HOUR}.${'1'.repeat(99)}Z`])(
    'refuse %s, which is no time to PostgreSQL',
    async (time) => {
      const { body } = await ada.api.get(path(`created_after=${encodeURIComponent(time)}`)).expect(422);
      expect(body.errors).toMatchObject([{ parameter: 'created_after', code: 'timestamp' }]);
    },
  );

  it.each(['0001-01-01T00:00:00+14:00', '9999-12-31T23:59:59.999999-15:59', '2028-02-29T00:00:00z'])(
    'take %s, which is one',
    async (time) => {
      await ada.api.get(path(`created_after=${encodeURIComponent(time)}`)).expect(200);
    },
  );

  it("join what belongs to the page's rows", async () => {
    const kind = uuid();
    await app.database.query(`insert into kinds (organization_id, id, label) values ($1, $2, 'tool')`, [
      organization.id,
      kind,
    ]);
    await add([{ name: 'a' }, { name: 'b' }]);
    await app.database.query(`update things set kind_id = $2 where organization_id = $1 and name = 'b'`, [
      organization.id,
      kind,
    ]);
    expect((await get()).data).toMatchObject([{ kind: null }, { kind: 'tool' }]);
    expect(await names(`kind_id=${kind},${uuid()}`)).toEqual(['b']);
  });

  it('say loudly that a row has nothing to be sorted by, and so could be lost', async () => {
    await add([{ soldAt: `${HOUR}Z` }, { soldAt: null }]);
    await ada.api.get(path('sort=sold_at')).expect(500);
  });

  it('are read from no position of another order, which an older server may have sealed', async () => {
    const query = async () => [];
    const position = new Position('name', 'after', '["a"]');
    const selection = { sort: ['-created_at'], limit: 1, position };
    await expect(things.read({ query }, selection)).rejects.toMatchObject({ code: 'invalid_cursor' });
    await expect(things.read({ query }, { sort: ['weight'], limit: 1 })).rejects.toThrow('no key "weight"');
  });

  describe('in a plain tenant table', () => {
    const DEPTH = 20_000;

    /** The plan of the helper's own statement, as the server's role, behind the policies. */
    const planOf = async (order: string, keys: unknown[]): Promise<string> => {
      let statement: Statement | undefined;
      const query = async (asked: Statement) => {
        statement = asked;
        return [];
      };
      await things.read({ query } as Pick<Database, 'query'>, {
        sort: [order],
        limit: 20,
        position: new Position(order, 'after', JSON.stringify(keys)),
      });
      const client = new pg.Client(app.database.url('tenantry_app'));
      await client.connect();
      try {
        await client.query('begin');
        await client.query(`select set_config('app.organization_id', $1, true)`, [organization.id]);
        const { rows } = await client.query({
          text: `explain (analyze, costs off, timing off, buffers off) ${statement!.text}`,
          values: [...statement!.values],
        });
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      } finally {
        await client.end();
      }
    };

    it('a deep page is an index condition, in every order', async () => {
      await app.database.query(
        `insert into things (organization_id, name, created_at)
           select $1, 'n' || i, $2::timestamptz + (i - ${DEPTH / 2}) * interval '1 s' from generate_series(1, ${DEPTH}) i`,
        [organization.id, `${HOUR}Z`],
      );
      await app.database.query('analyze things');
      for (const [order, key] of Object.entries({ name: 'n15000', created_at: `${HOUR}Z` })) {
        for (const sort of [order, `-${order}`]) {
          const plan = await planOf(sort, [key, uuid()]);
          expect(plan).toMatch(/Index Cond: .*organization_id = .*ROW\((name_key|created_at), id\) [<>] ROW/);
          expect(plan).not.toMatch(/Filter|Seq Scan/);
        }
      }
    });
  });
});
