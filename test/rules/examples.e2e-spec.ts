import { seed } from '../../prisma/seed.ts';
import { createDocument } from '../../src/core/openapi/index.ts';
import { TestApp } from '../support/app.ts';
import type { Client } from '../support/client.ts';
import { type Example, examplesOf } from '../support/examples.ts';

/** What no document can know: what it refuses instead. Every other example does what its operation says. */
const REFUSED: ReadonlyMap<string, [status: number, why: string]> = new Map([
  ['auth_login', [401, "the demo's password is made anew in each clone"]],
  ['auth_verifyEmail', [410, 'the token comes by mail']],
  ['magicLinks_verify', [410, 'the token comes by mail']],
  ['passwords_change', [422, "the demo's password is made anew in each clone"]],
  ['passwords_reset', [410, 'the token comes by mail']],
  ['auth_refresh', [401, 'the token comes by a sign-in']],
]);
/** It ends the session that the others are called with. */
const LAST = 'auth_logout';

// The tests are made from the document, so the application is there before they are.
const app = await TestApp.start();
const examples = examplesOf(createDocument(app.nest))
  // Of what the demo has none of, the document gives no id.
  .filter(({ path }) => !path.includes('{'))
  .toSorted((one, other) => Number(one.operationId === LAST) - Number(other.operationId === LAST));
let owner: Client;

beforeAll(async () => {
  const { email, password } = await seed(app.database.url('tenantry_app'), 'a password of this clone');
  const { body } = await app.anonymous.post('/auth/login', { email, password }).expect(200);
  owner = app.anonymous.as(body.access_token);
});

afterAll(() => app.stop());

const send = ({ method, path, headers, body }: Example) => owner.outside(method, path, body).set(headers);

describe("the document's examples, with the demo data as npm start seeds it", () => {
  it.each(examples)('work as they stand: $operationId', async (example) => {
    const { status, body } = await send(example);
    const [refusal] = REFUSED.get(example.operationId) ?? [];
    if (refusal !== 422) expect(body.errors).toBeUndefined();
    if (refusal === undefined) expect(status).toBeLessThan(300);
    else expect(status).toBe(refusal);
  });

  it('fill in no key: two requests that differ would pass for one', () => {
    for (const { headers } of examples) expect(Object.keys(headers)).not.toContain('Idempotency-Key');
  });

  it('have no exception without an operation', () => {
    const operations = examples.map(({ operationId }) => operationId);
    expect([...REFUSED.keys(), LAST].filter((name) => !operations.includes(name))).toEqual([]);
  });
});
