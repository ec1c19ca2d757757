import type { Route } from '../../src/core/access/index.ts';
import { problems } from '../../src/core/http/problems.ts';
import { TestApp } from '../support/app.ts';
import { type Fault, Judge } from '../support/judgement.ts';
import { Routes } from '../support/routes.ts';
import { withThings } from '../support/things.ts';

/** Few enough that no call waits for a connection to the database. */
const AT_A_TIME = 8;

// The tests are made from the routes, so the application is there before they are.
const app = await TestApp.start({ module: withThings });
const routes = new Routes(app);
const judge = new Judge(app, routes);

afterAll(() => app.stop());

const nameOf = (faults: readonly Fault[]): string => faults.map(({ name }) => name).join(' + ');
const verdictOf = ({ code }: Fault): string => `${problems[code].status} ${code}`;

/** @returns by the names of the faults, what each call with them was told */
async function verdicts(route: Route): Promise<Record<string, string>> {
  const [world, cases] = [await judge.worldFor(route), judge.casesOf(route)];
  const told: Record<string, string> = {};
  await app.changingNothing(async () => {
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

it.each(routes.all)('$method $path tells of two faults the one that is judged earlier', async (route) => {
  const expected = judge.casesOf(route).map((faults) => [nameOf(faults), verdictOf(faults[0])]);
  expect(await verdicts(route)).toEqual(Object.fromEntries(expected));
});

it('has each fault on some route, with each other that can come along', () => {
  const tried = new Set(routes.all.flatMap((route) => judge.casesOf(route).map(nameOf)));
  expect(
    judge
      .everyCase(routes.all[0]!)
      .map(nameOf)
      .filter((name) => !tried.has(name)),
  ).toEqual([]);
});
