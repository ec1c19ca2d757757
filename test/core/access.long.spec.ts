import type { Actor } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { holder, type Holder } from '../support/holder.ts';
import { size } from '../support/size.ts';

const FEW = { members: 100, roles: 10, teams: 20 };
const MANY = { members: size(1_000, 10_000), roles: size(100, 1_000), teams: size(200, 5_000) };
const CALLS = size(4, 200);
/** What so many times as much may cost, of which the caller is in half of the teams; where the machine has other work, a few calls tell little. */
const RATIO = size(25, 2.5);

/** Who is somewhere in an organisation besides, to be changed. */
interface Place extends Holder {
  readonly otherMemberId: string;
  readonly otherTeamMemberId: string;
}

/** What hands out power compares it with what the caller holds, and looks at nothing else. */
describe(`beside ${MANY.members} members, ${MANY.roles} roles and ${MANY.teams} teams`, () => {
  let app: TestApp;
  let caller: Actor;
  let places: readonly Place[];

  beforeAll(async () => {
    app = await TestApp.start();
    caller = await app.actors.user();
    places = [await place(FEW), await place(MANY)];
    await app.database.query('vacuum (analyze)');
  }, 120_000);

  afterAll(() => app.stop());

  async function place(counts: typeof FEW): Promise<Place> {
    const made = await holder((text, values) => app.database.query(text, values), caller, counts);
    const [other] = await app.database.query<{ id: string; member_id: string }>(
      'select id, member_id from team_members where organization_id = $1 and team_id = $2 and member_id <> $3 order by member_id limit 1',
      [made.organizationId, made.openTeamId, made.memberId],
    );
    return { ...made, otherMemberId: other!.member_id, otherTeamMemberId: other!.id };
  }

  const organization = ({ organizationId }: Place) => `/organizations/${organizationId}`;
  const calls: readonly [string, (of: Place, round: number) => PromiseLike<unknown>][] = [
    ['somebody reads who they are there', (of) => caller.api.get(`${organization(of)}/members/me`).expect(200)],
    [
      'a member gets a role',
      (of, round) =>
        caller.api
          .patch(`${organization(of)}/members/${of.otherMemberId}`, {
            roles: round % 2 ? ['member'] : ['member', 'r1'],
          })
          .expect(200),
    ],
    [
      'a member of a team gets a role there',
      (of, round) =>
        caller.api
          .patch(`${organization(of)}/teams/${of.openTeamId}/members/${of.otherTeamMemberId}`, {
            role: round % 2 ? 'viewer' : 'r1',
          })
          .expect(200),
    ],
  ];

  it.each(calls)('%s as fast as beside a few', async (name, call) => {
    const times = places.map((): number[] => []);
    for (let round = 0; round < CALLS; round += 1) {
      for (const [i, of] of places.entries()) {
        const start = performance.now();
        await call(of, round);
        times[i]!.push(performance.now() - start);
      }
    }
    const [few = 0, many = 0] = times.map((all) => all.toSorted((a, b) => a - b)[Math.floor(CALLS / 2)]!);
    process.stdout.write(`${name}: ${few.toFixed(2)} ms beside a few, ${many.toFixed(2)} ms beside many\n`);
    expect(many / few).toBeLessThanOrEqual(RATIO);
  });
});
