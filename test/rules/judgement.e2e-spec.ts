import { problems } from '../../src/core/http/problems.ts';
import type { DocumentedRoute, Fault } from '../support/faults.ts';
import { casesOf, everyCase, Judge } from '../support/judge.ts';

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
          const { status, body } = await judge.call(route, world, faults);
          told[nameOf(faults)] = `${status} ${body.code}`;
        }),
      );
    }
  });
  return told;
}

it.each(judge.routes)('$method $path tells of two faults the one that is judged earlier', async (route) => {
  const expected = casesOf(route).map((faults) => [nameOf(faults), verdictOf(faults[0])]);
  expect(await verdicts(route)).toEqual(Object.fromEntries(expected));
});

it('has each fault on some route, with each other that can come along', () => {
  const tried = new Set(judge.routes.flatMap((route) => casesOf(route).map(nameOf)));
  const untried = everyCase()
    .map(nameOf)
    .filter((name) => !tried.has(name));
  expect(untried).toEqual([]);
});
