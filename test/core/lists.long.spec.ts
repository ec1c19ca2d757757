import fc from 'fast-check';
import { v7 as uuid } from 'uuid';
import type { Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { makeThings, ThingsModule } from '../support/listed.ts';
import { size } from '../support/size.ts';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly color: string | null;
  readonly createdAt: string;
}

interface Walk {
  readonly sort: string;
  readonly pageSize: number;
  readonly q: string;
  readonly color: string;
}

const RUNS = size(10, 400);
/** In which there is writing all the while. */
const WALKS = size(2, 100);
const TIMEOUT_MS = size(30_000, 10 * 60_000);

const SORTS = ['name', 'color', 'created_at', 'name,created_at', 'color,name', 'created_at,color,name'];
const descending = (sort: string): string => sort.replaceAll(/\w+/g, (name) => `-${name}`);

/** Few values, so that many rows tie. */
const letters = fc.constantFrom('a', 'A', 'b', 'ä', 'Ä', '%', '_', '\\', "'", '"', '😀', 'ß');
const row = fc.record({
  id: fc.constant(undefined).map(() => uuid()),
  name: fc.array(letters, { minLength: 1, maxLength: 3 }).map((all) => all.join('')),
  color: fc.option(fc.constantFrom('red', 'Red', 'blue'), { nil: null }),
  createdAt: fc.integer({ min: 0, max: 5 }).map((micros) => `2026-11-20T11:00:00.00000${micros}Z`),
});
const walk = fc.record({
  sort: fc.constantFrom(...SORTS, ...SORTS.map(descending)),
  pageSize: fc.integer({ min: 1, max: 6 }),
  q: fc.oneof(fc.constant(''), letters),
  color: fc.constantFrom('', '', 'red'),
});

describe('walks through a list', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({ module: ThingsModule });
    await makeThings(app.database);
  });

  afterAll(() => app.stop());

  const add = async ({ id }: Organization, rows: readonly Row[]) =>
    app.database.query(
      `insert into things (organization_id, id, name, color, created_at)
         select $1, r.id, r.name, r.color, r."createdAt"
           from jsonb_to_recordset($2) as r (id uuid, name text, color text, "createdAt" timestamptz)`,
      [id, JSON.stringify(rows)],
    );

  /** @returns the ids in the order of the list, by a statement of the test's own on all rows */
  const whole = async ({ id }: Organization, { sort, q, color }: Walk): Promise<string[]> => {
    const direction = sort.startsWith('-') ? 'desc' : 'asc';
    const keys: Record<string, string> = { name: 'lower(name collate pg_c_utf8)', created_at: 'created_at' };
    const order = sort.split(',').map((name) => keys[name.replace('-', '')] ?? `coalesce(lower(color), '')`);
    const rows = await app.database.query<{ id: string }>(
      `select id from things where organization_id = $1 and ($3 = '' or color = $3)
           and position(lower($2 collate pg_c_utf8) in lower(name || chr(0x1f) || coalesce(color, '') collate pg_c_utf8)) > 0
         order by ${[...order, 'id'].map((key) => `${key} ${direction}`).join()}`,
      [id, q, color],
    );
    return rows.map((found) => found.id);
  };

  const pathOf = ({ id }: Organization, { sort, pageSize, q, color }: Walk): string => {
    const query = new URLSearchParams({ sort, page_size: String(pageSize), ...(q && { q }), ...(color && { color }) });
    return `/organizations/${id}/things?${query.toString()}`;
  };
  const get = async ({ owner }: Organization, path: string) => {
    const { body, headers } = await owner.api.get(path).expect(200);
    const linkTo = (relation: string) => new RegExp(`<([^>]*)>; rel="${relation}"`).exec(headers['link']!)?.[1];
    const ids: string[] = body.data.map(({ id }: { id: string }) => id);
    const there = (url: string | undefined) => url?.replace('/api/v1', '');
    return { ids, pagination: body.pagination, next: there(linkTo('next')), prev: there(linkTo('prev')) };
  };

  it(
    'find what the whole is, in its order, there by cursor, back by links, and by number',
    async () => {
      const founder = await app.actors.user();
      const check = async (rows: Row[], way: Walk) => {
        const organization = await app.actors.organization(founder);
        await add(organization, rows);
        const [expected, path] = [await whole(organization, way), pathOf(organization, way)];

        const there: string[][] = [];
        const numbered: string[][] = [];
        let page = await get(organization, path);
        expect(page.pagination.total).toBe(expected.length);
        for (let number = 1; ; number += 1) {
          there.push(page.ids);
          numbered.push((await get(organization, `${path}&page=${number}`)).ids);
          const cursor: string | null = page.pagination.next_cursor;
          if (cursor === null) break;
          page = await get(organization, `${path}&cursor=${cursor}`);
        }
        expect(there.flat()).toEqual(expected);
        expect(numbered).toEqual(there);

        const back: string[][] = [];
        for (let prev = page.prev; prev !== undefined; prev = page.prev) {
          page = await get(organization, prev);
          back.unshift(page.ids);
        }
        expect(back).toEqual(there.slice(0, -1));
      };
      await fc.assert(fc.asyncProperty(fc.array(row, { maxLength: 25 }), walk, check), { numRuns: RUNS });
    },
    TIMEOUT_MS,
  );

  it(
    'repeat and lose nothing of what was there before and stays, while others write',
    async () => {
      const organization = await app.actors.organization();
      for (const way of fc.sample(walk, WALKS)) {
        const all = { ...way, q: '', color: '' };
        const [staying, leaving] = [fc.sample(row, 30), fc.sample(row, 30)];
        await add(organization, [...staying, ...leaving]);
        const before = (await whole(organization, all)).filter((id) => staying.some((kept) => kept.id === id));

        let isOver = false;
        const writing = (async () => {
          for (const { id } of leaving) {
            if (isOver) return;
            await app.database.query('delete from things where id = $1', [id]);
            await add(organization, fc.sample(row, 2));
          }
        })();
        const seen: string[] = [];
        let cursor = '';
        do {
          const { ids, pagination } = await get(organization, `${pathOf(organization, all)}${cursor}`);
          seen.push(...ids);
          cursor = pagination.next_cursor === null ? '' : `&cursor=${pagination.next_cursor}`;
        } while (cursor !== '');
        isOver = true;
        await writing;

        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.filter((id) => before.includes(id))).toEqual(before);
        await app.database.query('delete from things where organization_id = $1', [organization.id]);
      }
    },
    TIMEOUT_MS,
  );
});
