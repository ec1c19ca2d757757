import type { Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { crowd } from '../support/crowd.ts';
import { mediansInTurn } from '../support/medians.ts';
import { isFullSize, size } from '../support/size.ts';

const FEW = 100;
const MANY = size(1_000, 10_000);
const CALLS = size(1, 200);
/** What a hundred times as many members may cost. */
const RATIO = 2.5;
const SEARCH_RATIO = 8;

describe('a list of members', () => {
  let app: TestApp;
  let organizations: Record<number, Organization>;

  beforeAll(async () => {
    app = await TestApp.start();
    organizations = {};
    for (const count of [10, FEW, MANY]) {
      const organization = await app.actors.organization();
      organizations[count] = organization;
      await crowd(app.database, organization, count);
    }
  });

  afterAll(() => app.stop());

  const get = (count: number, query: string) => {
    const { id, owner } = organizations[count]!;
    return owner.api.get(`/organizations/${id}/members?${query}`).expect(200);
  };

  it.each(['', 'sort=-email', 'role=owner', 'status=removed', 'q=zz'])(
    'takes one round trip, of 10 members as of 10,000: %s',
    async (query) => {
      for (const count of [10, MANY]) expect(await app.roundTrips(() => get(count, query))).toBe(1);
    },
  );

  it.each([
    ['', RATIO],
    ['sort=-email', RATIO],
    ['sort=joined_at&page_size=100', RATIO],
    ['role=owner', RATIO],
    ['status=active', RATIO],
    ['status=suspended', RATIO],
    ['q=e', RATIO],
    // Of what is rare each row is looked at: behind the policy, no index finds part of a text.
    ['q=ab', SEARCH_RATIO],
    ['q=abc', SEARCH_RATIO],
    ['q=zz', SEARCH_RATIO],
  ])('of 10,000 is about as fast as of 100: %s', async (query, ratio) => {
    const works = [FEW, MANY].map((count) => () => get(count, query));
    await mediansInTurn(CALLS, works);
    const [few = 0, many = 0] = await mediansInTurn(CALLS, works);
    process.stdout.write(`members?${query}: ${few.toFixed(2)} ms of ${FEW}, ${many.toFixed(2)} ms of ${MANY}\n`);
    if (isFullSize) expect(many / few).toBeLessThanOrEqual(ratio);
  });
});
