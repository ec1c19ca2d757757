import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuid } from 'uuid';
import type { Actor, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { indistinct } from '../support/refusals.ts';

const TWENTY = Array.from({ length: 20 }, (_, index) => index);

describe('organizations', () => {
  let app: TestApp;
  let ada: Actor;

  beforeAll(async () => {
    app = await TestApp.start();
    ada = await app.actors.user();
  });

  afterAll(() => app.stop());

  const events = (organization: Organization) =>
    app.database.query('select * from audit_events where organization_id = $1 order by id', [organization.id]);
  const pathOf = ({ id }: Pick<Organization, 'id'>): string => `/organizations/${id}`;
  const slug = (): string => `s-${uuid()}`;

  describe('POST /organizations', () => {
    it('creates one whose owner is the caller', async () => {
      const answer = await ada.api.post('/organizations', { name: 'Größe & Söhne' }).expect(201);

      expect(answer.body).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        name: 'Größe & Söhne',
        slug: 'grosse-sohne',
        metadata: {},
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updated_at: answer.body.created_at,
        membership: { id: expect.any(String), roles: ['owner'], status: 'active' },
        counts: { members: 1, teams: 0 },
      });
      expect(answer.headers['location']).toBe(`/api/v1${pathOf(answer.body)}`);
      expect(answer.headers['etag']).toMatch(/^"1\./);
      const read = await ada.api.get(pathOf(answer.body)).expect(200);
      expect(read.text).toBe(answer.text);
      expect(read.headers['etag']).toBe(answer.headers['etag']);
    });

    it('records who created what, and that the owner joined', async () => {
      const organization = await app.actors.organization(ada, { name: 'Acme', metadata: { plan: 'secret' } });

      const [created, joined] = await events(organization);
      expect(created).toMatchObject({
        action: 'organization.created',
        outcome: 'success',
        actor_type: 'user',
        actor_id: ada.userId,
        session_id: ada.sessionId,
        target_type: 'organization',
        target_id: organization.id,
        changes: { name: { from: null, to: 'Acme' }, slug: { from: null, to: organization.slug } },
        ip_address: '127.0.0.1',
      });
      expect(joined).toMatchObject({
        action: 'member.joined',
        changes: { roles: { from: null, to: ['owner'] } },
        actor_member_id: joined!['target_id'],
      });
      expect(created).toMatchObject({ actor_member_id: joined!['target_id'] });
    });

    it('makes a slug that is free, allowed and no longer than 48', async () => {
      const slugs = await Promise.all(
        ['Same Name', 'Same Name', 'Admin', '日本', '-- x --', 'y'.repeat(200)].map(
          async (name) => (await app.actors.organization(ada, { name })).slug,
        ),
      );
      const [first, second, ...others] = slugs;
      expect([first, second].toSorted()).toEqual(['same-name', expect.stringMatching(/^same-name-[a-z0-9]{5}$/)]);
      expect(others).toEqual([
        expect.stringMatching(/^admin-[a-z0-9]{5}$/),
        expect.stringMatching(/^organization-[a-z0-9]{5}$/),
        'x',
        'y'.repeat(48),
      ]);
    });

    it('refuses a slug that is taken, naming the field, and creates nothing', async () => {
      const { slug: taken } = await app.actors.organization(ada);
      const stranger = await app.actors.user();

      const answer = await app.changingNothing(async () =>
        stranger.api.post('/organizations', { name: 'Acme', slug: taken }).expect(409),
      );

      expect(answer.body).toMatchObject({ code: 'already_exists', errors: [{ pointer: '/slug' }] });
    });

    it.each([
      ['no name', {}, '/name', 'required'],
      ['an empty name', { name: ' ' }, '/name', 'min_length'],
      ['a long name', { name: 'x'.repeat(201) }, '/name', 'max_length'],
      ['a name of another type', { name: 5 }, '/name', 'type'],
      ['a line break in the name', { name: 'a\nb' }, '/name', 'characters'],
      ['what turns text around in the name', { name: 'a\u202eb' }, '/name', 'characters'],
      ['what isolates text in the name', { name: 'a\u2066b' }, '/name', 'characters'],
      ['a malformed slug', { name: 'a', slug: 'A b' }, '/slug', 'pattern'],
      ['a reserved slug', { name: 'a', slug: 'admin' }, '/slug', 'reserved'],
      ['no slug where one is given', { name: 'a', slug: null }, '/slug', 'type'],
      ['a list as metadata', { name: 'a', metadata: [] }, '/metadata', 'type'],
      ['too much metadata', { name: 'a', metadata: { x: 'x'.repeat(5000) } }, '/metadata', 'max_size'],
      ['an unknown member', { name: 'a', id: uuid() }, '/id', 'unknown'],
    ])('refuses %s', async (_case, body, pointer, code) => {
      const answer = await ada.api.post('/organizations', body).expect(422);
      expect(answer.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer, code }] });
    });

    it('gives a slug to one of 20 who ask for it at the same time', async () => {
      const wanted = slug();
      const answers = await Promise.all(
        TWENTY.map(() => ada.api.post('/organizations', { name: 'Race', slug: wanted })),
      );

      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(19).fill(409)]);
      const counted = await app.database.query(
        `select (select count(*)::int from organizations where slug = $1) as organizations,
           (select count(*)::int from members m left join organizations o on o.id = m.organization_id where o is null) as strays`,
        [wanted],
      );
      expect(counted).toEqual([{ organizations: 1, strays: 0 }]);
    });

    it('makes 20 slugs from one name at the same time', async () => {
      const all = await Promise.all(TWENTY.map(() => app.actors.organization(ada, { name: 'Popular' })));
      expect(new Set(all.map((organization) => organization.slug)).size).toBe(20);
    });
  });

  describe('GET /organizations', () => {
    let grace: Actor;
    let names: Record<string, Organization>;

    beforeAll(async () => {
      grace = await app.actors.user();
      names = {};
      for (const name of ['Beta 100%', 'alpha', 'Gamma', 'beta_2']) {
        names[name] = await app.actors.organization(grace, { name, slug: slug() });
      }
      const foreign = await app.actors.organization(ada, { name: 'Delta', slug: slug() });
      const membership = await app.actors.member(foreign, ['admin', 'member']);
      await app.database.query('update members set user_id = $1 where id = $2', [grace.userId, membership.memberId]);
      names['Delta'] = foreign;
    });

    const list = async (query: string): Promise<string[]> => {
      const { body } = await grace.api.get(`/organizations?${query}`).expect(200);
      return body.data.map((row: { name: string }) => row.name);
    };

    it("lists the caller's own and nobody else's, with the membership in each", async () => {
      const answer = await grace.api.get('/organizations').expect(200);

      expect(answer.body.data.map((row: { name: string }) => row.name)).toEqual([
        'alpha',
        'Beta 100%',
        'beta_2',
        'Delta',
        'Gamma',
      ]);
      expect(answer.body.data[0]).toEqual({
        id: names['alpha']!.id,
        name: 'alpha',
        slug: names['alpha']!.slug,
        metadata: {},
        created_at: expect.any(String),
        updated_at: expect.any(String),
        membership: { id: expect.any(String), roles: ['owner'], status: 'active' },
      });
      expect(answer.body.data[3].membership.roles).toEqual(['admin', 'member']);
      expect(answer.body.pagination).toEqual({
        page: 1,
        page_size: 20,
        total: 5,
        total_pages: 1,
        total_is_exact: true,
        next_cursor: null,
      });
    });

    it('costs one round trip', async () => {
      expect(await app.roundTrips(() => grace.api.get('/organizations').expect(200))).toBe(1);
    });

    it('searches the name, in any letter case, with % and _ as they are', async () => {
      expect(await list('q=BETA')).toEqual(['Beta 100%', 'beta_2']);
      expect(await list('q=%25')).toEqual(['Beta 100%']);
      expect(await list('q=_')).toEqual(['beta_2']);
      expect(await list('q=nothing')).toEqual([]);
    });

    it('filters: any of the values of one field, all of the fields', async () => {
      const [alpha, gamma] = [names['alpha']!.slug, names['Gamma']!.slug];
      expect(await list(`slug=${alpha}&slug=${gamma}`)).toEqual(['alpha', 'Gamma']);
      expect(await list(`slug=${alpha},${gamma}&q=gam`)).toEqual(['Gamma']);
      expect(await list('role=admin')).toEqual(['Delta']);
      expect(await list('role=owner,admin&sort=-name')).toEqual(['Gamma', 'Delta', 'beta_2', 'Beta 100%', 'alpha']);
      expect(await list('slug=' + encodeURIComponent("' or true --"))).toEqual([]);
    });

    it('sorts by name or age, in one direction', async () => {
      const byAge = ['Beta 100%', 'alpha', 'Gamma', 'beta_2', 'Delta'];
      expect(await list('sort=created_at')).toEqual(byAge);
      expect(await list('sort=-created_at,-name')).toEqual(byAge.toReversed());
      const mixed = await grace.api.get('/organizations?sort=name,-created_at').expect(422);
      expect(mixed.body.errors).toEqual([expect.objectContaining({ parameter: 'sort' })]);
    });

    it('pages, with the total of all pages', async () => {
      const second = await grace.api.get('/organizations?page=2&page_size=2').expect(200);
      expect(second.body.data.map((row: { name: string }) => row.name)).toEqual(['beta_2', 'Delta']);
      expect(second.body.pagination).toMatchObject({ page: 2, page_size: 2, total: 5, total_pages: 3 });
      const beyond = await grace.api.get('/organizations?page=9&page_size=2').expect(200);
      expect(beyond.body).toMatchObject({ data: [], pagination: { total: 5 } });
    });

    it('goes on by cursor where a page ended, whoever has joined what meanwhile', async () => {
      const henry = await app.actors.user();
      for (const name of ['d', 'b', 'b', 'c']) await app.actors.organization(henry, { name, slug: slug() });
      const first = await henry.api.get('/organizations?page_size=2').expect(200);
      await app.actors.organization(henry, { name: 'a', slug: slug() });
      const cursor: string = first.body.pagination.next_cursor;
      const rest = await henry.api.get(`/organizations?cursor=${cursor}`).expect(200);

      expect(rest.body).toMatchObject({ data: [{ name: 'c' }, { name: 'd' }], pagination: { next_cursor: null } });
      expect(await app.roundTrips(() => henry.api.get(`/organizations?cursor=${cursor}`).expect(200))).toBe(1);
      const theirs = await grace.api.get(`/organizations?cursor=${cursor}`).expect(400);
      expect(theirs.body.code).toBe('invalid_cursor');
    });

    it.each([
      ['page=0', 'validation_failed'],
      ['page_size=101', 'validation_failed'],
      ['page=1001&page_size=10', 'page_too_deep'],
      ['sort=slug', 'validation_failed'],
      ['sort=name,name', 'validation_failed'],
      ['sort=name,created_at,name', 'validation_failed'],
      [`role=${'owner,'.repeat(100)}owner`, 'validation_failed'],
      ['unknown=1', 'validation_failed'],
    ])('refuses ?%s', async (query, code) => {
      const answer = await grace.api.get(`/organizations?${query}`).expect(422);
      expect(answer.body.code).toBe(code);
    });

    it('leaves out what the caller has left and what was deleted', async () => {
      const henry = await app.actors.user();
      const [left, deleted] = [await app.actors.organization(henry), await app.actors.organization(henry)];
      await app.actors.member(left, ['owner']);
      await henry.api.delete(`${pathOf(left)}/members/me`).expect(204);
      await app.database.query('update organizations set deleted_at = now() where id = $1', [deleted.id]);

      const answer = await henry.api.get('/organizations').expect(200);
      expect(answer.body).toMatchObject({ data: [], pagination: { total: 0, total_pages: 0 } });
      for (const gone of [left, deleted]) await henry.api.get(pathOf(gone)).expect(404);
    });
  });

  describe('GET /organizations/{organization_id}', () => {
    it('counts active and suspended members, and the teams that are not deleted', async () => {
      const organization = await app.actors.organization(ada);
      await app.actors.member(organization, ['member'], 'suspended');
      await app.actors.member(organization, ['member'], 'removed');
      const member = await app.actors.member(organization, ['admin', 'member']);
      await app.database.query(
        `insert into teams (organization_id, name, slug, deleted_at) values ($1, 'A', 'a', null), ($1, 'B', 'b', now())`,
        [organization.id],
      );

      const { body } = await member.api.get(pathOf(organization)).expect(200);
      expect(body.counts).toEqual({ members: 3, teams: 1 });
      expect(body.membership).toEqual({ id: member.memberId, roles: ['admin', 'member'], status: 'active' });
    });

    it('costs one round trip to the database', async () => {
      const organization = await app.actors.organization(ada);
      expect(await app.roundTrips(() => ada.api.get(pathOf(organization)).expect(200))).toBe(1);
    });

    it('is not there for a stranger, just like one that does not exist', async () => {
      const organization = await app.actors.organization(ada);
      const stranger = await app.actors.user();
      const theirs = await stranger.api.get(pathOf(organization)).expect(404);

      for (const id of [uuid(), 'nonsense', '00000000-0000-0000-0000-000000000000']) {
        const nobodys = await stranger.api.get(pathOf({ id })).expect(404);
        expect(indistinct(nobodys)).toBe(indistinct(theirs));
      }
      await ada.api.get(pathOf(organization)).expect(200);
    });

    it('answers 304 to whoever has it, until it changes', async () => {
      const organization = await app.actors.organization(ada);
      const { headers } = await ada.api.get(pathOf(organization)).expect(200);
      const again = () => ada.api.get(pathOf(organization)).set('If-None-Match', headers['etag']!);
      await again().expect(304);
      await app.actors.member(organization);
      await again().expect(200);
    });

    it('refuses a suspended member and everybody in a suspended organization', async () => {
      const organization = await app.actors.organization(ada);
      const member = await app.actors.member(organization, ['admin'], 'suspended');
      const refused = await member.api.get(pathOf(organization)).expect(403);
      expect(refused.body.code).toBe('member_suspended');
      await app.database.query('update organizations set suspended_at = now() where id = $1', [organization.id]);
      const closed = await ada.api.get(pathOf(organization)).expect(403);
      expect(closed.body.code).toBe('organization_suspended');
    });
  });

  describe('PATCH /organizations/{organization_id}', () => {
    it('changes what it names, merges metadata, and counts the version', async () => {
      const organization = await app.actors.organization(ada, { metadata: { keep: { a: 1, b: 2 }, drop: true } });
      const wanted = slug();
      await delay(2);

      const answer = await ada.api
        .patch(pathOf(organization), { name: 'New', slug: wanted, metadata: { keep: { b: null, c: 3 }, drop: null } })
        .set('Content-Type', 'application/merge-patch+json')
        .expect(200);

      expect(answer.body).toMatchObject({ name: 'New', slug: wanted, metadata: { keep: { a: 1, c: 3 } } });
      expect(answer.body.updated_at > answer.body.created_at).toBe(true);
      expect(answer.headers['etag']).toMatch(/^"2\./);
      const read = await ada.api.get(pathOf(organization)).expect(200);
      expect([read.text, read.headers['etag']]).toEqual([answer.text, answer.headers['etag']]);
    });

    it('leaves no metadata where that is null, as a merge patch has it', async () => {
      const organization = await app.actors.organization(ada, { metadata: { a: 1, b: { c: 2 } } });

      const answer = await ada.api.patch(pathOf(organization), { metadata: null }).expect(200);

      expect(answer.body.metadata).toEqual({});
      expect(answer.headers['etag']).toMatch(/^"2\./);
    });

    it('keeps metadata as it was given, whatever its members are called', async () => {
      const names = [...Object.getOwnPropertyNames(Object.prototype), 'prototype', 'then', 'toJSON'];
      const members = names.filter((name) => name !== '__proto__').map((name) => [name, { [name]: [{ [name]: 'x' }] }]);
      const given = JSON.stringify(Object.fromEntries(members));
      const organization = await app.actors.organization(ada, { metadata: JSON.parse(given) });
      const created = await ada.api.get(pathOf(organization)).expect(200);
      expect(created.body.metadata).toEqual(JSON.parse(given));
      const patched = await ada.api
        .patch(pathOf(organization), { metadata: { constructor: { constructor: null, more: 1 }, toString: null } })
        .expect(200);
      const { toString: _gone, ...others } = JSON.parse(given);
      expect(patched.body.metadata).toEqual({ ...others, constructor: { more: 1 } });
    });

    it('records what changed, and of metadata only that it did', async () => {
      const organization = await app.actors.organization(ada);
      const admin = await app.actors.member(organization, ['admin']);
      await admin.api.patch(pathOf(organization), { name: 'New', metadata: { secret: 1 } }).expect(200);

      expect((await events(organization)).at(-1)).toMatchObject({
        action: 'organization.updated',
        actor_id: admin.userId,
        actor_member_id: admin.memberId,
        target_id: organization.id,
        changes: { name: { from: 'Acme', to: 'New' }, metadata: { changed: true } },
      });
    });

    it('changes and records nothing where nothing is new', async () => {
      const organization = await app.actors.organization(ada);
      const answer = await app.changingNothing(async () =>
        ada.api.patch(pathOf(organization), { name: organization.name, metadata: {} }).expect(200),
      );
      expect(answer.headers['etag']).toMatch(/^"1\./);
    });

    it.each([
      ['no name', { name: null }, '/name'],
      ['a reserved slug', { slug: 'api' }, '/slug'],
      ['what is not to be changed', { created_at: 'now' }, '/created_at'],
      ['metadata that grows too large', { metadata: { more: 'x'.repeat(3000) } }, '/metadata'],
    ])('refuses %s and changes nothing', async (_case, patch, pointer) => {
      const organization = await app.actors.organization(ada, { metadata: { some: 'x'.repeat(3000) } });
      const answer = await app.changingNothing(async () => ada.api.patch(pathOf(organization), patch).expect(422));
      expect(answer.body.errors[0].pointer).toBe(pointer);
    });

    it('refuses a slug that is taken', async () => {
      const [one, other] = [await app.actors.organization(ada), await app.actors.organization(ada)];
      const answer = await ada.api.patch(pathOf(one), { slug: other.slug }).expect(409);
      expect(answer.body).toMatchObject({ code: 'already_exists', errors: [{ pointer: '/slug' }] });
    });

    it('is refused to a member without the permission, who learns which one', async () => {
      const organization = await app.actors.organization(ada);
      const member = await app.actors.member(organization);

      const answer = await app.changingNothing(async () =>
        member.api.patch(pathOf(organization), { name: 'Mine' }).expect(403),
      );

      expect(answer.body).toMatchObject({ code: 'permission_denied', required: 'organization:update' });
    });

    it('compares If-Match with the version, and not with the rest of the answer', async () => {
      const organization = await app.actors.organization(ada);
      const { headers } = await ada.api.get(pathOf(organization)).expect(200);
      await app.actors.member(organization);
      const patch = (name: string, tag: string) => ada.api.patch(pathOf(organization), { name }).set('If-Match', tag);

      await patch('First', headers['etag']!).expect(200);
      const late = await patch('Second', headers['etag']!).expect(412);
      expect(late.body.code).toBe('precondition_failed');
      await patch('Third', '*').expect(200);
      await patch('Fourth', 'no tag').expect(400);
      const updates = (await events(organization)).filter(({ action }) => action === 'organization.updated');
      expect(updates.map(({ changes }) => changes.name.to)).toEqual(['First', 'Third']);
    });

    it('loses no change of 20 that each merge a member of their own', async () => {
      const organization = await app.actors.organization(ada);
      await Promise.all(
        TWENTY.map((index) => ada.api.patch(pathOf(organization), { metadata: { [`m${index}`]: index } }).expect(200)),
      );
      const { body, headers } = await ada.api.get(pathOf(organization)).expect(200);
      expect(Object.keys(body.metadata)).toHaveLength(20);
      expect(headers['etag']).toMatch(/^"21\./);
    });
  });
});
