import type { Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { crowd } from '../support/crowd.ts';
import { size } from '../support/size.ts';

const FEW = 100;
const MANY = size(1_000, 10_000);
const CALLS = size(5, 200);
/** What a hundred times as many members may cost; where the machine has other work, calls tell little. */
const RATIO = size(25, 2.5);
const SEARCH_RATIO = size(25, 8);

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

  /** Takes turns, so that whatever else the machine does befalls both. @returns the medians in ms */
  async function medians(query: string, counts: readonly number[]): Promise<number[]> {
    const times = new Map(counts.map((count) => [count, [] as number[]]));
    for (let round = 0; round < CALLS; round += 1) {
      for (const count of counts) {
        const start = performance.now();
        await get(count, query);
        times.get(count)!.push(performance.now() - start);
      }
    }
    return counts.map((count) => times.get(count)!.toSorted((a, b) => a - b)[Math.floor(CALLS / 2)]!);
  }

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
    await medians(query, [FEW, MANY]);
    const [few = 0, many = 0] = await medians(query, [FEW, MANY]);
    process.stdout.write(`members?${query}: ${few.toFixed(2)} ms of ${FEW}, ${many.toFixed(2)} ms of ${MANY}\n`);
    expect(many / few).toBeLessThanOrEqual(ratio);
  });
});
