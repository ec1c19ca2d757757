import type { Response } from 'supertest';
import { seed } from '../../prisma/seed.ts';
import { Config } from '../../src/config/index.ts';
import { demo } from '../../src/core/http/index.ts';
import { createDocument } from '../../src/core/openapi/index.ts';
import { TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { type Example, examplesOf } from '../support/examples.ts';

/** What no document can know: what it refuses instead. Every other example does what its operation says. */
const REFUSED: ReadonlyMap<string, [status: number, why: string]> = new Map([
  ['account_delete', [401, 'the session has ended by then: the demo is to go on']],
  ['auth_login', [401, "the demo's password is made anew in each clone"]],
  ['auth_verifyEmail', [410, 'the token comes by mail']],
  ['invitationTokens_accept', [410, 'the token comes by mail']],
  ['invitationTokens_decline', [410, 'the token comes by mail']],
  ['invitationTokens_lookUp', [410, 'the token comes by mail']],
  ['magicLinks_verify', [410, 'the token comes by mail']],
  ['mfa_verify', [401, 'the token comes with the answer to a first factor']],
  ['secondFactor_activate', [422, 'the code comes from an app']],
  ['secondFactor_remove', [404, 'the demo has no second factor']],
  ['secondFactor_replaceRecoveryCodes', [404, 'the demo has no second factor']],
  ['ownershipTransfers_propose', [422, 'ids of members are made anew in each clone']],
  ['passwords_change', [422, "the demo's password is made anew in each clone"]],
  ['passwords_reset', [410, 'the token comes by mail']],
  ['stepUp_stepUp', [422, "the demo's password is made anew in each clone"]],
]);
/** What else a member is refused, who may not do all that the document is about. */
const REFUSED_TO_MEMBERS: typeof REFUSED = new Map([
  ['organizations_update', [403, 'it takes organization:update']],
  ['organizations_delete', [403, 'it takes organization:delete']],
  ['organizations_restore', [403, 'it takes organization:delete']],
  ['members_update', [403, 'it takes members:update']],
  ['roles_create', [403, 'it takes roles:manage']],
  ['roles_find', [403, 'it takes roles:read']],
  ['roles_list', [403, 'it takes roles:read']],
  ['teams_create', [403, 'it takes teams:create']],
  ['ownershipTransfers_propose', [403, 'it takes organization:transfer']],
  ['invitations_create', [403, 'it takes invitations:create']],
  ['invitations_createAll', [403, 'it takes invitations:create']],
  ['invitations_list', [403, 'it takes invitations:read']],
  ['access_findMember', [403, 'it takes roles:read']],
  ['rolePreviews_preview', [403, 'it takes roles:manage']],
]);
const REFUSED_TO_OWNERS: typeof REFUSED = new Map([['members_leave', [409, 'an organization keeps its last owner']]]);
const REFUSED_ONCE_MORE: typeof REFUSED = new Map([
  ['invitations_create', [409, 'the address is invited by then']],
  ['roles_create', [409, 'the key is taken by then']],
]);
/** They end what the others are called with: the organisation, which comes back, the membership, the session, and then the account. */
const LAST = ['organizations_delete', 'organizations_restore', 'members_leave', 'auth_logout', 'account_delete'];

const PREFIX = '/api/v1';
const PASSWORD = 'a password of this clone';

// The tests are made from the document, so the application is there before they are.
const app = await TestApp.start();
const examples = examplesOf(createDocument(app.nest))
  // Of what the demo has none of, the document gives no id.
  .filter(({ path }) => !path.includes('{'))
  .toSorted((one, other) => LAST.indexOf(one.operationId) - LAST.indexOf(other.operationId));

beforeAll(async () => void (await seed(app.database.url('tenantry_app'), PASSWORD)));

afterAll(() => app.stop());

/** Signed in as Swagger UI is, by cookie. */
async function signedIn(email: string): Promise<Browser> {
  const { origin } = new URL(app.nest.get(Config).apiUrl);
  const browser = new Browser(app.anonymous, origin);
  expect((await browser.signIn('/auth/login', { email, password: PASSWORD })).status).toBe(200);
  return browser;
}

async function send(browser: Browser, { method, path, headers, body }: Example): Promise<Response> {
  if (!path.startsWith(PREFIX)) return app.anonymous.outside(method, path, body).set(headers);
  return browser.send(method, path.slice(PREFIX.length), body, headers);
}

describe("the document's examples, with the demo data as npm start seeds it", () => {
  describe.each([
    ['the owner', demo.owner, new Map([...REFUSED, ...REFUSED_TO_OWNERS])],
    ['the owner, once more', demo.owner, new Map([...REFUSED, ...REFUSED_TO_OWNERS, ...REFUSED_ONCE_MORE])],
    ['the member', demo.member, new Map([...REFUSED, ...REFUSED_TO_MEMBERS])],
  ])('called by %s', (_who, { email }, refused) => {
    let browser: Browser;
    beforeAll(async () => void (browser = await signedIn(email)));

    it.each(examples)('work as they stand: $operationId', async (example) => {
      const { status, body } = await send(browser, example);
      const [refusal] = refused.get(example.operationId) ?? [];
      if (refusal === undefined) expect(body.errors).toBeUndefined();
      if (refusal === undefined) expect(status).toBeLessThan(300);
      else expect(status).toBe(refusal);
    });
  });

  it('leave the demo owner and the demo organisation as they are', async () => {
    const browser = await signedIn(demo.owner.email);
    expect((await browser.get('/me')).body).toMatchObject({ name: demo.owner.name, avatar_url: null, phone: null });
    const { body } = await browser.get(`/organizations/${demo.organization.id}`);
    expect(body).toMatchObject({ name: demo.organization.name, slug: demo.organization.slug, metadata: {} });
  });

  it('filter no list: nobody sees at first what there is', () => {
    const filled = examples.flatMap(({ path }) => [...new URL(path, 'http://localhost').searchParams.keys()]);
    expect(filled.filter((name) => name !== 'sort')).toEqual([]);
  });

  it('fill in no key: two requests that differ would pass for one', () => {
    for (const { headers } of examples) expect(Object.keys(headers)).not.toContain('Idempotency-Key');
  });

  it('have no exception without an operation', () => {
    const operations = examples.map(({ operationId }) => operationId);
    expect(
      [...REFUSED.keys(), ...REFUSED_TO_MEMBERS.keys(), ...REFUSED_TO_OWNERS.keys(), ...LAST].filter(
        (name) => !operations.includes(name),
      ),
    ).toEqual([]);
  });
});
