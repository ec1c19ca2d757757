import type { OpenAPIObject } from '@nestjs/swagger';
import type { Test } from 'supertest';
import { teamRoleIds } from '../../src/core/access/index.ts';
import { createDocument } from '../../src/core/openapi/index.ts';
import type { Actor, Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { crowd } from '../support/crowd.ts';
import { mediansInTurn } from '../support/medians.ts';
import { isFullSize, size } from '../support/size.ts';
import { Teams } from '../support/teams.ts';

const FEW = 100;
const MANY = size(1_000, 10_000);
const CALLS = size(1, 200);
/** What a hundred times as many rows may cost. */
const RATIO = 2.5;

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** A list as the document has it, with the queries that it takes. */
interface ListRoute {
  readonly path: string;
  readonly queries: readonly string[];
}

interface CalledList extends ListRoute {
  readonly caller: 'owner' | 'member';
}

/** Somebody with so many rows in each of their lists. */
interface World {
  readonly organization: Organization;
  readonly owner: Actor;
  /** Sees some of the private teams, and not the others. */
  readonly member: Member;
  readonly teamId: string;
}

/** How each list gets its rows. One that is not here fails the test. */
const FILLS: Readonly<Record<string, (world: World, count: number) => Promise<unknown>>> = {
  '/api/v1/auth/sessions': async ({ owner }, count) =>
    app.database.query(
      `insert into sessions (user_id, expires_at, authentication_methods, ip_address)
         select $1, now() + interval '1 day', '{pwd}', '127.0.0.1' from generate_series(3, $2)`,
      [owner.userId, count],
    ),
  '/api/v1/me/security-events': async ({ owner }, count) =>
    app.database.query(
      `insert into security_events (user_id, action, outcome, anonymous)
         select $1, 'auth.signed_in', 'success', false from generate_series(1, $2)`,
      [owner.userId, count],
    ),
  '/api/v1/me/invitations': async ({ owner }, count) =>
    app.database.query(
      `with organization as (
         insert into organizations (name, slug) select 'Host ' || n, 'host-' || uuidv7() from generate_series(1, $2) as n returning id
       ), member as (
         insert into members (organization_id, user_id) select id, $3 from organization returning organization_id, id
       ), owner as (
         insert into member_roles (organization_id, member_id, role_id)
           select organization_id, id, '00000000-0000-7000-8000-000000000001' from member
       )
       insert into invitations (organization_id, email, email_key, inviter_id, token_hash, mailed)
         select organization_id, $1, $1, id, sha256(id::text::bytea), true from member`,
      [owner.email, count, (await app.actors.user('Host')).userId],
    ),
  '/api/v1/organizations': async ({ owner }, count) =>
    app.database.query(
      `with organization as (
         insert into organizations (name, slug) select 'Other ' || n, 'other-' || uuidv7() from generate_series(2, $2) as n
           returning id
       ), member as (insert into members (organization_id, user_id) select id, $1 from organization returning organization_id, id)
       insert into member_roles (organization_id, member_id, role_id)
         select organization_id, id, '00000000-0000-7000-8000-000000000001' from member`,
      [owner.userId, count],
    ),
  '/api/v1/organizations/{organization_id}/invitations': async ({ organization: { id } }, count) =>
    app.database.query(
      `insert into invitations (organization_id, email, email_key, inviter_id, token_hash, mailed)
         select organization_id, n || '@example.com', n || '@example.com', id, sha256((id::text || n)::bytea), true
           from members, generate_series(1, $2) as n where organization_id = $1 order by joined_at limit $2`,
      [id, count],
    ),
  '/api/v1/organizations/{organization_id}/members': async ({ organization }, count) =>
    crowd(app.database, organization, count),
  // Those of the system are there.
  '/api/v1/organizations/{organization_id}/roles': async ({ organization: { id } }, count) =>
    app.database.query(
      `insert into roles (organization_id, scope, key, name, permissions)
         select $1, case n % 2 when 0 then 'team' else 'organization' end, 'r-' || n, substr(md5(n::text), 1, 8), '{teams:read}'
           from generate_series(7, $2) as n`,
      [id, count],
    ),
  // Every second one is private, and every second one of these the member's, too.
  '/api/v1/organizations/{organization_id}/teams': async ({ organization: { id }, member }, count) =>
    app.database.query(
      `with made as (
         insert into teams (organization_id, name, slug, visibility)
           select $1, substr(md5(n::text), 1, 8) || ' ' || n, 'n-' || n, case n % 2 when 0 then 'private' else 'organization' end
             from generate_series(2, $2) as n returning organization_id, id, slug
       )
       insert into team_members (organization_id, team_id, member_id, role_id)
         select organization_id, id, $3, $4 from made where split_part(slug, '-', 2)::int % 4 = 0`,
      [id, count, member.memberId, teamRoleIds.member],
    ),
  // After the members.
  '/api/v1/organizations/{organization_id}/teams/{team_id}/members': async ({ organization, teamId }) =>
    app.database.query(
      `insert into team_members (organization_id, team_id, member_id, role_id, created_at)
         select organization_id, $2, id, $3, joined_at from members where organization_id = $1`,
      [organization.id, teamId, teamRoleIds.member],
    ),
};

/** Has no more rows than the code. */
const IN_CODE: readonly string[] = ['/api/v1/permissions'];

/** What filters of free text are asked for. */
const VALUES: Readonly<Record<string, string>> = { action: 'auth.*', role: 'member', slug: 'other' };

/** What takes longer where there is more, and why it may. */
const SLOWER: Readonly<Record<string, string>> = {
  '/api/v1/me/invitations': 'as with organisations: nobody is invited to many',
  '/api/v1/organizations': 'they cross organisations, so that no index has their order; a person is in few',
};

// The tests are made from the document, so the application is there before they are.
const app = await TestApp.start();
const lists = listsOf(createDocument(app.nest));
/** What one sees of teams is the database's to work out, in the same round trip. */
const called: CalledList[] = lists.flatMap((list) => [
  { ...list, caller: 'owner' },
  ...(/teams|members$/.test(list.path) ? [{ ...list, caller: 'member' as const }] : []),
]);
const worlds = new Map<number, World>();

beforeAll(async () => {
  for (const count of [10, FEW, MANY]) worlds.set(count, await filled(count));
  await app.database.query('vacuum (analyze)');
}, 300_000);

afterAll(() => app.stop());

async function filled(count: number): Promise<World> {
  const organization = await app.actors.organization();
  const { owner } = organization;
  const [member, teamId] = [await app.actors.member(organization), await new Teams(app, organization).create()];
  const world = { organization, owner, member, teamId };
  for (const fill of Object.values(FILLS)) await fill(world, count);
  return world;
}

function call({ path, caller }: CalledList, query: string, count: number): Test {
  const { organization, teamId, [caller]: actor } = worlds.get(count)!;
  const found = path.replace('{organization_id}', organization.id).replace('{team_id}', teamId);
  return actor.api.outside('get', `${found}?${query}`).expect(200);
}

it('every list is here', () => {
  expect(lists.map(({ path }) => path).toSorted()).toEqual(Object.keys(FILLS).toSorted());
});

describe.each(called)('$path by $caller', (list) => {
  it.each(list.queries)('takes one round trip, of 10 rows as of many: %s', async (query) => {
    for (const count of [10, MANY]) expect(await app.roundTrips(async () => call(list, query, count))).toBe(1);
  });

  it('has so many rows', async () => {
    for (const count of [10, FEW]) {
      const { body } = await call(list, 'page_size=100', count);
      expect(body.data).toHaveLength(list.path.endsWith('/teams') && list.caller === 'member' ? seenOf(count) : count);
    }
  });

  it('takes one round trip by cursor, too', async () => {
    for (const count of [FEW, MANY]) {
      const { body } = await call(list, '', count);
      const query = `cursor=${body.pagination.next_cursor}`;
      expect(await app.roundTrips(async () => call(list, query, count))).toBe(1);
    }
  });

  it.each(list.queries)('is about as fast of many rows as of 100: %s', async (query) => {
    const works = [FEW, MANY].map((count) => async () => call(list, query, count));
    await mediansInTurn(1, works);
    const [few = 0, many = 0] = await mediansInTurn(CALLS, works);
    process.stdout.write(
      `${list.caller} ${list.path}?${query}: ${few.toFixed(1)} ms of ${FEW}, ${many.toFixed(1)} ms of ${MANY}\n`,
    );
    if (isFullSize && !(list.path in SLOWER)) expect(many / few).toBeLessThanOrEqual(RATIO);
  });
});

/** Of the teams every second one, and every second one of the others. */
function seenOf(count: number): number {
  return Math.ceil(count / 2) + Math.floor(count / 4);
}

function listsOf(document: OpenAPIObject): ListRoute[] {
  const resolved = ({ $ref = '', ...schema }: Schema): Schema =>
    (document.components?.schemas?.[$ref.split('/').at(-1) ?? ''] as Schema | undefined) ?? schema;
  return Object.entries(document.paths).flatMap(([path, { get }]) => {
    const answer = get?.responses?.['200'] as { content?: Record<string, { schema: Schema }> } | undefined;
    const schema = answer?.content?.['application/json']?.schema;
    if (!schema || !('pagination' in (resolved(schema).properties ?? {}))) return [];
    const parameters = (get?.parameters ?? []) as { name: string; in: string; schema: Schema }[];
    if (IN_CODE.includes(path)) return [];
    return [{ path, queries: ['', 'page_size=100', ...parameters.flatMap(queriesWith)] }];
  });
}

/** One for each sort there is and each value that a filter may have, and two for a search: with few matches, and with none. */
function queriesWith({ name, in: place, schema }: { name: string; in: string; schema: Schema }): string[] {
  if (place !== 'query' || ['page', 'page_size', 'cursor'].includes(name)) return [];
  const { enum: values, format } = schema.items ?? schema;
  if (values) return values.map((value) => `${name}=${value}`);
  if (name === 'q') return ['q=ab', 'q=zzzz'];
  if (format === 'uuid') return [`${name}=00000000-0000-7000-8000-000000000001`];
  if (format === 'date-time') return [`${name}=2026-01-01T00:00:00Z`];
  if (!(name in VALUES)) throw new Error(`what to ask ${name} for is missing from VALUES`);
  return [`${name}=${VALUES[name]}`];
}
