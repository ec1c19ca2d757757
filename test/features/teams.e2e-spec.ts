import { v7 as uuid } from 'uuid';
import { teamRoleIds } from '../../src/core/access/index.ts';
import type { Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { Teams } from '../support/teams.ts';

describe('teams', () => {
  let app: TestApp;
  let organization: Organization;
  let teams: Teams;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
    teams = new Teams(app, organization);
  });

  const owner = () => organization.owner.api;
  const faults = (body: { errors?: { pointer: string; code: string }[] }) =>
    (body.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`);

  describe('POST', () => {
    it('makes one, which reads as it was answered', async () => {
      const parent = await teams.create();
      const fields = { name: 'Größe', description: 'Who builds it.', visibility: 'private', parent_team_id: parent };
      const answer = await owner().post(teams.path(), fields).expect(201);

      expect(answer.body).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        organization_id: organization.id,
        slug: 'grosse',
        ...fields,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updated_at: answer.body.created_at,
      });
      expect(answer.headers['location']).toBe(`/api/v1${teams.path(answer.body.id)}`);
      const read = await owner().get(teams.path(answer.body.id)).expect(200);
      expect([read.text, read.headers['etag']]).toEqual([answer.text, answer.headers['etag']]);
      expect(await teams.events(answer.body.id)).toEqual([
        {
          action: 'team.created',
          team_id: answer.body.id,
          actor_member_id: expect.any(String),
          changes: {
            name: { from: null, to: 'Größe' },
            slug: { from: null, to: 'grosse' },
            description: { changed: true },
            visibility: { from: null, to: 'private' },
            parent_team_id: { changed: true },
          },
        },
      ]);
    });

    it('takes a slug once, also that of a deleted team, and makes one where none is given', async () => {
      const first = await teams.create({ name: 'Support' });
      await owner().delete(teams.path(first)).expect(204);
      const second = await owner().post(teams.path(), { name: 'Support' }).expect(201);
      expect(second.body.slug).toMatch(/^support-[a-z0-9]{5}$/);
      const taken = await owner().post(teams.path(), { name: 'Support', slug: 'support' }).expect(409);
      expect(taken.body.code).toBe('already_exists');
      expect(faults(taken.body)).toEqual(['/slug taken']);
      expect((await owner().post(teams.path(), { name: '日本' }).expect(201)).body.slug).toMatch(/^team-[a-z0-9]{5}$/);
    });

    it('gives a secluded team any slug, and lets none of them stand in the way', async () => {
      const secret = await teams.create({ slug: 'same', visibility: 'private' });
      const below = await teams.create({ slug: 'same', parent_team_id: secret });
      const open = await teams.create({ slug: 'same' });
      for (const [id, body] of [
        [secret, { visibility: 'organization' }],
        [below, { parent_team_id: null }],
      ] as const) {
        const answer = await app.changingNothing(() => owner().patch(teams.path(id), body));
        expect([answer.status, answer.body.code]).toEqual([409, 'already_exists']);
      }
      await owner().patch(teams.path(open), { slug: 'other' }).expect(200);
      await owner().patch(teams.path(secret), { slug: 'another', visibility: 'organization' }).expect(200);
      await owner().patch(teams.path(open), { slug: 'another', visibility: 'private' }).expect(200);
    });

    it('lets one that is deleted give way when what is above it comes into the open', async () => {
      await teams.create({ slug: 'eng' });
      const long = 'x'.repeat(48);
      await teams.create({ slug: long });
      const secret = await teams.create({ visibility: 'private' });
      const slugs = ['eng', 'eng', long, 'free'];
      const gone = await Promise.all(slugs.map((slug) => teams.create({ slug, parent_team_id: secret })));
      const hidden = await teams.create({ slug: 'eng', parent_team_id: secret, visibility: 'private' });
      for (const id of [...gone, hidden]) await owner().delete(teams.path(id)).expect(204);
      await owner().patch(teams.path(secret), { visibility: 'organization' }).expect(200);

      const restored = async (id: string) =>
        (
          await owner()
            .post(`${teams.path(id)}/restore`)
            .expect(200)
        ).body.slug;
      const now = await Promise.all([...gone, hidden].map(restored));
      expect(now).toEqual([
        expect.stringMatching(/^eng-[0-9a-f]{12}$/),
        expect.stringMatching(/^eng-[0-9a-f]{12}$/),
        expect.stringMatching(/^x{35}-[0-9a-f]{12}$/),
        'free',
        'eng',
      ]);
      expect((await teams.events(gone[0]!)).at(-2)).toMatchObject({
        action: 'team.updated',
        team_id: gone[0],
        changes: { slug: { from: 'eng', to: now[0] } },
      });
      expect((await teams.events(gone[3]!)).map(({ action }) => action)).toEqual([
        'team.created',
        'team.deleted',
        'team.restored',
      ]);
    });

    it('says which team stands in the way when what is above it would come into the open', async () => {
      const open = await teams.create({ slug: 'eng' });
      const secret = await teams.create({ visibility: 'private' });
      const room = await teams.create({ parent_team_id: secret });
      const child = await teams.create({ name: 'Engine', slug: 'eng', parent_team_id: room });
      const refused = async (id: string, body: object) => {
        const answer = await app.changingNothing(() => owner().patch(teams.path(id), body));
        expect([answer.status, answer.body.code]).toEqual([409, 'already_exists']);
        expect(answer.body.detail).toMatch(/^"Engine" beneath it has the slug "eng"/);
        return faults(answer.body);
      };
      expect(await refused(secret, { visibility: 'organization' })).toEqual(['/visibility taken']);
      expect(await refused(room, { parent_team_id: null })).toEqual(['/parent_team_id taken']);
      // Beneath it, and not in the open yet: two of one slug, of which one may have it.
      await owner().patch(teams.path(open), { slug: 'other' }).expect(200);
      const twin = await teams.create({ name: 'Engine', slug: 'eng', parent_team_id: secret });
      expect(await refused(secret, { visibility: 'organization' })).toEqual(['/visibility taken']);
      await owner().patch(teams.path(twin), { slug: 'twin' }).expect(200);
      await owner().patch(teams.path(room), { visibility: 'private', parent_team_id: null }).expect(200);
      await owner().patch(teams.path(room), { visibility: 'organization' }).expect(200);
      expect((await owner().get(teams.path(child)).expect(200)).body.slug).toBe('eng');
    });

    it('stands at most five levels deep', async () => {
      const chain = await teams.chain(5);
      const answer = await app.changingNothing(() =>
        owner().post(teams.path(), { name: 'Sixth', parent_team_id: chain[4] }),
      );
      expect([answer.status, faults(answer.body)]).toEqual([422, ['/parent_team_id too_deep']]);
    });

    it('refuses a parent that is not there, is deleted, or is of another organization', async () => {
      const gone = await teams.create();
      await owner().delete(teams.path(gone)).expect(204);
      const foreign = await new Teams(app, await app.actors.organization()).create();
      for (const parent of [gone, foreign, uuid()]) {
        const answer = await owner().post(teams.path(), { name: 'A', parent_team_id: parent });
        expect([answer.status, faults(answer.body)]).toEqual([422, ['/parent_team_id unknown']]);
      }
    });

    it.each([
      [{}, '/name required'],
      [{ name: '' }, '/name min_length'],
      [{ name: 'A', slug: 'Not a slug' }, '/slug pattern'],
      [{ name: 'A', visibility: 'secret' }, '/visibility choice'],
      [{ name: 'A', parent_team_id: 'x' }, '/parent_team_id identifier'],
      [{ name: 'A', description: null }, '/description type'],
      [{ name: 'A', path: [] }, '/path unknown'],
    ])('refuses %j', async (body, fault) => {
      const answer = await app.changingNothing(() => owner().post(teams.path(), body).expect(422));
      expect(faults(answer.body)).toEqual([fault]);
    });
  });

  describe('GET', () => {
    it('lists them by name or when they were made, found by name, beneath a parent', async () => {
      const parent = await teams.create({ name: 'beta 50%' });
      await teams.create({ name: 'Alpha', parent_team_id: parent });
      await teams.create({ name: 'gamma', parent_team_id: parent });
      const names = async (query: string) =>
        (await owner().get(`${teams.path()}?${query}`).expect(200)).body.data.map(({ name }: { name: string }) => name);

      expect(await names('')).toEqual(['Alpha', 'beta 50%', 'gamma']);
      expect(await names('sort=-created_at')).toEqual(['gamma', 'Alpha', 'beta 50%']);
      expect(await names('q=A%25')).toEqual([]);
      expect(await names('q=50%25')).toEqual(['beta 50%']);
      expect(await names(`parent_team_id=${parent}`)).toEqual(['Alpha', 'gamma']);
      expect(await names(`parent_team_id=${uuid()}`)).toEqual([]);
      const { body } = await owner().get(`${teams.path()}?page_size=1`).expect(200);
      expect(body.pagination).toMatchObject({ total: 3, total_pages: 3 });
    });

    it('finds those of a member, and none of somebody who is nobody here', async () => {
      const [first, second] = [await teams.create({ name: 'First' }), await teams.create({ name: 'Second' })];
      const [ada, bob] = [await app.actors.member(organization), await app.actors.member(organization)];
      await teams.join(first, ada);
      await teams.join(second, ada);
      await teams.join(second, bob);
      const elsewhere = await app.actors.organization();
      const stranger = await app.actors.member(elsewhere);
      const abroad = new Teams(app, elsewhere);
      await abroad.join(await abroad.create(), stranger);
      const found = async (query: string) =>
        (await owner().get(`${teams.path()}?${query}`).expect(200)).body.data.map(({ name }: { name: string }) => name);

      expect(await found(`member_id=${ada.memberId}`)).toEqual(['First', 'Second']);
      expect(await found(`member_id=${bob.memberId}`)).toEqual(['Second']);
      expect(await found(`member_id=${bob.memberId}&member_id=${ada.memberId}&q=first`)).toEqual(['First']);
      expect(await found(`member_id=${stranger.memberId}`)).toEqual([]);
      expect(await found(`member_id=${uuid()}`)).toEqual([]);
      expect(await app.roundTrips(() => owner().get(`${teams.path()}?member_id=${ada.memberId}`).expect(200))).toBe(1);
      await owner().delete(teams.path(first)).expect(204);
      expect(await found(`member_id=${ada.memberId}`)).toEqual(['Second']);
    });

    it('takes one round trip to the database, for one and for a page of them', async () => {
      const [first] = await teams.chain(5);
      for (const path of [teams.path(first), teams.path(), `${teams.path()}?q=t&parent_team_id=${first}`]) {
        expect(await app.roundTrips(() => owner().get(path).expect(200))).toBe(1);
      }
    });
  });

  describe('PATCH', () => {
    it('leaves no description where that is null, as a merge patch has it', async () => {
      const id = await teams.create({ description: 'Who builds it.' });
      expect((await owner().patch(teams.path(id), { description: null }).expect(200)).body.description).toBe('');
    });

    it('changes what is named, counts the version, and tells the log', async () => {
      const id = await teams.create({ name: 'Before', slug: 'before' });
      const { headers } = await owner().get(teams.path(id));
      const answer = await owner()
        .patch(teams.path(id), { name: 'After', description: 'Told to nobody else' })
        .set('If-Match', headers['etag']!)
        .expect(200);
      expect(answer.body).toMatchObject({ name: 'After', slug: 'before', description: 'Told to nobody else' });
      await owner().patch(teams.path(id), { name: 'Late' }).set('If-Match', headers['etag']!).expect(412);
      await owner().patch(teams.path(id), { name: 'After' }).set('If-Match', answer.headers['etag']!).expect(200);
      expect((await teams.events(id)).slice(1)).toEqual([
        expect.objectContaining({
          action: 'team.updated',
          team_id: id,
          changes: { name: { from: 'Before', to: 'After' }, description: { changed: true } },
        }),
      ]);
      expect((await teams.row(id))['version']).toBe(2);
    });

    it('moves a team with all that is beneath it, whose versions stay', async () => {
      const [top, middle, leaf] = (await teams.chain(3)) as [string, string, string];
      const target = await teams.create();
      const { body } = await owner().patch(teams.path(middle), { parent_team_id: target }).expect(200);

      expect(body.parent_team_id).toBe(target);
      expect((await teams.row(leaf))['path']).toEqual([target, middle, leaf]);
      expect((await teams.row(leaf))['version']).toBe(1);
      expect((await teams.row(middle))['version']).toBe(2);
      expect((await teams.events(middle)).at(-1)).toMatchObject({
        action: 'team.moved',
        changes: { parent_team_id: { from: top, to: target } },
      });
      await owner().patch(teams.path(middle), { parent_team_id: null }).expect(200);
      expect((await teams.row(leaf))['path']).toEqual([middle, leaf]);
    });

    it('refuses a cycle, and a sixth level', async () => {
      const [first, second, third] = (await teams.chain(3)) as [string, string, string];
      for (const below of [first, second, third]) {
        const answer = await app.changingNothing(() => owner().patch(teams.path(first), { parent_team_id: below }));
        expect([answer.status, answer.body.code]).toEqual([409, 'cycle']);
      }
      const long = await teams.chain(3);
      const answer = await app.changingNothing(() => owner().patch(teams.path(long[0]), { parent_team_id: third }));
      expect([answer.status, faults(answer.body)]).toEqual([422, ['/parent_team_id too_deep']]);
      await owner().patch(teams.path(long[0]), { parent_team_id: second }).expect(200);
    });

    it('hides a team with all that is beneath it', async () => {
      const [first, second] = (await teams.chain(2)) as [string, string];
      const member = await app.actors.member(organization);
      await member.api.get(teams.path(second)).expect(200);
      await owner().patch(teams.path(first), { visibility: 'private' }).expect(200);
      await member.api.get(teams.path(first)).expect(404);
      await member.api.get(teams.path(second)).expect(404);
      expect((await teams.row(second))['private_path']).toEqual([first]);
      await owner().patch(teams.path(first), { visibility: 'organization' }).expect(200);
      await member.api.get(teams.path(second)).expect(200);
    });

    it('lets nobody lose sight of a team by it', async () => {
      const editor = await teams.holding(['teams:read', 'teams:create', 'teams:update']);
      const id = await teams.create();
      for (const call of [
        () => editor.api.patch(teams.path(id), { visibility: 'private' }),
        () => editor.api.patch(teams.path(id), { visibility: 'private', name: 'Mine' }),
        () => editor.api.post(teams.path(), { name: 'Mine', visibility: 'private' }),
      ]) {
        const answer = await app.changingNothing(call);
        expect(answer.status).toBe(403);
        expect(answer.body).toMatchObject({ code: 'permission_denied', required: 'teams:read_private' });
      }
      await teams.join(id, editor);
      await editor.api.patch(teams.path(id), { visibility: 'private' }).expect(200);
      const below = await editor.api.post(teams.path(), { name: 'Beneath', parent_team_id: id }).expect(201);
      await editor.api.get(teams.path(below.body.id)).expect(200);
    });

    it('takes two more statements than a read, and some more to move', async () => {
      const [first, second] = (await teams.chain(2)) as [string, string];
      expect(await app.roundTrips(() => owner().patch(teams.path(first), { name: 'New' }).expect(200))).toBe(4);
      const move = () => owner().patch(teams.path(second), { parent_team_id: null }).expect(200);
      expect(await app.roundTrips(move)).toBe(6);
    });
  });

  describe('DELETE', () => {
    it('lets what is beneath it move up, and is over at once', async () => {
      const [top, middle, leaf] = (await teams.chain(3)) as [string, string, string];
      const member = await app.actors.member(organization);
      await teams.join(middle, member, teamRoleIds.admin);
      await owner().delete(teams.path(middle)).expect(204);

      await owner().get(teams.path(middle)).expect(404);
      await owner().delete(teams.path(middle)).expect(404);
      await member.api.delete(teams.path(leaf)).expect(403);
      expect((await owner().get(teams.path(leaf))).body.parent_team_id).toBe(top);
      expect((await teams.row(middle))['path']).toEqual([top, middle]);
      expect((await teams.events(middle)).at(-1)).toMatchObject({ action: 'team.deleted', team_id: middle });
      expect((await teams.events(leaf)).at(-1)).toMatchObject({
        action: 'team.moved',
        team_id: leaf,
        changes: { parent_team_id: { from: middle, to: top } },
      });
    });

    it('brings nothing into the open that a private team secluded', async () => {
      const top = await teams.create({ visibility: 'private' });
      const child = await teams.create({ parent_team_id: top });
      const below = await teams.create({ parent_team_id: child });
      const member = await app.actors.member(organization);
      await owner().delete(teams.path(top)).expect(204);

      expect(await teams.row(child)).toMatchObject({ path: [child], private_path: [child], visibility: 'private' });
      expect(await teams.row(below)).toMatchObject({ path: [child, below], private_path: [child] });
      await member.api.get(teams.path(child)).expect(404);
      expect((await teams.events(child)).at(-1)).toMatchObject({
        action: 'team.moved',
        changes: { parent_team_id: { changed: true }, visibility: { from: 'organization', to: 'private' } },
      });
    });

    it('does not tell where a private team stood that was beneath it', async () => {
      const top = await teams.create();
      const child = await teams.create({ parent_team_id: top, visibility: 'private' });
      await owner().delete(teams.path(top)).expect(204);
      expect((await teams.events(child)).at(-1)?.['changes']).toEqual({ parent_team_id: { changed: true } });
    });

    it('compares the version', async () => {
      const id = await teams.create();
      await owner().delete(teams.path(id)).set('If-Match', '"2.x"').expect(412);
      await owner().delete(teams.path(id)).set('If-Match', '"1.x"').expect(204);
    });
  });

  describe('POST restore', () => {
    it('brings it back with its members and its place, without its former children', async () => {
      const [top, middle, leaf] = (await teams.chain(3)) as [string, string, string];
      const member = await app.actors.member(organization);
      await teams.join(middle, member);
      await owner().delete(teams.path(middle)).expect(204);
      const { body, headers } = await owner()
        .post(`${teams.path(middle)}/restore`)
        .expect(200);

      expect(body).toMatchObject({ id: middle, parent_team_id: top });
      expect((await owner().get(teams.path(middle)).expect(200)).headers['etag']).toBe(headers['etag']);
      expect((await teams.row(leaf))['path']).toEqual([top, leaf]);
      expect(
        await app.database.query('select id from team_members where team_id = $1 and member_id = $2', [
          middle,
          member.memberId,
        ]),
      ).toHaveLength(1);
      expect((await teams.events(middle)).at(-1)).toMatchObject({ action: 'team.restored', team_id: middle });
      const again = await owner()
        .post(`${teams.path(middle)}/restore`)
        .expect(409);
      expect(again.body.code).toBe('conflict');
    });

    it('finds a place although the parent has moved or gone', async () => {
      const [top, middle, leaf] = (await teams.chain(3)) as [string, string, string];
      await owner().delete(teams.path(leaf)).expect(204);
      await owner().delete(teams.path(middle)).expect(204);
      const target = await teams.create();
      await owner().patch(teams.path(top), { parent_team_id: target }).expect(200);
      expect(
        (
          await owner()
            .post(`${teams.path(leaf)}/restore`)
            .expect(200)
        ).body.parent_team_id,
      ).toBe(top);
      expect((await teams.row(leaf))['path']).toEqual([target, top, leaf]);
      expect(
        (
          await owner()
            .post(`${teams.path(middle)}/restore`)
            .expect(200)
        ).body.parent_team_id,
      ).toBe(top);
    });

    it('is possible for 30 days', async () => {
      const id = await teams.create();
      const deletedAgo = (age: string) =>
        app.database.query('update teams set deleted_at = now() - $2::interval where id = $1', [id, age]);
      await deletedAgo('30 days');
      await owner()
        .post(`${teams.path(id)}/restore`)
        .expect(404);
      await deletedAgo('29 days 23 hours');
      await owner()
        .post(`${teams.path(id)}/restore?unknown=1`)
        .expect(422);
      await owner()
        .post(`${teams.path(id)}/restore`)
        .expect(200);
    });

    it('is for whoever may delete it, by a role on it too, and for nobody who never saw it', async () => {
      const id = await teams.create({ visibility: 'private' });
      const [admin, viewer, outside] = [
        await app.actors.member(organization, []),
        await app.actors.member(organization),
        await app.actors.member(organization),
      ];
      await teams.join(id, admin, teamRoleIds.admin);
      await teams.join(id, viewer, teamRoleIds.viewer);
      await admin.api.delete(teams.path(id)).expect(204);
      await outside.api.post(`${teams.path(id)}/restore`).expect(404);
      await viewer.api.post(`${teams.path(id)}/restore`).expect(403);
      await admin.api.get(teams.path(id)).expect(404);
      await admin.api.post(`${teams.path(id)}/restore`).expect(200);
    });
  });

  it('moves so deep that what is deleted beneath it stays with the former parent, hidden as it was', async () => {
    const [top, middle, leaf] = (await teams.chain(3)) as [string, string, string];
    await owner().patch(teams.path(middle), { visibility: 'private' }).expect(200);
    await owner().delete(teams.path(leaf)).expect(204);
    const deep = await teams.chain(4);
    await owner().patch(teams.path(middle), { parent_team_id: deep[3] }).expect(200);

    expect(await teams.row(leaf)).toMatchObject({ path: [top, leaf], private_path: [leaf], visibility: 'private' });
    expect((await teams.events(leaf)).at(-1)).toMatchObject({ action: 'team.moved', team_id: leaf });
    expect(
      (
        await owner()
          .post(`${teams.path(leaf)}/restore`)
          .expect(200)
      ).body.parent_team_id,
    ).toBe(top);
  });
});
