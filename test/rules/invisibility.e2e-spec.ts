import { permissions } from '../../src/core/access/permissions.ts';
import { createDocument } from '../../src/core/openapi/index.ts';
import type { Route } from '../../src/core/access/index.ts';
import { TestApp } from '../support/app.ts';
import { isInOrganization, Routes } from '../support/routes.ts';
import { answerTo, type Sentence, Sentences } from '../support/spoken.ts';
import { SECRET_SLUG, type Stranger, STRANGERS, type Twin, twins, UNSEEN_TEAMS } from '../support/twins.ts';

// The tests are made from the routes, so the application is there before they are.
const app = await TestApp.start();
const routes = new Routes(app);
const sentences = new Sentences(createDocument(app.nest));
const reads = routes.behindSignIn.filter(({ method }) => method === 'GET');
const writes = routes.inOrganization.filter(({ method }) => method !== 'GET');
const titled = (all: readonly Route[]): [string, Route][] =>
  all.map((route) => [`${route.method} ${route.path}`, route]);

afterAll(() => app.stop());

/** What each stranger is told in an organisation, one after the other, so that what one has changed is there for the next. */
async function told(all: readonly Sentence[], twin: Twin, strangers: readonly Stranger[]): Promise<string[]> {
  const answers: string[] = [];
  for (const stranger of strangers) {
    for (const sentence of all) {
      const answer = await answerTo(sentence, twin.strangers[stranger].api, twin);
      answers.push(`${stranger}: ${sentence.method} ${sentence.path} ${JSON.stringify(sentence.body)}\n${answer}`);
    }
  }
  return answers;
}

async function expectAlike(
  all: readonly Sentence[],
  [one, other]: readonly [Twin, Twin],
  strangers = STRANGERS,
): Promise<readonly string[]> {
  const [withSecrets, without] = await Promise.all([told(all, one, strangers), told(all, other, strangers)]);
  expect(withSecrets).toEqual(without);
  return without;
}

/** What only an owner may do, and what only somebody does to whom it was offered: strangers are refused it, all alike. */
function isForStrangers({ rule, path }: Route): boolean {
  if (rule.kind !== 'permission') return !path.includes('/ownership-transfers');
  return permissions[rule.permission].systemRoles.includes('admin');
}

// An organisation's slug is everybody's: what one of the two could have, the other could not.
beforeAll(async () => void (await app.actors.organization(undefined, { slug: SECRET_SLUG })));

describe('a private team is invisible to whoever may not see it', () => {
  let pair: readonly [Twin, Twin];

  beforeAll(async () => {
    pair = await twins(app);
  });

  it.each(titled(reads))('%s', async (_title, route) => {
    const answers = await expectAlike(sentences.of(route), pair);
    expect(answers.some(isGranted)).toBe(isForStrangers(route));
  });

  it('and not to its owner, who is told otherwise', async () => {
    const [withSecrets, without] = pair;
    const teams = { method: 'GET', path: '/api/v1/organizations/@organization/teams', body: undefined } as const;
    const answers = [
      await answerTo(teams, withSecrets.owner.api, withSecrets),
      await answerTo(teams, without.owner.api, without),
    ];
    expect(answers[0]).toContain('@beneath');
    expect(answers[0]).not.toBe(answers[1]);
  });
});

// A write may leave something behind by which one sees it, so that each has organisations of its own, and reads follow it.
describe.each(titled(writes))('%s', (_title, route) => {
  const after = reads
    .filter(isInOrganization)
    .flatMap((read) => sentences.of(read))
    .filter(({ path }) => !path.includes('?') && !UNSEEN_TEAMS.some((team) => path.includes(team)));

  it('tells nobody of a private team whom it is kept from, nor does what it leaves behind', async () => {
    const pair = await twins(app);
    const answers = await expectAlike(sentences.of(route), pair);
    if (isForStrangers(route)) expect(answers.some(isGranted)).toBe(true);
    await expectAlike(after, pair, ['manager']);
  });
});

// Last: what it takes away does not come back.
it('would be told of, were it not for the policies', async () => {
  const pair = await twins(app);
  const list = reads.filter(({ path }) => path.endsWith('/teams')).flatMap((route) => sentences.of(route));
  await expectAlike(list, pair);
  await app.database.query('drop policy concealed_with_team on teams');
  await expect(expectAlike(list, pair)).rejects.toThrow('@beneath');
});

function isGranted(answer: string): boolean {
  return /^.*\n20\d\n/.test(answer);
}
