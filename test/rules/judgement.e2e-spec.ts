import { problems } from '../../src/core/http/problems.ts';
import { type DocumentedRoute, type Fault, ORDER } from '../support/faults.ts';
import { casesOf, Judge } from '../support/judge.ts';
import { served } from '../support/served.ts';

/** A refusal is kept for its Idempotency-Key, which changes nothing of what the call is about. */
const MAY_CHANGE = ['kept_answers'];
/** Few enough that no call waits for a connection to the database. */
const AT_A_TIME = 8;

// The tests are made from the routes, so the application is there before they are.
const judge = await Judge.start();

afterAll(() => judge.app.stop());

const nameOf = (faults: readonly Fault[]): string => faults.map(({ name }) => name).join(' + ');
const verdictOf = ({ code }: Fault): string => `${problems[code].status} ${code}`;

/** @returns by the names of the faults, what each call with them was told */
async function verdicts(route: DocumentedRoute): Promise<Record<string, string>> {
  const [world, cases] = [await judge.worldFor(route), casesOf(route)];
  const told: Record<string, string> = {};
  await judge.app.changingNothing(async () => {
    while (cases.length > 0) {
      await Promise.all(
        cases.splice(0, AT_A_TIME).map(async (faults) => {
          const { status, body } = await served(() => judge.call(route, world, faults));
          told[nameOf(faults)] = `${status} ${body.code}`;
        }),
      );
    }
  }, MAY_CHANGE);
  return told;
}

it.each(judge.routes)('$method $path tells of two faults the one that is judged earlier', async (route) => {
  const expected = casesOf(route).map((faults) => [nameOf(faults), verdictOf(faults[0])]);
  expect(await verdicts(route)).toEqual(Object.fromEntries(expected));
});

it('has each fault on some route', () => {
  const tried = new Set(judge.routes.flatMap((route) => casesOf(route).map(([first]) => first)));
  expect(ORDER.flat().filter((fault) => !tried.has(fault))).toEqual([]);
});

it('tells of a row that has gone before a key that came with another body', async () => {
  const { owner, id } = await judge.app.actors.organization();
  const things = `/organizations/${id}/things`;
  const thing = await owner.api.post(things, { name: 'Thing' }).expect(201);
  const copy = (name: string) =>
    owner.api.post(`${things}/${thing.body.id}/copies`, { name }).set('Idempotency-Key', 'copy');
  await copy('First').expect(201);
  await copy('Second').expect(422);
  await owner.api.delete(`${things}/${thing.body.id}`).expect(204);
  await copy('Second').expect(404);
  await copy('First').expect(201);
});

it('asks for the row and enters in one round trip', async () => {
  const { owner, id } = await judge.app.actors.organization();
  const wrong = () => owner.api.patch(`/organizations/${id}`, { unknown: 1 }).expect(422);
  expect(await judge.app.roundTrips(wrong)).toBe(1);
});
