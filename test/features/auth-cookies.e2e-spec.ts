import { ACCESS_TOKEN_LIFETIME_SECONDS } from '../../src/features/auth/access-tokens.ts';
import { AuthApp, PASSWORD } from '../support/auth.ts';
import { Browser, cookiesOf } from '../support/browser.ts';
import { sendRaw } from '../support/raw-http.ts';
import { served } from '../support/served.ts';

const ACCESS = '__Host-tenantry_access';
const REFRESH = '__Secure-tenantry_refresh';
const THIRTY_DAYS = String(30 * 24 * 60 * 60);
const FRONT_END = 'https://app.example.com';
/** Of API_URL in the tests' environment: Swagger UI's. */
const OWN = 'http://localhost:3000';

const EVIL_ORIGINS: readonly (string | null)[] = [
  null,
  'null',
  'https://evil.example',
  'http://app.example.com',
  'https://app.example.com.evil.example',
  'https://app.example.com:444',
  'https://APP.example.com',
  `${FRONT_END}/`,
  `${FRONT_END}, https://evil.example`,
  '*',
];

describe('sign-in by cookie', () => {
  let app: AuthApp;
  let email: string;
  beforeAll(async () => {
    app = await AuthApp.start({ CORS_ORIGINS: FRONT_END });
    email = app.newAddress();
    await app.person(email);
  });
  afterAll(() => app.stop());

  const browser = (origin: string | null = FRONT_END): Browser => new Browser(app.test.anonymous, origin);

  async function signedIn(address = email): Promise<Browser> {
    const page = browser();
    expect((await page.signIn('/auth/login', { email: address, password: PASSWORD })).status).toBe(200);
    return page;
  }

  const elevenSecondsPass = () =>
    app.test.database.query(`update refresh_tokens set spent_at = spent_at - interval '11 seconds'`);

  it('sets two cookies that no script reads, and leaves both tokens out of the body', async () => {
    const answer = await browser().signIn('/auth/login', { email, password: PASSWORD });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ expires_in: 600, session_id: expect.any(String) });
    const guarded = { httponly: '', secure: '', 'max-age': THIRTY_DAYS };
    expect(cookiesOf(answer)).toEqual([
      {
        name: ACCESS,
        value: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        attributes: { ...guarded, path: '/', samesite: 'Lax' },
      },
      {
        name: REFRESH,
        value: expect.stringMatching(/^[\w-]{43}$/),
        attributes: { ...guarded, path: '/api/v1/auth', samesite: 'Strict' },
      },
    ]);
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'access-control-allow-origin': FRONT_END,
      'access-control-allow-credentials': 'true',
    });
  });

  it('is there for the mailed link too', async () => {
    const page = browser();
    const token = await app.register(app.newAddress());
    const { status, body } = await page.signIn('/auth/email/verify', { token, password: PASSWORD });
    expect([status, Object.keys(body)]).toEqual([200, ['expires_in', 'session_id']]);
    expect(page.names()).toEqual([ACCESS, REFRESH]);
    expect((await page.get('/me')).status).toBe(200);
  });

  it('sets no cookie unless it is asked for', async () => {
    const page = await signedIn();
    const answer = await page.post('/auth/login', { email, password: PASSWORD });
    expect(Object.keys(answer.body)).toContain('refresh_token');
    expect(cookiesOf(answer)).toEqual([]);
  });

  it('sets no cookie where it is refused', async () => {
    const answer = await browser().signIn('/auth/login', { email, password: 'wrong' });
    expect([answer.status, cookiesOf(answer)]).toEqual([401, []]);
  });

  it.each(['', 'Cookie', 'body', 'cookie, cookie', 'cookie;'])('knows no transport called "%s"', async (transport) => {
    const login = app.post('/auth/login', { email, password: PASSWORD }).set('x-token-transport', transport);
    const { status, body } = await login;
    expect([status, body.code, body.errors]).toEqual([
      400,
      'bad_request',
      [expect.objectContaining({ parameter: 'X-Token-Transport' })],
    ]);
  });

  it('is of no concern to what signs nobody in', async () => {
    await app.test.anonymous.outside('get', '/health/live').set('x-token-transport', 'nonsense').expect(200);
  });

  it('lets a browser read and write as its user', async () => {
    const page = await signedIn();
    expect((await page.get('/me')).body.email).toBe(email);
    expect((await page.send('head', '/me')).status).toBe(200);
    expect((await page.post('/organizations', { name: 'Acme' })).status).toBe(201);
    expect((await page.send('patch', '/me', { name: 'Ada L.' })).status).toBe(200);
  });

  it('lets the pages of our own origin write, such as Swagger UI', async () => {
    const page = (await signedIn()).at(OWN);
    expect((await page.post('/organizations', { name: 'Acme' })).status).toBe(201);
  });

  describe('across sites', () => {
    it.each(EVIL_ORIGINS)('a write from %s is refused, and changes nothing', async (origin) => {
      const evil = (await signedIn()).at(origin);
      for (const [method, path, body] of [
        ['post', '/organizations', { name: 'Planted' }],
        ['patch', '/me', { name: 'Planted' }],
        ['post', '/auth/logout', undefined],
      ] as const) {
        const answer = await app.test.changingNothing(() => evil.send(method, path, body));
        expect([answer.status, answer.body.code]).toEqual([403, 'csrf_failed']);
        expect(cookiesOf(answer)).toEqual([]);
      }
    });

    it.each(EVIL_ORIGINS)('a sign-in from %s plants no cookie', async (origin) => {
      const answer = await app.test.changingNothing(() =>
        browser(origin).signIn('/auth/login', { email, password: PASSWORD }),
      );
      expect([answer.status, answer.body.code, cookiesOf(answer)]).toEqual([403, 'csrf_failed', []]);
    });

    it.each(EVIL_ORIGINS)('a refresh from %s spends no cookie', async (origin) => {
      const evil = (await signedIn()).at(origin);
      for (const headers of [{}, { 'x-token-transport': 'cookie' }, { 'x-token-transport': 'unknown' }]) {
        const answer = await app.test.changingNothing(() => evil.send('post', '/auth/refresh', {}, headers));
        expect([answer.status, answer.body.code, cookiesOf(answer)]).toEqual([403, 'csrf_failed', []]);
      }
    });

    it.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'])(
      'a body of %s, as a form sends it, is refused from an allowed origin too',
      async (type) => {
        const page = await signedIn();
        const answer = await app.test.changingNothing(() =>
          page.send('post', '/organizations', '{"name":"Planted"}', { 'content-type': type }),
        );
        expect(answer.status).toBe(415);
      },
    );

    it('reading is left to CORS, and opens nothing to a foreign page', async () => {
      const page = await signedIn();
      const answer = await page.at(null).send('get', '/me', undefined, { origin: 'https://evil.example' });
      expect(answer.status).toBe(200);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      expect(answer.headers['vary']).toContain('Origin');
    });

    it('the refusal comes after 401, and before what is wrong with path, row and body', async () => {
      const evil = (await signedIn()).at('https://evil.example');
      const nobody = '01a1f000-0000-7000-8000-00000000ffff';
      for (const [method, path, body] of [
        ['patch', '/organizations/no-id', { name: 'x' }],
        ['patch', `/organizations/${nobody}`, { name: 'x' }],
        ['patch', '/me?unknown=1', { unknown: 1 }],
      ] as const) {
        expect((await evil.send(method, path, body)).body.code).toBe('csrf_failed');
      }
      const bearer = { authorization: 'Bearer x.y.z' };
      expect((await evil.send('patch', '/me', { name: 'x' }, bearer)).body.code).toBe('unauthenticated');
      const broken = await evil.send('patch', '/me', '{', { 'content-type': 'application/json' });
      expect(broken.body.code).toBe('malformed_json');
      const anonymous = browser('https://evil.example');
      expect((await anonymous.send('patch', '/me', { name: 'x' })).body.code).toBe('unauthenticated');
      const both = await evil.send('post', '/auth/login?unknown=1', {}, { 'x-token-transport': 'cookie' });
      expect(both.body.code).toBe('csrf_failed');
    });

    it('a caller with a token of its own needs no origin', async () => {
      const { access_token } = (await app.login(email, PASSWORD)).body;
      for (const origin of EVIL_ORIGINS) {
        const evil = (await signedIn()).at(origin);
        const answer = await evil.send('patch', '/me', { name: 'Ada' }, { authorization: `Bearer ${access_token}` });
        expect(answer.status).toBe(200);
      }
    });
  });

  describe('beside other credentials', () => {
    it('gives way to an Authorization header, whatever that holds', async () => {
      const page = await signedIn();
      const other = app.newAddress();
      const { access_token } = await app.person(other);
      const answer = await page.send('get', '/me', undefined, { authorization: `Bearer ${access_token}` });
      expect(answer.body.email).toBe(other);
      for (const authorization of ['Bearer x.y.z', 'Bearer', 'Basic YTpi', '']) {
        expect((await page.send('get', '/me', undefined, { authorization })).status).toBe(401);
      }
    });

    it('is not taken from two cookies of one name: a neighbour of our domain may have set one', async () => {
      const [page, thief] = [await signedIn(), await signedIn()];
      for (const name of [ACCESS, REFRESH]) {
        const cookie = `${name}=${page.cookie(name)}; ${name}=${thief.cookie(name)}`;
        const me = await browser().send('get', '/me', undefined, { cookie });
        expect([me.status, me.body.code]).toEqual([401, 'unauthenticated']);
        const refreshed = await app.test.changingNothing(() =>
          browser().send('post', '/auth/refresh', {}, { cookie, 'x-token-transport': 'cookie' }),
        );
        expect([refreshed.status, refreshed.body.code]).toEqual([401, 'unauthenticated']);
      }
    });

    it('is found among other cookies, and by its whole name alone', async () => {
      const token = (await signedIn()).cookie(ACCESS);
      const me = (cookie: string) => browser().send('get', '/me', undefined, { cookie });
      expect((await me(`a=b;${ACCESS}=${token};c`)).status).toBe(200);
      for (const name of ['tenantry_access', 'access_token', `x${ACCESS}`, ACCESS.toLowerCase(), REFRESH]) {
        expect((await me(`${name}=${token}`)).status).toBe(401);
      }
    });

    it('is not what a neighbour calls nearly so: a space in its name is a part of it, but for those that a header has', async () => {
      const token = (await signedIn()).cookie(ACCESS);
      const me = (cookie: string) => browser().send('get', '/me', undefined, { cookie });
      for (const space of ['\u00a0', ' \u00a0', '\u00a0 ']) {
        expect((await me(`a=b;${space}${ACCESS}=${token}`)).status).toBe(401);
      }
      for (const space of ['', '  ', '\t', ' \t'])
        expect((await me(`a=b;${space}${ACCESS}=${token}`)).status).toBe(200);
    });

    it('is not a token in the query', async () => {
      const { access_token } = (await app.login(email, PASSWORD)).body;
      for (const name of ['access_token', 'token', ACCESS]) {
        await app.test.anonymous.get(`/me?${name}=${access_token}`).expect(401);
      }
    });

    it('two Authorization headers are refused, since another server might read the other one', async () => {
      const { access_token } = (await app.login(email, PASSWORD)).body;
      const line = `Authorization: Bearer ${access_token}\r\n`;
      const head = 'GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';
      const port = Number(new URL(app.test.url).port);
      expect((await sendRaw(port, `${head}${line}\r\n`)).status).toBe(200);
      const twice = await sendRaw(port, `${head}${line}authorization: Bearer x.y.z\r\n\r\n`);
      expect([twice.status, JSON.parse(twice.body).code]).toEqual([400, 'bad_request']);
    });
  });

  describe('its refresh', () => {
    it('takes the cookie where the body has no token, and answers by cookie', async () => {
      const page = await signedIn();
      const [access, refresh] = [page.cookie(ACCESS), page.cookie(REFRESH)];
      const answer = await page.signIn('/auth/refresh', {});
      expect(answer.body).toEqual({ expires_in: 600, session_id: expect.any(String) });
      expect(page.cookie(ACCESS)).not.toBe(access);
      expect(page.cookie(REFRESH)).not.toBe(refresh);
      expect((await page.get('/me')).status).toBe(200);
    });

    it('gives no script the token of a cookie: without the header, and without a body, it is by cookie all the same', async () => {
      for (const body of [{}, undefined]) {
        const page = await signedIn();
        const answer = await page.post('/auth/refresh', body);
        expect([answer.status, Object.keys(answer.body)]).toEqual([200, ['expires_in', 'session_id']]);
        expect(cookiesOf(answer)).toHaveLength(2);
      }
    });

    it('takes the token of the body before the cookie', async () => {
      const page = await signedIn();
      const kept = page.cookie(REFRESH);
      const { refresh_token } = await app.person();
      const answer = await page.post('/auth/refresh', { refresh_token });
      expect(Object.keys(answer.body)).toContain('refresh_token');
      expect(page.cookie(REFRESH)).toBe(kept);
      const moved = browser();
      const { status } = await moved.signIn('/auth/refresh', { refresh_token: answer.body.refresh_token });
      expect([status, moved.names()]).toEqual([200, [ACCESS, REFRESH]]);
    });

    it('is refused without any token', async () => {
      for (const answer of [await browser().signIn('/auth/refresh', {}), await app.post('/auth/refresh')]) {
        expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
      }
    });

    it('judges a token of the wrong kind, and looks at no cookie then', async () => {
      const page = await signedIn();
      for (const refresh_token of [null, 5, '']) {
        const answer = await app.test.changingNothing(() => page.post('/auth/refresh', { refresh_token }));
        expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, '/refresh_token']);
      }
    });

    it('does not go on as somebody else: two cookies of two sessions are refused, and forgotten', async () => {
      const [page, neighbour] = [await signedIn(), await signedIn()];
      const { userId, sessionId } = await app.test.actors.user();
      const expired = app.test.actors.token(userId, sessionId, ACCESS_TOKEN_LIFETIME_SECONDS + 1);
      for (const access of [page.cookie(ACCESS), expired]) {
        const cookie = `${ACCESS}=${access}; ${REFRESH}=${neighbour.cookie(REFRESH)}`;
        for (const headers of [{ cookie }, { cookie, 'x-token-transport': 'cookie' }]) {
          const answer = await app.test.changingNothing(() => browser().send('post', '/auth/refresh', {}, headers));
          expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
          expect(cookiesOf(answer)).toMatchObject([ACCESS, REFRESH].map((name) => ({ name, value: '' })));
        }
      }
      expect((await neighbour.signIn('/auth/refresh', {})).status).toBe(200);
    });

    it('needs no access token, and is not kept from its session by one that is not ours', async () => {
      const noJson = `${Buffer.from('{"typ":"JWT"}').toString('base64url')}.AAAA.`;
      for (const access of ['', `${ACCESS}=x.y.z; `, `${ACCESS}=; `, `${ACCESS}=${noJson}; `]) {
        const cookie = `${access}${REFRESH}=${(await signedIn()).cookie(REFRESH)}`;
        expect((await browser().send('post', '/auth/refresh', {}, { cookie })).status).toBe(200);
      }
    });

    it('serves racing tabs', async () => {
      const page = await signedIn();
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => served(() => page.signIn('/auth/refresh', {}))),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect((await page.signIn('/auth/refresh', {})).status).toBe(200);
    });

    it('ends the session when a spent cookie comes back', async () => {
      const page = await signedIn();
      const thief = page.at(FRONT_END);
      await page.signIn('/auth/refresh', {});
      await elevenSecondsPass();
      expect((await thief.signIn('/auth/refresh', {})).body.code).toBe('token_reused');
      expect((await page.get('/me')).status).toBe(401);
    });

    it('is what token_expired asks for: the cookie outlives the token in it', async () => {
      const { userId, sessionId } = await app.test.actors.user();
      const expired = app.test.actors.token(userId, sessionId, ACCESS_TOKEN_LIFETIME_SECONDS + 1);
      const { body } = await browser().send('get', '/me', undefined, { cookie: `${ACCESS}=${expired}` });
      expect(body.code).toBe('token_expired');
    });
  });

  describe('signing out', () => {
    it('ends the session and clears both cookies', async () => {
      const page = await signedIn();
      const before = page.at(FRONT_END);
      const answer = await page.post('/auth/logout');
      expect(answer.status).toBe(204);
      const cleared = { httponly: '', secure: '', 'max-age': '0' };
      expect(cookiesOf(answer)).toEqual([
        { name: ACCESS, value: '', attributes: { ...cleared, path: '/', samesite: 'Lax' } },
        { name: REFRESH, value: '', attributes: { ...cleared, path: '/api/v1/auth', samesite: 'Strict' } },
      ]);
      expect(page.names()).toEqual([]);
      expect((await before.get('/me')).status).toBe(401);
      expect((await before.signIn('/auth/refresh', {})).status).toBe(401);
    });

    it('by a token of its own leaves the cookies of another session alone', async () => {
      const page = await signedIn();
      const { access_token } = (await app.login(email, PASSWORD)).body;
      const headers = { authorization: `Bearer ${access_token}` };
      const answer = await page.send('post', '/auth/logout', undefined, headers);
      expect([answer.status, cookiesOf(answer)]).toEqual([204, []]);
      expect((await page.get('/me')).status).toBe(200);
    });
  });
});

it('trusts no origin but our own where CORS is open to all, as in development', async () => {
  const app = await AuthApp.start({ CORS_ORIGINS: '*' });
  const email = app.newAddress();
  await app.person(email);
  const signIn = (origin: string) =>
    new Browser(app.test.anonymous, origin).signIn('/auth/login', { email, password: PASSWORD });
  expect((await signIn('https://evil.example')).body.code).toBe('csrf_failed');
  expect((await signIn('*')).body.code).toBe('csrf_failed');
  expect((await signIn(OWN)).status).toBe(200);
  await app.stop();
});
