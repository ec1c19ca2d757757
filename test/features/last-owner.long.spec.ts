import type { Response } from 'supertest';
import type { Actor, Organization } from '../support/actors.ts';
import { codeOf } from '../support/answers.ts';
import { TestApp } from '../support/app.ts';
import { size } from '../support/size.ts';

const ROUNDS = size(3, 100);
const OWNERS = 20;

interface Owner {
  readonly api: Actor['api'];
  readonly memberId: string;
}

describe('20 owners of one organization', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const owned = async (count: number): Promise<[Organization, Owner[]]> => {
    const organization = await app.actors.organization();
    const { api } = organization.owner;
    const { body } = await api.get(`/organizations/${organization.id}/members/me`).expect(200);
    const others = await Promise.all(
      Array.from({ length: count - 1 }, () => app.actors.member(organization, ['owner'])),
    );
    return [organization, [{ api, memberId: body.id }, ...others]];
  };

  const activeOwners = async ({ id }: Organization): Promise<number> =>
    (
      await app.database.query(
        `select from members m join member_roles h on h.organization_id = m.organization_id and h.member_id = m.id
           join roles r on r.organization_id = h.organization_id and r.id = h.role_id
           where m.organization_id = $1 and r.key = 'owner' and m.status = 'active'`,
        [id],
      )
    ).length;

  const codes = (answers: readonly Response[]): string[] =>
    [...new Set(answers.filter(({ ok }) => !ok).map(codeOf))].toSorted();

  it(
    'leave all at once, and one stays',
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const [organization, owners] = await owned(OWNERS);
        const path = `/organizations/${organization.id}/members/me`;
        const answers = await Promise.all(owners.map(({ api }) => api.delete(path)));
        expect([answers.filter(({ status }) => status === 204).length, codes(answers)]).toEqual([
          OWNERS - 1,
          ['409 last_owner'],
        ]);
        expect(await activeOwners(organization)).toBe(1);
      }
    },
    size(30_000, 600_000),
  );

  it.each([
    ['take the role from each other', (api: Actor['api'], path: string) => api.patch(path, { roles: ['member'] })],
    ['suspend each other', (api: Actor['api'], path: string) => api.patch(path, { status: 'suspended' })],
    ['remove each other', (api: Actor['api'], path: string) => api.delete(path)],
  ])(
    '%s, in a ring, and one at least stays',
    async (_case, act) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const [organization, owners] = await owned(OWNERS);
        const answers = await Promise.all(
          owners.map(({ api }, index) => {
            const { memberId } = owners[(index + 1) % OWNERS]!;
            return act(api, `/organizations/${organization.id}/members/${memberId}`);
          }),
        );
        // Who has lost it meanwhile, before they were let in or after, takes it from nobody.
        const refusals = [
          '403 grant_exceeds_own',
          '403 member_suspended',
          '403 permission_denied',
          '404 not_found',
          '409 last_owner',
        ];
        expect(refusals).toEqual(expect.arrayContaining(codes(answers)));
        const gone = answers.filter(({ ok }) => ok).length;
        expect(await activeOwners(organization)).toBe(OWNERS - gone);
        expect(gone).toBeLessThan(OWNERS);
      }
    },
    size(30_000, 600_000),
  );

  it(
    'two take the role from each other, and one stays',
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const [organization, [one, other]] = await owned(2);
        const demote = (from: Owner, to: Owner) =>
          from.api.patch(`/organizations/${organization.id}/members/${to.memberId}`, { roles: ['member'] });
        const answers = await Promise.all([demote(one!, other!), demote(other!, one!)]);
        expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
        expect(await activeOwners(organization)).toBe(1);
      }
    },
    size(30_000, 600_000),
  );

  // PostgreSQL would undo one of them after a second, and it would be tried again: no answer would tell.
  it('never wait for each other', async () => {
    const deadlocks = await app.database.query(
      'select deadlocks::int from pg_stat_database where datname = current_database()',
    );
    expect(deadlocks).toEqual([{ deadlocks: 0 }]);
  });
});
