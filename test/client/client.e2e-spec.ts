import { TOTP } from 'otpauth';
import { readFileSync } from 'node:fs';
import { ACCESS_TOKEN_LIFETIME_SECONDS } from '../../src/features/auth/access-tokens.ts';
import { AuthApp, PASSWORD } from '../support/auth.ts';
import { BuiltClient } from '../support/built-client.ts';
import { FetchingBrowser, type Mishap } from '../support/fetching-browser.ts';

const API = 'http://localhost:3000';
const PAGE = 'http://localhost:5173';
const REFRESH = '/api/v1/auth/refresh';
const ORGANIZATIONS = '/api/v1/organizations';
const BUILD_TIMEOUT_MS = 120_000;
const MOST_LINES = 60;

let app: AuthApp;
let built: BuiltClient;
// oxlint-disable-next-line typescript/no-explicit-any -- it is built while the tests run, so there is no type of it before
let client: any;

beforeAll(async () => {
  built = new BuiltClient();
  client = await built.import();
  app = await AuthApp.start({ CORS_ORIGINS: PAGE });
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  built.remove();
  await app.stop();
});

const problem = (status: number, code: string): Response => {
  const headers = { 'Content-Type': 'application/problem+json', 'Retry-After': '0' };
  return new Response(JSON.stringify({ status, code, detail: `It is ${code}.` }), { status, headers });
};
const busy: Mishap = async () => problem(503, 'unavailable');
const running: Mishap = async () => problem(409, 'idempotency_in_progress');
const unreachable: Mishap = async () => {
  throw new TypeError('fetch failed');
};
const lost: Mishap = async (send) => {
  await send();
  throw new TypeError('fetch failed');
};
const asIs: Mishap = (send) => send();

interface Page {
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  readonly api: any;
  readonly browser: FetchingBrowser;
  /** How often the client has said so. */
  readonly signedOut: () => number;
}

/** @returns a page with the client, in a browser of its own */
function page(options: object = {}): Page {
  const browser = new FetchingBrowser(PAGE, new Map([[API, app.test.url]]));
  let times = 0;
  const onSignedOut = (): void => void (times += 1);
  const api = client.createClient({ baseUrl: API, fetch: browser.fetch, onSignedOut, ...options });
  return { api, browser, signedOut: () => times };
}

/** @returns a page of somebody who has just signed in */
async function signedIn(options: object = {}): Promise<Page> {
  const email = app.newAddress();
  await app.person(email);
  const at = page(options);
  const body = { email, password: PASSWORD };
  await client.ok(at.api.POST('/api/v1/auth/login', { body }));
  return at;
}

function expire(browser: FetchingBrowser): void {
  browser.age((userId, sessionId) => app.test.actors.token(userId, sessionId, ACCESS_TOKEN_LIFETIME_SECONDS + 1));
}

describe.each(['cookie', 'bearer'])('by %s', (transport) => {
  it('signs in, keeps the session, and ends it', async () => {
    const { api, browser, signedOut } = await signedIn({ transport });

    expect(await client.ok(api.GET('/api/v1/me'))).toMatchObject({ name: 'Ada' });
    const hasToken = browser.requests.at(-1)!.headers.has('Authorization');
    expect(hasToken).toBe(transport === 'bearer');

    await client.ok(api.POST('/api/v1/auth/logout'));
    expect(signedOut()).toBe(0);
    expect((await api.GET('/api/v1/me')).error.code).toBe('unauthenticated');
    expect(signedOut()).toBe(1);
  });

  it('renews an expired session once for many calls, none of which notices', async () => {
    const { api, browser } = await signedIn({ transport });
    for (const round of [1, 2]) {
      expire(browser);
      const calls = Array.from({ length: 20 }, () => client.ok(api.GET('/api/v1/me')));
      const create = client.ok(api.POST(ORGANIZATIONS, { body: { name: `Acme ${round}` } }));

      for (const me of await Promise.all(calls)) expect(me).toMatchObject({ name: 'Ada' });
      expect(await create).toMatchObject({ name: `Acme ${round}` });
      expect(browser.sent('POST', REFRESH)).toHaveLength(round);
    }
  });

  it('ends a session whose access token has expired', async () => {
    const { api, browser, signedOut } = await signedIn({ transport });
    expire(browser);

    const { response } = await api.POST('/api/v1/auth/logout');

    expect(response.status).toBe(204);
    expect(browser.sent('POST', REFRESH)).toHaveLength(1);
    expect(signedOut()).toBe(0);
    expect((await api.GET('/api/v1/me')).error.code).toBe('unauthenticated');
  });

  it('tells once that the session has ended, and gives each call the reason', async () => {
    const { api, browser, signedOut } = await signedIn({ transport });
    await app.test.database.query('update sessions set ended_at = now()');
    expire(browser);

    const outcomes = await Promise.all(Array.from({ length: 5 }, () => api.GET('/api/v1/me')));

    for (const { error, response } of outcomes) expect([response.status, error.code]).toEqual([401, 'unauthenticated']);
    expect(signedOut()).toBe(1);
    expect(browser.sent('POST', REFRESH)).toHaveLength(1);
  });
});

describe('the server of a client', () => {
  it('is an origin, with a slash behind it or without', async () => {
    const { api } = await signedIn({ baseUrl: `${API}/` });
    expect(await client.ok(api.GET('/api/v1/me'))).toMatchObject({ name: 'Ada' });
    for (const baseUrl of [`${API}/api`, `${API}?x=1`, '/api', 'api.example.com'])
      expect(() => client.createClient({ baseUrl })).toThrow(/origin|URL/);
  });

  it.each(['cookie', 'bearer'])('is the only one that is told of the session, by %s', async (transport) => {
    const { api, browser } = await signedIn({ transport });
    browser.meets(async () => new Response('{}'));
    await api.POST(ORGANIZATIONS, { baseUrl: 'http://elsewhere.example', body: { name: 'Acme' } });
    const { url, headers, credentials } = browser.requests.at(-1)!;
    expect([new URL(url).host, headers.has('Authorization'), credentials]).toEqual([
      'elsewhere.example',
      false,
      'omit',
    ]);
  });
});

describe('a renewal', () => {
  it('that the server has no time for ends no session', async () => {
    const { api, browser, signedOut } = await signedIn();
    expire(browser);
    browser.meets(asIs, busy, busy, busy);

    const { error } = await api.GET('/api/v1/me');

    expect(error.code).toBe('unavailable');
    expect(signedOut()).toBe(0);
    expect(await client.ok(api.GET('/api/v1/me'))).toMatchObject({ name: 'Ada' });
  });

  it('is not repeated for a call whose refusal comes in after it', async () => {
    const { api, browser } = await signedIn();
    expire(browser);
    let release = (): void => undefined;
    const late: Mishap = async (send) => {
      const answer = await send();
      await new Promise<void>((done) => (release = done));
      return answer;
    };
    browser.meets(late);

    const slow = client.ok(api.GET('/api/v1/me'));
    await client.ok(api.GET('/api/v1/me'));
    release();

    expect(await slow).toMatchObject({ name: 'Ada' });
    expect(browser.sent('POST', REFRESH)).toHaveLength(1);
  });
});

describe('a POST', () => {
  // Here and below, what waits a second before it is sent again waits together.
  it.concurrent.each([
    ['that met a busy server', [busy, busy]],
    ['that never arrived', [unreachable]],
    ['whose answer was lost', [lost]],
    ['whose first attempt was running still', [running]],
  ])('%s is sent again with its key, and has one effect', async (_case, mishaps) => {
    const { api, browser } = await signedIn();
    browser.meets(...mishaps);

    const { id } = await client.ok(api.POST(ORGANIZATIONS, { body: { name: 'Acme' } }));

    const { data } = await client.ok(api.GET(ORGANIZATIONS));
    expect(data.map((organization: { id: string }) => organization.id)).toEqual([id]);
    const keys = browser.sent('POST', ORGANIZATIONS).map(({ headers }) => headers.get('Idempotency-Key'));
    expect(keys).toHaveLength(mishaps.length + 1);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[\w-]{36}$/);
  });

  it('is another one with the next call, and keeps a key of its own', async () => {
    const { api, browser } = await signedIn();
    const body = { name: 'Acme' };
    await client.ok(api.POST(ORGANIZATIONS, { body }));
    await client.ok(api.POST(ORGANIZATIONS, { body }));
    await client.ok(api.POST(ORGANIZATIONS, { body, params: { header: { 'Idempotency-Key': 'mine' } } }));
    const keys = browser.sent('POST', ORGANIZATIONS).map(({ headers }) => headers.get('Idempotency-Key'));
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe('mine');
  });

  const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8'));
  const readings = Object.keys(paths).filter((path) => paths[path].post?.['x-reading'] === true);
  it.concurrent.each(readings)('that only asks is sent again without a key: %s', async (path) => {
    const { api, browser } = await signedIn();
    const { id } = await client.ok(api.POST(ORGANIZATIONS, { body: { name: 'Acme' } }));
    browser.meets(busy, unreachable);
    const body = path.endsWith('preview') ? { permissions: [] } : { checks: [{ permission: 'teams:read' }] };
    await client.ok(api.POST(path, { params: { path: { organization_id: id } }, body }));
    const keys = browser.sent('POST', path.replace('{organization_id}', id)).map(({ headers }) => headers);
    expect(keys.map((headers) => headers.has('Idempotency-Key'))).toEqual([false, false, false]);
  });

  it('of a sign-in is sent once: a password is not tried again unasked', async () => {
    const { api, browser } = page();
    browser.meets(busy);
    const { error } = await api.POST('/api/v1/auth/login', { body: { email: 'a@example.com', password: 'x' } });
    expect(error.code).toBe('unavailable');
    expect(browser.requests).toHaveLength(1);
    expect(browser.requests[0]!.headers.has('Idempotency-Key')).toBe(false);
  });
});

describe('what would be refused because it was done', () => {
  const rename = async ({ api }: Page) => {
    const { data, response } = await api.POST(ORGANIZATIONS, { body: { name: 'Acme' } });
    const params = { path: { organization_id: data.id }, header: { 'If-Match': response.headers.get('ETag') } };
    return () => api.PATCH(`${ORGANIZATIONS}/{organization_id}`, { params, body: { name: 'Engines' } });
  };

  it('is sent again to a busy server, and has its effect', async () => {
    const at = await signedIn();
    const send = await rename(at);
    at.browser.meets(busy);
    expect(await client.ok(send())).toMatchObject({ name: 'Engines' });
  });

  it('is not sent again where its answer was lost, and nothing is told but that', async () => {
    const at = await signedIn();
    const send = await rename(at);
    at.browser.meets(lost);
    await expect(send()).rejects.toThrow('fetch failed');
    at.browser.meets(unreachable);
    await expect(at.api.DELETE(ORGANIZATIONS)).rejects.toThrow('fetch failed');
    expect(at.browser.requests.filter(({ method }) => ['PATCH', 'DELETE'].includes(method))).toHaveLength(2);
  });

  it('may be a PATCH of whatever version, which is sent again', async () => {
    const { api, browser } = await signedIn();
    browser.meets(lost);
    expect(await client.ok(api.PATCH('/api/v1/me', { body: { name: 'Grace' } }))).toMatchObject({ name: 'Grace' });
    expect(browser.sent('PATCH', '/api/v1/me')).toHaveLength(2);
  });
});

describe('a call', () => {
  it.concurrent('is given up after three attempts, with what the last one met', async () => {
    const { api, browser } = await signedIn();
    browser.meets(busy, unreachable, busy);
    expect((await api.GET('/api/v1/me')).error.code).toBe('unavailable');
    browser.meets(busy, busy, unreachable);
    await expect(api.GET('/api/v1/me')).rejects.toThrow('fetch failed');
    expect(browser.sent('GET', '/api/v1/me')).toHaveLength(6);
  });

  it.concurrent.each(['Fri, 31 Dec 2027 00:00:00 GMT', 'soon'])(
    'waits a moment where Retry-After is "%s"',
    async (asked) => {
      const { api, browser } = await signedIn();
      browser.meets(async () => new Response(null, { status: 503, headers: { 'Retry-After': asked } }));
      const begin = performance.now();
      expect(await client.ok(api.GET('/api/v1/me'))).toMatchObject({ name: 'Ada' });
      expect(performance.now() - begin).toBeGreaterThan(900);
    },
  );

  it('that is aborted is not sent again', async () => {
    const { api, browser } = await signedIn();
    const abort = new AbortController();
    browser.meets(async () => {
      abort.abort();
      return problem(503, 'unavailable');
    });
    await expect(api.GET('/api/v1/me', { signal: abort.signal })).rejects.toThrow(/abort/i);
    expect(browser.sent('GET', '/api/v1/me')).toHaveLength(1);
  });

  it('throws what was refused, with the code, the faults and all that the server said', async () => {
    const { api } = await signedIn();
    const refused = await client
      .ok(api.POST(ORGANIZATIONS, { body: { name: '', slug: 'No' } }))
      .catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(client.ProblemError);
    expect(refused).toMatchObject({ code: 'validation_failed', problem: { status: 422, instance: ORGANIZATIONS } });
    expect([...refused.faults.keys()]).toEqual(['/name', '/slug']);
    expect(refused.faults.get('/name')).toEqual([{ pointer: '/name', code: 'min_length', detail: expect.any(String) }]);
    expect(client.isProblem(refused)).toBe(true);
    expect(client.isProblem(refused, 'not_found', 'validation_failed')).toBe(true);
    expect(client.isProblem(refused, 'not_found')).toBe(false);
    expect(client.isProblem(new Error('not_found'))).toBe(false);
  });

  it('tells of each fault, also where one field has several, or none is named', async () => {
    const short = { pointer: '/slug', code: 'min_length', detail: 'must have at least 3 characters' };
    const plain = { pointer: '/slug', code: 'pattern', detail: 'must match ^[a-z]+$' };
    const deep = { parameter: 'page', code: 'maximum', detail: 'must not be greater than 100' };
    const whole = { code: 'required', detail: 'must have a member' };
    const { faults } = new client.ProblemError({ code: 'validation_failed', errors: [short, deep, plain, whole] });
    expect([...faults]).toEqual([
      ['/slug', [short, plain]],
      ['page', [deep]],
      ['', [whole]],
    ]);
  });

  it('with the tag of what is there already brings nothing, until that has changed', async () => {
    const { api } = await signedIn();
    const tag = (await api.GET('/api/v1/me')).response.headers.get('ETag');
    const read = () => client.changed(api.GET('/api/v1/me', { params: { header: { 'If-None-Match': tag } } }));

    expect(await read()).toBeUndefined();
    await client.ok(api.PATCH('/api/v1/me', { body: { name: 'Grace' } }));
    expect(await read()).toMatchObject({ name: 'Grace' });
    await client.ok(api.POST('/api/v1/auth/logout'));
    await expect(read()).rejects.toThrow(client.ProblemError);
  });

  it('throws something else where no API has answered', async () => {
    const { api, browser } = page();
    browser.meets(async () => new Response('<h1>Bad gateway</h1>', { status: 502 }));
    await expect(client.ok(api.GET('/api/v1/me'))).rejects.toThrow(client.UnexpectedAnswer);
  });
});

it(
  'has types for calls, answers and refusals',
  async () => {
    const text = `import { changed, createClient, isProblem, ok } from 'tenantry-client';
    const api = createClient({ baseUrl: 'http://localhost:3000' });
    export async function calls(): Promise<void> {
      const me = await ok(api.GET('/api/v1/me'));
      const name: string = me.name;
      const newer = await changed(api.GET('/api/v1/me', { params: { header: { 'If-None-Match': '"1"' } } }));
      // @ts-expect-error there may be none
      newer.name;
      // @ts-expect-error there is no such member
      me.surname;
      // @ts-expect-error there is no such path
      await api.GET('/api/v1/nowhere');
      // @ts-expect-error a name is a text
      await api.POST('/api/v1/organizations', { body: { name: 1 } });
      const { error } = await api.POST('/api/v1/organizations', { body: { name } });
      if (error?.code === 'already_exists') return;
      // @ts-expect-error a POST has no version to compare
      if (error?.code === 'precondition_failed') return;
      const caught: unknown = error;
      if (isProblem(caught, 'limit_reached')) caught.code satisfies 'limit_reached';
    }`;
    await expect(built.application({ 'types.ts': text })).resolves.toHaveProperty('types.calls');
  },
  BUILD_TIMEOUT_MS,
);

it('needs the package that it is tested with', () => {
  const version = (path: string, kind: string) => JSON.parse(readFileSync(path, 'utf8'))[kind]['openapi-fetch'];
  expect(version('src/client/package.json', 'dependencies')).toBe(version('package.json', 'devDependencies'));
});

describe('docs/spa.md', () => {
  const files = Object.fromEntries(
    [...readFileSync('docs/spa.md', 'utf8').matchAll(/^```ts\n\/\/ (\S+)\n([^]*?)^```$/gm)].map(([, name, text]) => [
      name!,
      text!,
    ]),
  );
  const ofBrowser = globalThis.fetch;

  afterEach(() => {
    globalThis.fetch = ofBrowser;
    Reflect.deleteProperty(globalThis, 'location');
  });

  it(`has sign-in, errors and lists in ${MOST_LINES} lines, and the buttons in a few more`, () => {
    const lines = Object.values(files).map((text) => text.split('\n').filter((line) => line !== '').length);
    expect(Object.keys(files)).toEqual(['api.ts', 'organizations.ts', 'access.ts']);
    expect(lines[0]! + lines[1]!).toBeLessThanOrEqual(MOST_LINES);
    expect(lines[2]).toBeLessThanOrEqual(MOST_LINES / 4);
  });

  it(
    'compiles and works as it stands',
    async () => {
      const { api: auth, organizations, access } = await built.application(files);
      const browser = new FetchingBrowser(PAGE, new Map([[API, app.test.url]]));
      const shown: string[] = [];
      globalThis.fetch = (input, init) => (input instanceof Request ? browser.fetch(input) : ofBrowser(input, init));
      Object.assign(globalThis, { location: { assign: (url: string) => shown.push(url) } });
      const message = async (work: Promise<unknown>) =>
        auth.messageOf(await work.then(fail, (error: unknown) => error));
      const fail = () => new Error('it was let');
      const email = app.newAddress();

      expect(await message(auth.whoAmI())).toBe('');
      expect(shown).toEqual(['#sign-in']);
      await auth.register(email, 'Ada Lovelace');
      await auth.verify(await app.mailedToken(email), PASSWORD);
      expect(await auth.whoAmI()).toMatchObject({ name: 'Ada Lovelace', email });
      await auth.signOut();

      expect(await message(auth.signIn(email, 'wrong'))).toBe('The address or the password is wrong.');
      await auth.signIn(email, PASSWORD);
      await auth.signOut();
      await auth.forgot(email);
      await auth.reset({ token: await app.mailedToken(email, 2), password: PASSWORD });
      await auth.mailLink(email);
      await auth.signInByLink(await app.mailedToken(email, 4));

      const setUp = await auth.api.POST('/api/v1/me/mfa/totp');
      const code = (steps: number) =>
        new TOTP({ secret: setUp.data.secret }).generate({ timestamp: Date.now() + steps * 30_000 });
      await client.ok(auth.api.POST('/api/v1/me/mfa/totp/activate', { body: { code: code(-1) } }));
      await auth.signOut();
      const { mfa_token } = await auth.signIn(email, PASSWORD);
      expect(await message(auth.whoAmI())).toBe('');
      expect(await message(auth.enterCode(mfa_token, '000000'))).toMatch(/^\/code must be/);
      expect(await message(auth.enterCode('gone', code(0)))).toMatch(/Begin anew/);
      await auth.enterCode(mfa_token, code(0));
      expect(await auth.whoAmI()).toMatchObject({ email });
      expire(browser);

      await app.test.database.query("update sessions set authenticated_at = now() - interval '11 minutes'");
      const body = { current_password: PASSWORD, new_password: PASSWORD };
      const change = () => client.ok(auth.api.PUT('/api/v1/me/password', { body }));
      expect(await message(change())).toMatch(/sign-in of the last ten minutes/);
      await auth.steppingUp(change, async () => ({ code: code(1) }));
      expect(await message(auth.steppingUp(() => organizations.create(''), fail))).toMatch(/^\/name must have/);

      const { id } = await organizations.create('Acme');
      const tag = (await organizations.read(id)).response.headers.get('ETag');
      expect(await organizations.rename(id, 'Analytical Engines', tag)).toMatchObject({ name: 'Analytical Engines' });
      expect(await message(organizations.rename(id, 'Lost', tag))).toMatch(/Somebody has changed it/);
      expect(await message(organizations.create(''))).toMatch(/^\/name must have/);

      const names = Array.from({ length: 21 }, (_, index) => `Acme ${index}`);
      for (const name of names) await organizations.create(name);
      const listed: string[] = [];
      for await (const { name } of organizations.all()) listed.push(name);
      expect(listed.toSorted()).toEqual([...names, 'Analytical Engines'].toSorted());

      expect(access.may(await access.accessTo(id), 'teams:create')).toBe(true);
      const heir = await app.test.actors.member({ id }, ['owner']);
      await app.test.database.query(
        `update member_roles h set role_id = r.id from roles r
           where r.organization_id = h.organization_id and r.id = '00000000-0000-7000-8000-000000000003' and h.organization_id = $1 and h.member_id <> $2`,
        [id, heir.memberId],
      );
      const current = (await organizations.read(id)).response.headers.get('ETag');
      expect(await message(organizations.rename(id, 'Mine', current))).toBe(
        'Your role does not include organization:update.',
      );

      const teams = `${ORGANIZATIONS.slice('/api/v1'.length)}/${id}/teams`;
      const team = async (parent_team_id: string | null) =>
        (await heir.api.post(teams, { name: 'Team', parent_team_id }).expect(201)).body.id;
      const [above, elsewhere] = [await team(null), await team(null)];
      const below = await team(above);
      const { member_id } = await access.accessTo(id);
      await heir.api.post(`${teams}/${above}/members`, { member_id, role: 'admin' }).expect(201);
      const now = await access.accessTo(id);
      const paths = [[], [elsewhere], [above], [above, below]];
      expect(paths.map((path) => access.may(now, 'teams:update', path))).toEqual([false, false, true, true]);
      expect(paths.map((path) => access.may(now, 'teams:read', path))).toEqual([true, true, true, true]);
      browser.meets(...Array<Mishap>(3).fill(unreachable));
      expect(await message(auth.whoAmI())).toBe('The server cannot be reached. Try again.');
    },
    BUILD_TIMEOUT_MS,
  );
});
