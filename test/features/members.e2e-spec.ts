import { v7 as uuid } from 'uuid';
import type { Actor, Member, MemberStatus, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { indistinct } from '../support/refusals.ts';

interface Listed {
  readonly id: string;
  readonly user: { readonly id: string; readonly name: string; readonly email: string | null };
  readonly roles: readonly string[];
  readonly status: string;
}

describe('members', () => {
  let app: TestApp;
  let organization: Organization;
  let owner: Actor;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
    owner = organization.owner;
  });

  const path = (id = ''): string => `/organizations/${organization.id}/members${id && `/${id}`}`;
  const call = async ({ userId }: Pick<Actor, 'userId'>, name: string, email = `${uuid()}@example.com`) =>
    app.database.query('update users set name = $2, email = $3, email_key = lower($3) where id = $1', [
      userId,
      name,
      email,
    ]);
  const named = async (
    name: string,
    roles: readonly string[] = ['member'],
    status: MemberStatus = 'active',
  ): Promise<Member> => {
    const member = await app.actors.member(organization, roles, status);
    await call(member, name);
    return member;
  };
  const list = async (query = '', caller = owner): Promise<Listed[]> =>
    (await caller.api.get(`${path()}?${query}`).expect(200)).body.data;
  const names = async (query = ''): Promise<string[]> => (await list(query)).map(({ user }) => user.name);
  const read = async (id: string) => (await owner.api.get(path(id)).expect(200)).body;

  describe('GET /organizations/{organization_id}/members', () => {
    beforeEach(async () => {
      await call(owner, 'Ada', `zoe-${owner.userId}@example.com`);
      await named('grace 100%', ['admin', 'member']);
      await named('Bob_by', ['member'], 'suspended');
      await app.actors.member(organization, [], 'removed');
      const other = await app.actors.organization();
      await call(other.owner, 'Elsewhere');
    });

    it('lists who is in it, active or suspended, by name, each with their person and roles', async () => {
      const answer = await owner.api.get(path()).expect(200);
      expect(answer.body.data.map(({ user }: Listed) => user.name)).toEqual(['Ada', 'Bob_by', 'grace 100%']);
      expect(answer.body.data[0]).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        organization_id: organization.id,
        user: { id: owner.userId, email: `zoe-${owner.userId}@example.com`, name: 'Ada', avatar_url: null },
        roles: ['owner'],
        status: 'active',
        joined_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        created_at: expect.any(String),
        updated_at: expect.any(String),
      });
      expect(answer.body.data[2].roles).toEqual(['admin', 'member']);
      expect(answer.body.pagination).toMatchObject({ total: 3, total_is_exact: true });
    });

    it('costs one round trip, by number and by cursor', async () => {
      expect(await app.roundTrips(() => owner.api.get(`${path()}?page_size=1&role=owner,member&q=a`).expect(200))).toBe(
        1,
      );
      const { body } = await owner.api.get(`${path()}?page_size=1`).expect(200);
      const next = `${path()}?cursor=${body.pagination.next_cursor}`;
      expect(await app.roundTrips(() => owner.api.get(next).expect(200))).toBe(1);
    });

    it.each([
      ['the name, in any letter case', 'q=GRACE', ['grace 100%']],
      ['the address', 'q=zoE-', ['Ada']],
      ['% as it is', 'q=%25', ['grace 100%']],
      ['_ as it is', 'q=_', ['Bob_by']],
      ['what is nowhere', 'q=elsewhere', []],
    ])('searches %s', async (_case, query, found) => {
      expect(await names(query)).toEqual(found);
    });

    it.each([
      ['one role', 'role=admin', ['grace 100%']],
      ['any of several roles', 'role=owner&role=admin', ['Ada', 'grace 100%']],
      ['a role that is not there', 'role=nonsense', []],
      ['one status', 'status=suspended', ['Bob_by']],
      ['who has left', 'status=removed', ['Grace']],
      ['all', 'status=active,suspended,removed', ['Ada', 'Bob_by', 'Grace', 'grace 100%']],
      ['role and status', 'role=member&status=active', ['grace 100%']],
    ])('filters by %s', async (_case, query, found) => {
      expect(await names(query)).toEqual(found);
    });

    describe('filtered by team', () => {
      /** With a member of this name in it. */
      const team = async (name: string, { visibility = 'organization', deleted = false, of = organization } = {}) => {
        const [teamId, member] = [uuid(), await app.actors.member(of)];
        await call(member, name);
        await app.database.query(
          `insert into teams (organization_id, id, name, slug, visibility) values ($1, $2::uuid, 'Team', 't-' || $2, $3)`,
          [of.id, teamId, visibility],
        );
        await app.database.query(
          `insert into team_members (organization_id, team_id, member_id, role_id)
             select $1, $2, $3, id from roles where organization_id = $1 and scope = 'team' and key = 'member'`,
          [of.id, teamId, member.memberId],
        );
        if (deleted) await app.database.query('update teams set deleted_at = now() where id = $1', [teamId]);
        return { teamId, member };
      };

      it('shows who belongs to any of them, and combines with other filters', async () => {
        const [red, blue] = [await team('Rea'), await team('Kit')];
        await team('Leah');
        expect(await names(`team_id=${red.teamId}`)).toEqual(['Rea']);
        expect(await names(`team_id=${red.teamId},${blue.teamId}&team_id=${uuid()}`)).toEqual(['Kit', 'Rea']);
        // No address here has these letters: each begins with an id, which is of hexadecimal digits.
        expect(await names(`team_id=${red.teamId},${blue.teamId}&q=ki&role=member&status=active`)).toEqual(['Kit']);
      });

      it('shows nobody of a team that is elsewhere, was deleted, or was never there', async () => {
        const elsewhere = await team('Away', { of: await app.actors.organization() });
        const deleted = await team('Past', { deleted: true });
        for (const id of [elsewhere.teamId, deleted.teamId, uuid()]) expect(await list(`team_id=${id}`)).toEqual([]);
      });

      it('shows nobody of a private team to who may not see it, with the answer to one that is not there', async () => {
        const { teamId, member } = await team('Secret', { visibility: 'private' });
        const outside = await named('Curious');
        const get = async (id: string) => (await outside.api.get(`${path()}?team_id=${id}`).expect(200)).body;
        expect(await get(teamId)).toEqual(await get(uuid()));
        for (const insider of [member, owner]) expect(await list(`team_id=${teamId}`, insider)).toHaveLength(1);
      });

      it('refuses what is no id, and costs one round trip', async () => {
        await owner.api.get(`${path()}?team_id=red`).expect(422);
        const { teamId } = await team('Rea');
        expect(await app.roundTrips(() => owner.api.get(`${path()}?team_id=${teamId}`).expect(200))).toBe(1);
      });
    });

    it('sorts by name, address, or when they joined', async () => {
      expect(await names('sort=-name')).toEqual(['grace 100%', 'Bob_by', 'Ada']);
      expect((await names('sort=-email'))[0]).toBe('Ada');
      expect(await names('sort=joined_at')).toEqual(['Ada', 'grace 100%', 'Bob_by']);
    });

    it.each(['name', '-name', 'email', '-joined_at', 'name,joined_at'])(
      'loses and repeats nobody from page to page: %s',
      async (sort) => {
        await Promise.all(['same', 'same', 'Same'].map((name) => named(name)));
        const all = await list(`sort=${sort}`);
        const paged: Listed[] = [];
        let query = 'page=1';
        while (query !== '') {
          const { body } = await owner.api.get(`${path()}?sort=${sort}&page_size=2&${query}`).expect(200);
          paged.push(...body.data);
          query = body.pagination.next_cursor === null ? '' : `cursor=${body.pagination.next_cursor}`;
        }
        expect(paged).toEqual(all);
        expect(all).toHaveLength(6);
      },
    );

    it.each(['sort=id', 'status=gone', 'sort=name,-email', 'user_id=1', 'page_size=101'])(
      'refuses ?%s',
      async (query) => {
        expect((await owner.api.get(`${path()}?${query}`).expect(422)).body.code).toBe('validation_failed');
      },
    );
  });

  describe('GET /organizations/{organization_id}/members/{member_id}', () => {
    it('reads a member, whose ETag is that of the membership', async () => {
      const grace = await named('Grace');
      const answer = await owner.api.get(path(grace.memberId)).expect(200);
      expect(answer.body).toEqual((await list('q=grace'))[0]);
      expect(answer.headers['etag']).toMatch(/^"1\./);
      await owner.api.get(path(grace.memberId)).set('If-None-Match', answer.headers['etag']!).expect(304);
      expect(await app.roundTrips(() => owner.api.get(path(grace.memberId)).expect(200))).toBe(1);
    });

    it('reads the caller as `me`', async () => {
      const grace = await named('Grace');
      const { body } = await grace.api.get(path('me')).expect(200);
      expect(body).toMatchObject({ id: grace.memberId, user: { id: grace.userId, name: 'Grace' } });
      expect(await app.roundTrips(() => grace.api.get(path('me')).expect(200))).toBe(1);
    });

    it('reads one who has left, of whom the caller is another', async () => {
      const gone = await named('Gone', [], 'removed');
      expect(await read(gone.memberId)).toMatchObject({ id: gone.memberId, status: 'removed', roles: [] });
    });

    it('is not there for what is no member here', async () => {
      const other = await app.actors.organization();
      const stranger = await app.actors.member(other);
      const absent = await owner.api.get(path(uuid())).expect(404);
      for (const id of [stranger.memberId, stranger.userId, owner.userId, 'nonsense', 'ME', 'me%20']) {
        expect(indistinct(await owner.api.get(path(id)).expect(404))).toBe(indistinct(absent));
      }
    });
  });

  describe('what an organization knows of its people', () => {
    const URL = 'https://pictures.example/grace.png';

    it('follows them, wherever they are members, and counts as no change of the membership', async () => {
      const grace = await app.actors.member(organization);
      const { headers } = await owner.api.get(path(grace.memberId)).expect(200);
      const before = await read(grace.memberId);
      await grace.api.patch('/me', { name: 'Grace Hopper', avatar_url: URL }).expect(200);

      const after = await owner.api.get(path(grace.memberId)).expect(200);
      expect(after.body).toEqual({ ...before, user: { ...before.user, name: 'Grace Hopper', avatar_url: URL } });
      expect(after.headers['etag']).not.toBe(headers['etag']);
      expect(after.headers['etag']).toMatch(/^"1\./);
      expect(await names('q=hopper')).toEqual(['Grace Hopper']);
    });

    it('stays as it was of who has left', async () => {
      const gone = await named('Grace', [], 'removed');
      await app.database.query(`update users set name = 'Later', email = 'later@example.com' where id = $1`, [
        gone.userId,
      ]);
      expect((await read(gone.memberId)).user).toMatchObject({ name: 'Grace' });
    });

    it('goes with their account, from who had left before, too', async () => {
      const gone = await named('Grace', [], 'removed');
      const present = await named('Joan');
      for (const { api } of [gone, present]) await api.delete('/me').expect(204);
      for (const { memberId, userId } of [gone, present]) {
        const { user, status } = await read(memberId);
        expect([user, status]).toEqual([
          { id: userId, email: null, name: 'deleted user', avatar_url: null },
          'removed',
        ]);
      }
      expect(await names('status=removed&sort=email')).toEqual(['deleted user', 'deleted user']);
    });

    it('is what they are called now, even while they join', async () => {
      const rounds = Array.from({ length: 10 }, (_, round) => `Name ${round}`);
      for (const name of rounds) {
        const user = await app.actors.user();
        await Promise.all([
          user.api.patch('/me', { name }).expect(200),
          app.database.query('insert into members (organization_id, user_id) values ($1, $2)', [
            organization.id,
            user.userId,
          ]),
        ]);
      }
      expect(await names('sort=joined_at&page_size=100')).toEqual(['Ada', ...rounds]);
    });

    it('is not for the server to say', async () => {
      const [grant] = await app.database.query(
        `select has_column_privilege('tenantry_app', 'members', 'name', 'update') as name,
           has_column_privilege('tenantry_app', 'members', 'email', 'update') as email`,
      );
      expect(grant).toEqual({ name: false, email: false });
    });
  });
});
