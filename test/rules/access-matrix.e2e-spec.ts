import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Route } from '../../src/core/access/index.ts';
import { createDocument } from '../../src/core/openapi/index.ts';
import { cellOf, expectedCell, matrixPage, nameOf, type Standing, standingsOf } from '../support/access-matrix.ts';
import { codeOf } from '../support/answers.ts';
import { TestApp } from '../support/app.ts';
import { documentedPath, METHODS, Routes } from '../support/routes.ts';
import { Stage } from '../support/stage.ts';

const PAGE = 'docs/access-matrix.md';

// The tests are made from the routes, so the application is there before they are.
const app = await TestApp.start();
const routes = new Routes(app);
const open = routes.all.filter(({ rule }) => rule.kind === 'public');

afterAll(() => app.stop());

describe.each(routes.behindSignIn)('$method $path', (route) => {
  it('lets in whom its rule says, and nobody else changes anything', async () => {
    const stage = await Stage.set(app, routes, route);
    const standings = standingsOf(route);
    const [letIn, refused] = [true, false].map((isLetIn) =>
      standings.filter((standing) => (expectedCell(route, standing) === '✓') === isLetIn),
    );
    const answers = await stage.refuse(refused!);
    const told: [Standing, string][] = answers.map((answer, index) => [refused![index]!, cellOf(route, answer)]);
    for (const standing of letIn!) told.push([standing, cellOf(route, await stage.letIn(standing))]);

    const expected = standings.map((standing) => [standing, expectedCell(route, standing)] as const);
    expect(byName(told)).toEqual(byName(expected));
  });
});

function byName(told: readonly (readonly [Standing, string])[]): Record<string, string> {
  return Object.fromEntries(told.map(([standing, cell]) => [nameOf(standing), cell]));
}

describe.each(open)('$method $path', (route) => {
  it('answers everybody alike', async () => {
    const stage = await Stage.set(app, routes, route);
    const answers = await Promise.all(standingsOf(route).map((standing) => stage.letIn(standing)));
    const told = new Set(answers.map(codeOf));
    expect([told.size, told.has('403 permission_denied')]).toEqual([1, false]);
  });
});

it('is as its page has it, which is written anew where it is not', () => {
  const page = matrixPage(sections());
  const before = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '';
  if (before !== page) writeFileSync(PAGE, page);
  expect(before).toBe(page);
});

/** @returns the routes as the OpenAPI document has them in sections, all in alphabetical order */
function sections(): { name: string; routes: Route[] }[] {
  const { paths } = createDocument(app.nest);
  const nameOfSection = (route: Route): string => {
    const item = paths[documentedPath(route)];
    return item?.[METHODS[route.method as keyof typeof METHODS]]?.tags?.[0] ?? 'Outside the document';
  };
  const sorted = routes.all.toSorted(by(({ path, method }) => `${path} ${method}`));
  const grouped = [...Map.groupBy(sorted, nameOfSection)].map(([name, all]) => ({ name, routes: all }));
  return grouped.toSorted(by(({ name }) => name));
}

function by<T>(key: (value: T) => string): (one: T, other: T) => number {
  return (one, other) => (key(one) < key(other) ? -1 : 1);
}
