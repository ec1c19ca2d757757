import { runInContext } from '../../src/core/context/context.ts';
import { Database, databaseFault, Scope, sql } from '../../src/core/database/index.ts';
import type { Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { seededRandom } from '../support/random.ts';
import { connectedWork, served } from '../support/served.ts';
import { size } from '../support/size.ts';

const workers = 64;
const organizationCount = 8;
const reads = size(1_280, 100_000);

let app: TestApp;
let members: { organization: Organization; member: Member }[];

beforeAll(async () => {
  // One statement in some hundreds is too slow on purpose; the pool is smaller than the number of workers.
  app = await TestApp.start({ environment: { DATABASE_POOL_SIZE: '8' } });
  const organizations = await Promise.all(Array.from({ length: organizationCount }, () => app.actors.organization()));
  members = await Promise.all(
    Array.from({ length: workers }, async (_, index) => {
      const organization = organizations[index % organizationCount]!;
      return { organization, member: await app.actors.member(organization) };
    }),
  );
});

afterAll(() => app.stop());

test(
  `${reads} reads by ${workers} workers over ${organizationCount} organisations, with aborts, errors and timeouts among them, show nobody a foreign row and nobody too few`,
  async () => {
    const service = app.nest.get(Database);
    const outcomes: Record<string, number> = {};
    const count = (outcome: string): void => void (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1);

    await Promise.all(
      members.map(async (membership, worker) => {
        const { organization, member } = membership;
        const random = seededRandom(worker + 1);
        const inScope = <T>(work: () => Promise<T>): Promise<T> =>
          runInContext({ scope: scopeOf(membership) }, async () => await work());
        const url = `${app.url}/api/v1/organizations/${organization.id}`;
        const headers = { authorization: `Bearer ${member.api.token}` };

        const works: Record<string, () => Promise<unknown>> = {
          http: async () => {
            const response = await served(() => fetch(url, { headers }));
            return response.status === 200 ? idsOf(await response.json()) : response.status;
          },
          abort: async () => {
            const response = fetch(url, { headers, signal: AbortSignal.timeout(Math.floor(random() * 4)) });
            return response.then(async (answer) => idsOf(await answer.json())).catch(() => 'gone');
          },
          prisma: () =>
            inScope(async () => {
              const own = service.prisma.organization.findUnique({ where: { id: organization.id } });
              const all = service.prisma.organization.findMany();
              return [...new Set([(await own)?.id, ...(await all).map(({ id }) => id)]), member.memberId];
            }),
          transaction: () =>
            inScope(() =>
              service.transaction(async () => {
                const [first] = await service.query<{ id: string }>(sql`select id from organizations`);
                const ids = await service.query<{ id: string }>(
                  sql`select id from members where user_id = app.user_id()`,
                );
                return [first?.id, ...ids.map(({ id }) => id)];
              }),
            ),
          error: () => inScope(() => service.query(sql`select 1 / (select 0 from organizations)`)).catch(faultOf),
          timeout: () =>
            inScope(() =>
              service.transaction(async () => {
                await service.query(sql`set local statement_timeout = 5`);
                return service.query(sql`select pg_sleep(0.2), id from organizations`);
              }),
            ).catch(faultOf),
        };
        const own = [organization.id, member.memberId];
        const expected: Record<string, unknown> = { error: '22012', timeout: '57014' };
        const share = ['http', 'http', 'http', 'abort', 'prisma', 'transaction', 'transaction', 'error'];

        for (let read = 0; read < reads / workers; read += 1) {
          const kind = random() < 0.004 ? 'timeout' : share[Math.floor(random() * share.length)]!;
          const answer = await connectedWork(works[kind]!);
          const right = kind === 'abort' && answer === 'gone' ? 'gone' : (expected[kind] ?? own);
          expect({ kind, answer }).toEqual({ kind, answer: right });
          count(answer === 'gone' ? 'gone' : kind);
        }
      }),
    );

    for (const kind of ['http', 'gone', 'prisma', 'transaction', 'error', 'timeout'])
      expect(outcomes[kind]).toBeGreaterThan(0);
  },
  size(60_000, 1_800_000),
);

test(`findUnique calls of one tick are answered each from its own scope, ${size(100, 10_000)} times`, async () => {
  const { prisma } = app.nest.get(Database);
  const [here, elsewhere] = [members[0]!, members[1]!];
  const find = (as: typeof here, id: string): Promise<{ id: string } | null> =>
    runInContext(
      { scope: scopeOf(as) },
      async () => await prisma.organization.findUnique({ where: { id }, select: { id: true } }),
    );
  for (let round = 0; round < size(100, 10_000); round += 1) {
    const answers = await connectedWork(() =>
      Promise.all([
        find(here, here.organization.id),
        find(elsewhere, elsewhere.organization.id),
        find(here, elsewhere.organization.id),
      ]),
    );
    expect(answers).toEqual([{ id: here.organization.id }, { id: elsewhere.organization.id }, null]);
  }
});

function scopeOf({ organization, member }: (typeof members)[number]): Scope {
  return Scope.admission({ ...member, organizationId: organization.id, permission: null, systemRoles: [] });
}

function faultOf(error: unknown): string {
  const fault = databaseFault(error);
  if (fault === undefined) throw error;
  return fault.sqlState;
}

function idsOf(body: unknown): string[] {
  const { id, membership } = body as { id: string; membership: { id: string } };
  return [id, membership.id];
}
