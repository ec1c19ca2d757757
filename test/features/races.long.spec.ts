import type { Response, Test } from 'supertest';
import type { Actor, Member, Organization } from '../support/actors.ts';
import type { TestApp } from '../support/app.ts';
import { broken, invariants, logged } from '../support/invariants.ts';
import { served } from '../support/served.ts';
import { isFullSize, size } from '../support/size.ts';
import { TwoServers } from '../support/two-servers.ts';

const ROUNDS = size(3, 100);
const CALLS = 20;
/** Where two race each other, so many pairs of them do so at once. */
const PAIRS = CALLS / 2;
const TIMEOUT_MS = size(30_000, 1_200_000);

/** At full size not one answer is a 503; at the small one the machine has other work, too, and it is asked again. */
const answered: typeof served = isFullSize ? async (call) => call() : served;

/** One call of a race; its number says which server is asked. */
type Call = (number: number) => Test;

/** An invitation whose link is passed on by hand. */
interface Offer {
  readonly accept_url: string;
}

describe('at once, on two servers over one database', () => {
  let servers: TwoServers;
  let app: TestApp;
  let rounds = 0;

  beforeAll(async () => {
    servers = await TwoServers.start();
    app = servers.app;
  });

  afterAll(() => servers.stop());

  const as = (actor: Actor, number: number) => servers.at(number, actor.api);

  /** Sends all calls at the same time, half of them to each server. @returns how often there was which answer */
  async function race(calls: readonly Call[]): Promise<Record<string, number>> {
    const answers = await Promise.all(calls.map((call, number) => answered(() => call(number))));
    const counts: Record<string, number> = {};
    for (const answer of answers) counts[outcome(answer)] = (counts[outcome(answer)] ?? 0) + 1;
    return counts;
  }

  /** Repeats it, each time with something new, and asks the database whether all is well when all are over. */
  function rounding(round: () => Promise<void>): () => Promise<void> {
    return async () => {
      await open();
      for (let count = 0; count < ROUNDS; count += 1) {
        rounds += 1;
        await round();
      }
      expect(await broken(app.database, [...invariants, ...logged])).toEqual([]);
      // PostgreSQL finds one after a second, and the server begins again: nobody notices but by waiting.
      expect(await deadlocks()).toBe(0);
    };
  }

  /** Opens the connections of both servers, which takes longer than a call waits where all are opened at once. */
  const open = async (): Promise<void> => {
    const { api } = await app.actors.user();
    await Promise.all(range(CALLS).map((number) => served(() => servers.at(number, api).get('/me'))));
  };

  const deadlocks = async (): Promise<unknown> => {
    const [counted] = await app.database.query(
      'select deadlocks::int from pg_stat_database where datname = current_database()',
    );
    return counted!['deadlocks'];
  };

  const pairs = <T>(make: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: PAIRS }, make));

  /** An organisation, its founder, and another owner. */
  const shared = async (): Promise<{ organization: Organization; founder: Member; other: Member }> => {
    const organization = await app.actors.organization();
    const other = await app.actors.member(organization, ['owner']);
    const { body } = await organization.owner.api.get(`/organizations/${organization.id}/members/me`).expect(200);
    return { organization, founder: { ...organization.owner, memberId: body.id }, other };
  };

  const limit = ({ id }: Organization, key: string, value: number) =>
    app.database.query('insert into platform_settings (organization_id, key, value) values ($1, $2, $3)', [
      id,
      key,
      value,
    ]);

  it(
    'one organization gets the slug that 20 want',
    rounding(async () => {
      const callers = await Promise.all([app.actors.user(), app.actors.user()]);
      const body = { name: 'Acme', slug: `wanted-${rounds}` };
      const calls = range(CALLS).map(
        (): Call => (number) => as(callers[Math.floor(number / 2) % 2]!, number).post('/organizations', body),
      );
      expect(await race(calls)).toEqual({ '201': 1, '409 already_exists /slug': CALLS - 1 });
    }),
    TIMEOUT_MS,
  );

  it(
    'one of 20 organizations is renamed to the slug that all want',
    rounding(async () => {
      const owner = await app.actors.user();
      const organizations = await Promise.all(range(CALLS).map(() => app.actors.organization(owner)));
      const slug = `other-${rounds}`;
      const calls = organizations.map(
        ({ id }): Call =>
          (number) =>
            as(owner, number).patch(`/organizations/${id}`, { slug }),
      );
      expect(await race(calls)).toEqual({ '200': 1, '409 already_exists /slug': CALLS - 1 });
    }),
    TIMEOUT_MS,
  );

  it(
    '20 organizations of one name get 20 slugs',
    rounding(async () => {
      const owner = await app.actors.user();
      const calls = range(CALLS).map(
        (): Call => (number) => as(owner, number).post('/organizations', { name: `Same ${rounds}` }),
      );
      expect(await race(calls)).toEqual({ '201': CALLS });
    }),
    TIMEOUT_MS,
  );

  it(
    'of two owners who leave, one stays',
    rounding(async () => {
      const all = await pairs(shared);
      const calls = all.flatMap(({ organization: { id }, founder, other }): Call[] =>
        [founder, other].map((owner) => (number) => as(owner, number).delete(`/organizations/${id}/members/me`)),
      );
      expect(await race(shuffled(calls))).toEqual({ '204': PAIRS, '409 last_owner': PAIRS });
    }),
    TIMEOUT_MS,
  );

  it.each<[string, (api: Actor['api'], path: string) => Test, refusals: readonly string[]]>([
    [
      'take the role from each other',
      (api, path) => api.patch(path, { roles: ['member'] }),
      ['403 grant_exceeds_own', '403 permission_denied'],
    ],
    [
      'suspend each other',
      (api, path) => api.patch(path, { status: 'suspended' }),
      ['403 grant_exceeds_own', '403 member_suspended'],
    ],
    ['remove each other', (api, path) => api.delete(path), ['403 grant_exceeds_own', '404 not_found']],
  ])(
    'of two owners who %s, one stays',
    async (_name, act, refusals) => {
      await rounding(async () => {
        const all = await pairs(shared);
        const calls = all.flatMap(({ organization: { id }, founder, other }): Call[] =>
          [[founder, other] as const, [other, founder] as const].map(
            ([from, to]) =>
              (number) =>
                act(as(from, number), `/organizations/${id}/members/${to.memberId}`),
          ),
        );
        const { 200: changed = 0, 204: removed = 0, ...refused } = await race(shuffled(calls));
        expect(changed + removed).toBe(PAIRS);
        expect(refusals).toEqual(expect.arrayContaining(Object.keys(refused)));
      })();
    },
    TIMEOUT_MS,
  );

  it(
    'two owners who delete their accounts leave one',
    rounding(async () => {
      const all = await pairs(shared);
      const calls = all.flatMap(({ founder, other }): Call[] =>
        [founder, other].map((owner) => (number) => as(owner, number).delete('/me')),
      );
      expect(await race(shuffled(calls))).toEqual({ '204': PAIRS, '409 last_owner': PAIRS });
    }),
    TIMEOUT_MS,
  );

  it(
    'ownership is accepted, or the organization deleted before, or by who has it no longer it is not',
    rounding(async () => {
      const all = await pairs(async () => {
        const { organization, founder } = await shared();
        const receiver = await app.actors.member(organization);
        const path = `/organizations/${organization.id}`;
        const { body } = await founder.api
          .post(`${path}/ownership-transfers`, { member_id: receiver.memberId })
          .expect(201);
        return { path, founder, receiver, transferId: body.id as string };
      });
      const calls = all.flatMap(({ path, founder, receiver, transferId }): Call[] => [
        (number) => as(receiver, number).post(`${path}/ownership-transfers/${transferId}/accept`),
        (number) => as(founder, number).delete(path),
      ]);
      const answers = await race(shuffled(calls));
      // Whoever comes first; deleted after it was accepted, it was by somebody who was let in as its owner before.
      const {
        200: accepted = 0,
        204: deleted = 0,
        '404 not_found': gone = 0,
        '403 permission_denied': lost = 0,
      } = answers;
      expect([accepted + gone, deleted + lost]).toEqual([PAIRS, PAIRS]);
      expect(deleted).toBeGreaterThanOrEqual(gone);
    }),
    TIMEOUT_MS,
  );

  describe('of invitations', () => {
    /** Invites them through the API. @returns their tokens, in the same order */
    const invited = async ({ id, owner }: Organization, people: readonly Actor[]): Promise<string[]> => {
      const invitations = people.map(({ email }) => ({ email, roles: ['member'], deliver: false }));
      const { body } = await owner.api.post(`/organizations/${id}/invitations/batch`, { invitations }).expect(200);
      return body.results.map(({ invitation }: { invitation: Offer }) => tokenIn(invitation));
    };
    const someone = () => app.actors.user();

    it(
      'one of 20 to the same address is made, in any letter case',
      rounding(async () => {
        const { id, owner } = await app.actors.organization();
        const calls = range(CALLS).map((index): Call => (number) => {
          const email = `${index % 3 === 0 ? 'grace' : 'GRACE'}.${rounds}@example.com`;
          return as(owner, number).post(`/organizations/${id}/invitations`, { email, roles: ['member'] });
        });
        expect(await race(calls)).toEqual({ '201': 1, '409 already_exists /email': CALLS - 1 });
      }),
      TIMEOUT_MS,
    );

    it(
      'one that is accepted 20 times makes one member',
      rounding(async () => {
        const grace = await someone();
        const [token] = await invited(await app.actors.organization(), [grace]);
        const calls = range(CALLS).map(
          (): Call => (number) => as(grace, number).post('/invitations/accept', { token }),
        );
        expect(await race(calls)).toEqual({ '200': 1, '410 invitation_used': CALLS - 1 });
      }),
      TIMEOUT_MS,
    );

    it(
      'the last seat goes to one of 20 who accept',
      rounding(async () => {
        const organization = await app.actors.organization();
        await limit(organization, 'members.max', 2);
        const people = await Promise.all(range(CALLS).map(someone));
        const tokens = await invited(organization, people);
        const calls = people.map(
          (person, index): Call =>
            (number) =>
              as(person, number).post('/invitations/accept', { token: tokens[index] }),
        );
        expect(await race(calls)).toEqual({ '200': 1, '409 limit_reached': CALLS - 1 });
        expect(
          await app.database.query(`select from members where organization_id = $1 and status <> 'removed'`, [
            organization.id,
          ]),
        ).toHaveLength(2);
      }),
      TIMEOUT_MS,
    );

    it(
      'who deletes their account while they accept is in no organization',
      rounding(async () => {
        const all = await pairs(async () => {
          const grace = await someone();
          const [token] = await invited(await app.actors.organization(), [grace]);
          return { grace, token };
        });
        const calls = all.flatMap(({ grace, token }): Call[] => [
          (number) => as(grace, number).post('/invitations/accept', { token }),
          (number) => as(grace, number).delete('/me'),
        ]);
        const { 204: deleted, 200: accepted = 0, ...refused } = await race(shuffled(calls));
        const late = ['401 unauthenticated', '403 invitation_not_yours', '410 invitation_declined', '410 token_used'];
        expect(late).toEqual(expect.arrayContaining(Object.keys(refused)));
        expect([deleted, accepted]).toEqual([PAIRS, expect.any(Number)]);
      }),
      TIMEOUT_MS,
    );
  });

  describe('of teams', () => {
    const team = async ({ id, owner }: Organization, name: string, parent: string | null = null): Promise<string> => {
      const { body } = await owner.api.post(`/organizations/${id}/teams`, { name, parent_team_id: parent }).expect(201);
      return body.id;
    };

    it(
      'one of 20 gets the slug that all want',
      rounding(async () => {
        const { id, owner } = await app.actors.organization();
        const calls = range(CALLS).map(
          (): Call => (number) =>
            as(owner, number).post(`/organizations/${id}/teams`, { name: 'Design', slug: 'design' }),
        );
        expect(await race(calls)).toEqual({ '201': 1, '409 already_exists /slug': CALLS - 1 });
      }),
      TIMEOUT_MS,
    );

    it(
      'of two that go beneath each other, one does',
      rounding(async () => {
        const organization = await app.actors.organization();
        const { owner } = organization;
        const all = await pairs(async () => Promise.all([team(organization, 'One'), team(organization, 'Other')]));
        const move =
          (id: string, parent: string): Call =>
          (number) =>
            as(owner, number).patch(`/organizations/${organization.id}/teams/${id}`, { parent_team_id: parent });
        const calls = all.flatMap(([one, other]) => [move(one, other), move(other, one)]);
        expect(await race(shuffled(calls))).toEqual({ '200': PAIRS, '409 cycle': PAIRS });
      }),
      TIMEOUT_MS,
    );

    it(
      'of 20 that go beneath the next one in a ring, none goes beneath itself or too deep',
      rounding(async () => {
        const organization = await app.actors.organization();
        const { owner } = organization;
        const ring = await Promise.all(range(CALLS).map((index) => team(organization, `Ring ${index}`)));
        const calls = ring.map(
          (id, index): Call =>
            (number) =>
              as(owner, number).patch(`/organizations/${organization.id}/teams/${id}`, {
                parent_team_id: ring[(index + 1) % CALLS],
              }),
        );
        const { 200: moved = 0, ...refused } = await race(shuffled(calls));
        expect(['409 cycle', '422 validation_failed /parent_team_id']).toEqual(
          expect.arrayContaining(Object.keys(refused)),
        );
        expect(moved).toBeLessThan(CALLS);
        expect(moved).toBeGreaterThan(0);
      }),
      TIMEOUT_MS,
    );

    it(
      'one that is deleted while another goes beneath it is gone, and the other is there',
      rounding(async () => {
        const organization = await app.actors.organization();
        const { owner } = organization;
        const path = `/organizations/${organization.id}/teams`;
        const all = await pairs(async () => Promise.all([team(organization, 'Goes'), team(organization, 'Above')]));
        const calls = all.flatMap(([goes, above]): Call[] => [
          (number) => as(owner, number).patch(`${path}/${goes}`, { parent_team_id: above }),
          (number) => as(owner, number).delete(`${path}/${above}`),
        ]);
        const {
          204: deleted,
          200: moved = 0,
          '422 validation_failed /parent_team_id': refused = 0,
          ...others
        } = await race(shuffled(calls));
        expect([deleted, moved + refused, others]).toEqual([PAIRS, PAIRS, {}]);
        const { body } = await owner.api.get(`${path}?page_size=100`).expect(200);
        expect(body.data.map((found: { parent_team_id: string }) => found.parent_team_id)).toEqual(
          Array.from({ length: PAIRS }, () => null),
        );
      }),
      TIMEOUT_MS,
    );

    it(
      'whoever is removed while put into a team is in none',
      rounding(async () => {
        const all = await pairs(async () => {
          const organization = await app.actors.organization();
          const [teamId, member] = await Promise.all([team(organization, 'Design'), app.actors.member(organization)]);
          return {
            owner: organization.owner,
            path: `/organizations/${organization.id}`,
            teamId,
            memberId: member.memberId,
          };
        });
        const calls = all.flatMap(({ owner, path, teamId, memberId }): Call[] => [
          (number) => as(owner, number).delete(`${path}/members/${memberId}`),
          (number) =>
            as(owner, number).post(`${path}/teams/${teamId}/members`, { member_id: memberId, role: 'member' }),
        ]);
        const {
          204: removed,
          201: added = 0,
          '422 validation_failed /member_id': refused = 0,
          ...others
        } = await race(shuffled(calls));
        expect([removed, added + refused, others]).toEqual([PAIRS, PAIRS, {}]);
      }),
      TIMEOUT_MS,
    );

    it(
      'one member is put into a team once, of 20 times',
      rounding(async () => {
        const organization = await app.actors.organization();
        const { id, owner } = organization;
        const [teamId, { memberId }] = await Promise.all([
          team(organization, 'Design'),
          app.actors.member(organization),
        ]);
        const calls = range(CALLS).map(
          (): Call => (number) =>
            as(owner, number).post(`/organizations/${id}/teams/${teamId}/members`, {
              member_id: memberId,
              role: 'viewer',
            }),
        );
        expect(await race(calls)).toEqual({ '201': 1, '409 already_member': CALLS - 1 });
      }),
      TIMEOUT_MS,
    );

    it(
      'the last seat of one goes to one of 20',
      rounding(async () => {
        const organization = await app.actors.organization();
        await limit(organization, 'teams.max_members', 1);
        const { id, owner } = organization;
        const teamId = await team(organization, 'Design');
        const members = await Promise.all(range(CALLS).map(() => app.actors.member(organization)));
        const calls = members.map(
          ({ memberId }): Call =>
            (number) =>
              as(owner, number).post(`/organizations/${id}/teams/${teamId}/members`, {
                member_id: memberId,
                role: 'member',
              }),
        );
        expect(await race(calls)).toEqual({ '201': 1, '409 limit_reached': CALLS - 1 });
      }),
      TIMEOUT_MS,
    );

    it(
      'one that is deleted while people are invited to it, or accept, is in nobody’s way',
      rounding(async () => {
        const all = await pairs(async () => {
          const organization = await app.actors.organization();
          const [teamId, grace] = await Promise.all([team(organization, 'Design'), app.actors.user()]);
          return { owner: organization.owner, path: `/organizations/${organization.id}`, teamId, grace };
        });
        const invitation = (email: string, teamId: string) => ({
          email,
          roles: ['member'],
          teams: [{ team_id: teamId, role: 'member' }],
          deliver: false,
        });
        const inviting = all.flatMap(({ owner, path, teamId, grace }): Call[] => [
          (number) => as(owner, number).delete(`${path}/teams/${teamId}`),
          (number) => as(owner, number).post(`${path}/invitations`, invitation(grace.email, teamId)),
        ]);
        const {
          204: deleted,
          201: invited = 0,
          '422 validation_failed /teams/0/team_id': refused = 0,
          ...others
        } = await race(shuffled(inviting));
        expect([deleted, invited + refused, others]).toEqual([PAIRS, PAIRS, {}]);

        const offers = await pairs(async () => {
          const organization = await app.actors.organization();
          const [teamId, grace] = await Promise.all([team(organization, 'Design'), app.actors.user()]);
          const { id, owner } = organization;
          const { body } = await owner.api
            .post(`/organizations/${id}/invitations`, invitation(grace.email, teamId))
            .expect(201);
          return { owner, grace, teamPath: `/organizations/${id}/teams/${teamId}`, token: tokenIn(body) };
        });
        const accepting = offers.flatMap(({ owner, grace, teamPath, token }): Call[] => [
          (number) => as(owner, number).delete(teamPath),
          (number) => as(grace, number).post('/invitations/accept', { token }),
        ]);
        expect(await race(shuffled(accepting))).toEqual({ '200': PAIRS, '204': PAIRS });
      }),
      TIMEOUT_MS,
    );
  });
  describe('of roles', () => {
    const role = async ({ id, owner }: Organization, fields: object = {}): Promise<string> => {
      const body = { key: 'helper', name: 'Helper', scope: 'organization', permissions: ['members:read'], ...fields };
      return (await owner.api.post(`/organizations/${id}/roles`, body).expect(201)).body.id;
    };
    /** An organisation with a role, and a member who holds another one that permits this. */
    const withManager = async (permissions: readonly string[]) => {
      const organization = await app.actors.organization();
      const id = await role(organization);
      await role(organization, { key: 'manager', permissions });
      const manager = await app.actors.member(organization, ['manager']);
      const [member, owner] = [await app.actors.member(organization), organization.owner];
      const path = `/organizations/${organization.id}`;
      return { organization, manager, member, owner, path, rolePath: `${path}/roles/${id}` };
    };

    it(
      'one of 20 gets the key that all want',
      rounding(async () => {
        const { id, owner } = await app.actors.organization();
        const body = { key: 'wanted', name: 'Wanted', scope: 'team', permissions: ['teams:read'] };
        const calls = range(CALLS).map(
          (): Call => (number) => as(owner, number).post(`/organizations/${id}/roles`, body),
        );
        expect(await race(calls)).toEqual({ '201': 1, '409 already_exists /key': CALLS - 1 });
      }),
      TIMEOUT_MS,
    );

    it(
      'whoever gives one that comes to permit more than they hold gives it before that, or not',
      rounding(async () => {
        const all = await pairs(() => withManager(['members:update', 'members:read']));
        const calls = all.flatMap(({ manager, member, owner, path, rolePath }): Call[] => [
          (number) => as(manager, number).patch(`${path}/members/${member.memberId}`, { roles: ['helper', 'member'] }),
          (number) => as(owner, number).patch(rolePath, { permissions: ['invitations:read'] }),
        ]);
        const { 200: done = 0, '403 grant_exceeds_own': refused = 0, ...others } = await race(shuffled(calls));
        expect([done + refused, others]).toEqual([CALLS, {}]);
        expect(refused).toBeLessThanOrEqual(PAIRS);
      }),
      TIMEOUT_MS,
    );

    it(
      'whoever changes one that somebody comes to hold who holds more changes it before that, or not',
      rounding(async () => {
        const all = await pairs(() => withManager(['roles:manage', 'members:read']));
        const calls = all.flatMap(({ manager, member, owner, path, rolePath }): Call[] => [
          (number) => as(owner, number).patch(`${path}/members/${member.memberId}`, { roles: ['helper', 'admin'] }),
          (number) => as(manager, number).patch(rolePath, { permissions: [] }),
        ]);
        const { 200: done = 0, '403 grant_exceeds_own': refused = 0, ...others } = await race(shuffled(calls));
        expect([done + refused, others]).toEqual([CALLS, {}]);
        expect(refused).toBeLessThanOrEqual(PAIRS);
      }),
      TIMEOUT_MS,
    );

    it(
      'one is deleted, or given, or promised',
      rounding(async () => {
        const all = await pairs(() => withManager([]));
        const deleting = all.map(
          ({ owner, rolePath }): Call =>
            (number) =>
              as(owner, number).delete(rolePath),
        );
        const [giving, promising] = [all.slice(PAIRS / 2), all.slice(0, PAIRS / 2)];
        const answers = await race(
          shuffled([
            ...deleting,
            ...giving.map(
              ({ owner, member, path }): Call =>
                (number) =>
                  as(owner, number).patch(`${path}/members/${member.memberId}`, { roles: ['helper'] }),
            ),
            ...promising.map(
              ({ owner, path }, index): Call =>
                (number) =>
                  as(owner, number).post(`${path}/invitations`, {
                    email: `helper-${index}.${rounds}@example.com`,
                    roles: ['helper'],
                  }),
            ),
          ]),
        );
        const { 204: deleted = 0, 200: given = 0, 201: promised = 0, ...refused } = answers;
        const { '409 role_in_use': kept = 0, '422 validation_failed /roles/0': unknown = 0, ...others } = refused;
        expect([deleted, given + promised, others]).toEqual([unknown, kept, {}]);
        expect(deleted + kept).toBe(PAIRS);
      }),
      TIMEOUT_MS,
    );

    it(
      'one that is promised is in use while that is accepted, and another one is held where it took its place',
      rounding(async () => {
        const all = await pairs(async () => {
          const [setting, grace] = [await withManager([]), await app.actors.user()];
          const invitation = { email: grace.email, roles: ['helper'], deliver: false };
          const { body } = await setting.owner.api.post(`${setting.path}/invitations`, invitation).expect(201);
          return { ...setting, grace, token: tokenIn(body) };
        });
        const calls = all.flatMap(({ owner, grace, rolePath, token }, index): Call[] => [
          (number) => as(owner, number).delete(index % 2 ? rolePath : `${rolePath}?reassign_to=member`),
          (number) => as(grace, number).post('/invitations/accept', { token }),
        ]);
        expect(await race(shuffled(calls))).toEqual({ '200': PAIRS, '204': PAIRS / 2, '409 role_in_use': PAIRS / 2 });
        for (const [index, { grace, path }] of all.entries()) {
          const { body } = await served(() => grace.api.get(`${path}/members/me`));
          if (index % 2 === 0) expect(body.roles).toEqual(['member']);
        }
      }),
      TIMEOUT_MS,
    );

    it(
      'whoever is removed while theirs goes to another is out',
      rounding(async () => {
        const all = await pairs(async () => {
          const setting = await withManager(['members:read']);
          const holders = await Promise.all(range(3).map(() => app.actors.member(setting.organization, ['helper'])));
          return { ...setting, holders };
        });
        const calls = all.flatMap(({ owner, holders, path, rolePath }): Call[] => [
          (number) => as(owner, number).delete(`${rolePath}?reassign_to=admin`),
          (number) => as(owner, number).delete(`${path}/members/${holders[0]!.memberId}`),
        ]);
        expect(await race(shuffled(calls))).toEqual({ '204': CALLS });
        for (const { organization, holders } of all) {
          const roles = await app.database.query(
            `select m.status, count(h.role_id)::int as roles from members m left join member_roles h on h.member_id = m.id
               where m.organization_id = $1 and m.id = any ($2) group by m.id, m.status order by m.status`,
            [organization.id, holders.map(({ memberId }) => memberId)],
          );
          expect(roles).toEqual([
            { status: 'active', roles: 1 },
            { status: 'active', roles: 1 },
            { status: 'removed', roles: 0 },
          ]);
        }
      }),
      TIMEOUT_MS,
    );

    it(
      'one is deleted once, and of two that take the place of each other one stays',
      rounding(async () => {
        const all = await pairs(() => withManager([]));
        const twice = all.flatMap(({ owner, rolePath }): Call[] => [
          (number) => as(owner, number).delete(rolePath),
          (number) => as(owner, number).delete(rolePath),
        ]);
        expect(await race(shuffled(twice))).toEqual({ '204': PAIRS, '404 not_found': PAIRS });
        const others = await pairs(async () => {
          const setting = await withManager([]);
          return { ...setting, other: `${setting.path}/roles/${await role(setting.organization, { key: 'other' })}` };
        });
        const calls = others.flatMap(({ owner, rolePath, other }): Call[] => [
          (number) => as(owner, number).delete(`${rolePath}?reassign_to=other`),
          (number) => as(owner, number).delete(`${other}?reassign_to=helper`),
        ]);
        expect(await race(shuffled(calls))).toEqual({ '204': PAIRS, '422 validation_failed': PAIRS });
      }),
      TIMEOUT_MS,
    );
  });
});

function tokenIn({ accept_url: url }: Offer): string {
  return /[\w-]+$/.exec(url)![0];
}

/** Such as `422 validation_failed /slug`. */
function outcome({ status, body }: Response): string {
  const [fault] = body.errors ?? [];
  return [status, body.code, fault?.pointer].filter((part) => part !== undefined).join(' ');
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

/** So that it is not always the same one of two who is first, nor whom the first server answers. */
function shuffled<T>(all: readonly T[]): T[] {
  return all
    .map((value) => ({ value, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
