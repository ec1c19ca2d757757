import { createHmac, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import pg from 'pg';
import { SigningKey } from '../../src/core/crypto/index.ts';
import { type Answer, AuthApp, type Tokens } from './auth.app.ts';

const PASSWORD = 'correct horse battery';

describe('authentication', () => {
  let app: AuthApp;
  beforeAll(async () => void (app = await AuthApp.start()));
  afterAll(() => app.stop());

  let people = 0;
  const newAddress = () => `ada.${++people}@example.com`;

  /** The user's own log, oldest first, past every policy. */
  async function eventsOf(email: string): Promise<Record<string, any>[]> {
    return app.database.query(
      'select e.* from security_events e join users u on u.id = e.user_id where u.email_key = $1 order by e.id',
      [email],
    );
  }

  /** What two answers may differ in. */
  function comparable({ status, headers, body }: Answer): unknown {
    const { request_id: _, ...rest } = body;
    return { status, body: rest, headers: [...headers.keys()].sort(), type: headers.get('content-type') };
  }

  describe('from registration to logout', () => {
    it('works, and leaves an event for each step', async () => {
      const email = newAddress();
      const registered = await app.post('/auth/register', { email, name: 'Ada Lovelace' });
      expect(registered.status).toBe(202);
      expect(registered.body).toEqual({ status: 'verification_sent' });
      expect(await app.database.query('select from users where email = $1', [email])).toHaveLength(0);

      const token = await app.mailedToken(email);
      const verified = await app.post('/auth/email/verify', { token, password: PASSWORD });
      expect(verified.status).toBe(200);
      expect(verified.body).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 600,
        refresh_token: expect.stringMatching(/^[\w-]{43}$/),
        session_id: expect.any(String),
      });
      const me = await app.me(verified.body.access_token);
      expect(me.status).toBe(200);
      expect(me.body).toMatchObject({ email, name: 'Ada Lovelace', avatar_url: null });

      const login = await app.post('/auth/login', { email, password: PASSWORD });
      expect(login.status).toBe(200);
      expect(login.body.session_id).not.toBe(verified.body.session_id);
      const refreshed = await app.post('/auth/refresh', { refresh_token: login.body.refresh_token });
      expect(refreshed.status).toBe(200);
      expect(refreshed.body.session_id).toBe(login.body.session_id);
      expect(refreshed.body.refresh_token).not.toBe(login.body.refresh_token);

      expect((await app.post('/auth/logout', undefined, refreshed.body.access_token)).status).toBe(204);
      for (const { access_token } of [login.body, refreshed.body]) {
        expect((await app.me(access_token)).body.code).toBe('unauthenticated');
      }
      const over = await app.post('/auth/refresh', { refresh_token: refreshed.body.refresh_token });
      expect([over.status, over.body.code]).toEqual([401, 'unauthenticated']);
      expect((await app.me(verified.body.access_token)).status).toBe(200);

      const events = await eventsOf(email);
      expect(events.map(({ action, session_id }) => [action, session_id])).toEqual([
        ['auth.registered', null],
        ['auth.signed_in', verified.body.session_id],
        ['auth.signed_in', login.body.session_id],
        ['auth.signed_out', login.body.session_id],
      ]);
      expect(events.every(({ ip_address, request_id }) => ip_address === '127.0.0.1' && request_id)).toBe(true);
    });

    it('accepts a user without a password, who cannot sign in by one', async () => {
      const email = newAddress();
      await app.post('/auth/register', { email, name: 'Ada' });
      const verified = await app.post('/auth/email/verify', { token: await app.mailedToken(email) });
      expect(verified.status).toBe(200);
      expect((await app.post('/auth/login', { email, password: PASSWORD })).body.code).toBe('invalid_credentials');
    });

    it('mails a link of the front end, with the token where no server sees it', async () => {
      const email = newAddress();
      await app.send('POST', '/api/v1/auth/register', {
        body: { email, name: 'Ada' },
        headers: { 'x-forwarded-host': 'evil.example' },
      });
      const [mail] = await app.mails(email, 1);
      expect(mail!.text).toMatch(/http:\/\/localhost:5173\/verify-email#token=[\w-]{43}/);
    });
  });

  it('costs three round trips to sign in, and two to refresh', async () => {
    const email = newAddress();
    const { refresh_token } = await app.person(email, PASSWORD);
    expect(await app.roundTrips(() => app.post('/auth/login', { email, password: PASSWORD }))).toBe(3);
    expect(await app.roundTrips(() => app.post('/auth/refresh', { refresh_token }))).toBe(2);
  });

  describe('one identity', () => {
    it('is every case and Unicode form of an address, mailed at the plain one', async () => {
      const email = newAddress();
      await app.person(email, PASSWORD);
      for (const form of [email.toUpperCase(), email.replace('ada', '\uff41\uff44\uff41')]) {
        expect((await app.post('/auth/login', { email: form, password: PASSWORD })).status).toBe(200);
      }
      await app.post('/auth/register', { email: email.replace('ada', '\uff41\uff44\uff41'), name: 'Eve' });
      expect((await app.mails(email, 2))[0]!.subject).toBe('You already have an account');
    });

    it('has a domain in ASCII', async () => {
      await app.post('/auth/register', { email: 'Ada@bücher.example', name: 'Ada' });
      const token = await app.mailedToken('ada@xn--bcher-kva.example');
      const { body } = await app.post('/auth/email/verify', { token, password: PASSWORD });
      expect((await app.me(body.access_token)).body.email).toBe('Ada@xn--bcher-kva.example');
      expect((await app.post('/auth/login', { email: 'ada@BÜCHER.example', password: PASSWORD })).status).toBe(200);
    });

    it.each([
      'ada@example.com\r\nBcc: eve@example.com',
      'ada@example.com, eve@example.com',
      '"a<b>"@example.com',
      'Ada <ada@example.com>',
      `${'a'.repeat(310)}@example.com`,
      'ada@',
      '',
    ])('is not %j', async (email) => {
      const { status, body } = await app.post('/auth/register', { email, name: 'Ada' });
      expect([status, body.errors[0].pointer]).toEqual([422, '/email']);
    });
  });

  describe('a known and an unknown address', () => {
    let email: string;
    beforeAll(async () => {
      email = newAddress();
      await app.person(email, PASSWORD);
    });

    it('get the same answer to a registration, and the mail tells the difference', async () => {
      const unknown = newAddress();
      const answers = [email, unknown].map((address) => app.post('/auth/register', { email: address, name: 'Eve' }));
      const [first, second] = await Promise.all(answers);
      expect(comparable(first!)).toEqual(comparable(second!));
      expect((await app.mails(email, 2))[0]!.text).not.toContain('token');
    });

    it('get the same answer to a sign-in', async () => {
      const known = await app.post('/auth/login', { email, password: 'not the password' });
      const unknown = await app.post('/auth/login', { email: newAddress(), password: 'not the password' });
      expect(known.body.code).toBe('invalid_credentials');
      expect(comparable(known)).toEqual(comparable(unknown));
    });

    it('both leave an event, without an address', async () => {
      const stranger = newAddress();
      await app.post('/auth/login', { email: stranger, password: 'not the password' });
      const digest = createHmac('sha256', app.secretKey).update(`email_address\0${stranger}`).digest();
      const [event] = await app.database.query('select * from security_events where address_hash = $1', [digest]);
      expect(event).toMatchObject({ action: 'auth.sign_in_failed', outcome: 'failure', user_id: null });
      expect((await eventsOf(email)).map(({ action }) => action)).toContain('auth.sign_in_failed');
    });
  });

  describe('a verification token', () => {
    it('is spent by one of 20 at once', async () => {
      const email = newAddress();
      await app.post('/auth/register', { email, name: 'Ada' });
      const token = await app.mailedToken(email);
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => app.post('/auth/email/verify', { token, password: PASSWORD })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.code === 'token_used')).toHaveLength(19);
      expect((await eventsOf(email)).map(({ action }) => action)).toEqual(['auth.registered', 'auth.signed_in']);
    });

    it('answers alike when it is unknown, spent or expired', async () => {
      const [spent, expired] = [newAddress(), newAddress()];
      for (const email of [spent, expired]) await app.post('/auth/register', { email, name: 'Ada' });
      const [spentToken, expiredToken] = [await app.mailedToken(spent), await app.mailedToken(expired)];
      await app.post('/auth/email/verify', { token: spentToken });
      await app.database.query(`update email_tokens set expires_at = now() where email = $1`, [expired]);
      const tokens = [spentToken, expiredToken, 'A'.repeat(43)];
      const answers = await Promise.all(tokens.map((token) => app.post('/auth/email/verify', { token })));
      for (const answer of answers) {
        expect([answer.status, answer.body.code]).toEqual([410, 'token_used']);
        expect(comparable(answer)).toEqual(comparable(answers[0]!));
      }
    });

    it('of a second registration signs in the first user, whose password and name stay', async () => {
      const email = newAddress();
      await app.post('/auth/register', { email, name: 'Ada' });
      const first = await app.mailedToken(email);
      await app.post('/auth/register', { email, name: 'Eve' });
      await app.mails(email, 2);
      const second = await app.mailedToken(email, 2);
      expect(second).not.toBe(first);
      const user = await app.post('/auth/email/verify', { token: first, password: PASSWORD });
      const again = await app.post('/auth/email/verify', { token: second, password: 'another password' });
      const me = await app.me(again.body.access_token);
      expect(me.body).toEqual((await app.me(user.body.access_token)).body);
      expect(me.body.name).toBe('Ada');
      expect((await app.post('/auth/login', { email, password: 'another password' })).status).toBe(401);
      expect((await app.post('/auth/login', { email, password: PASSWORD })).status).toBe(200);
    });

    it('and another of the same address, both at once, make one user', async () => {
      for (let round = 0; round < 5; round++) {
        const email = newAddress();
        await Promise.all(['Ada', 'Eve'].map((name) => app.post('/auth/register', { email, name })));
        const tokens = (await app.mails(email, 2)).map(({ text }) => /#token=([\w-]+)/.exec(text)![1]);
        const answers = await Promise.all(tokens.map((token) => app.post('/auth/email/verify', { token })));
        expect(answers.map(({ status }) => status)).toEqual([200, 200]);
        const profiles = await Promise.all(answers.map(({ body }) => app.me(body.access_token)));
        expect(profiles[0]!.body).toEqual(profiles[1]!.body);
      }
    });

    it('is no bearer token, nor is a refresh token', async () => {
      const email = newAddress();
      await app.post('/auth/register', { email, name: 'Ada' });
      const token = await app.mailedToken(email);
      expect((await app.me(token)).status).toBe(401);
      const { body } = await app.post('/auth/email/verify', { token });
      expect((await app.me(body.refresh_token)).status).toBe(401);
    });
  });

  describe('a password', () => {
    it.each([
      ['too short', '1234567', 'min_length'],
      ['too short once normalised', 'A\u030aA\u030aA\u030aA\u030a', 'min_length'],
      ['too long', 'x'.repeat(1025), 'max_length'],
      ['too long once normalised', '\ufdfa'.repeat(100), 'max_length'],
      ['the name', 'ada LOVELACE', 'guessable'],
    ])('is refused when %s, and the link stays good', async (_, password, code) => {
      const email = newAddress();
      await app.post('/auth/register', { email, name: 'Ada Lovelace' });
      const token = await app.mailedToken(email);
      const refused = await app.post('/auth/email/verify', { token, password });
      expect([refused.status, refused.body.errors]).toEqual([
        422,
        [expect.objectContaining({ pointer: '/password', code })],
      ]);
      expect((await app.post('/auth/email/verify', { token, password: PASSWORD })).status).toBe(200);
    });

    it('is refused when it is the address', async () => {
      const email = newAddress();
      await app.post('/auth/register', { email, name: 'Ada' });
      const { body } = await app.post('/auth/email/verify', {
        token: await app.mailedToken(email),
        password: email.toUpperCase(),
      });
      expect(body.errors[0].code).toBe('guessable');
    });

    it('is the same in every Unicode form', async () => {
      const email = newAddress();
      await app.person(email, 'pa\u0308sswort mit Umlaut');
      expect((await app.post('/auth/login', { email, password: 'p\u00e4sswort mit Umlaut' })).status).toBe(200);
    });

    it('of any size costs no hash beyond the limit', async () => {
      const email = newAddress();
      const megabyte = await app.post('/auth/login', { email, password: 'x'.repeat(2 ** 20) });
      expect(megabyte.status).toBe(413);
      const long = await app.post('/auth/login', { email, password: '\ufe0f'.repeat(50_000) });
      expect([long.status, long.body.errors[0].pointer]).toEqual([422, '/password']);
      expect((await app.post('/auth/login', { email, password: 12345678 })).status).toBe(422);
    });

    it('guessed wrong ten times makes the next wait, known address or not, and the right one too', async () => {
      const known = newAddress();
      await app.person(known, PASSWORD);
      for (const email of [known, newAddress()]) {
        for (let attempt = 0; attempt < 10; attempt++) {
          expect((await app.post('/auth/login', { email, password: `wrong ${attempt}` })).status).toBe(401);
        }
        const blocked = await app.post('/auth/login', { email, password: PASSWORD });
        expect([blocked.status, blocked.body.code]).toEqual([429, 'rate_limited']);
        expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      await app.database.query('update sign_in_failures set blocked_until = now()');
      expect((await app.post('/auth/login', { email: known, password: PASSWORD })).status).toBe(200);
      expect((await app.post('/auth/login', { email: known, password: 'wrong' })).status).toBe(401);
    });

    it('guessed by many at once is judged ten times', async () => {
      const email = newAddress();
      await app.person(email, PASSWORD);
      const answers = await Promise.all(
        Array.from({ length: 40 }, () => app.post('/auth/login', { email, password: 'wrong' })),
      );
      const judged = answers.filter(({ status }) => status === 401).length;
      // One more may be judged for each second that the burst takes.
      expect(judged).toBeGreaterThanOrEqual(10);
      expect(judged).toBeLessThanOrEqual(12);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(40 - judged);
    });
  });

  describe('a refresh token', () => {
    let email: string;
    let tokens: Tokens;
    const refresh = (refresh_token: string, userAgent = 'one') =>
      app.send('POST', '/api/v1/auth/refresh', { body: { refresh_token }, headers: { 'user-agent': userAgent } });
    const spendLongAgo = () =>
      app.database.query(`update refresh_tokens set spent_at = spent_at - interval '11 seconds'`);

    beforeEach(async () => {
      email = newAddress();
      tokens = await app.person(email, PASSWORD);
    });

    it('gives racing requests of one client the same successor, and the chain goes on', async () => {
      for (let round = 0; round < 5; round++) {
        const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(tokens.refresh_token)));
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
        expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
        tokens = answers[0]!.body;
      }
      const live = await app.database.query('select from refresh_tokens where session_id = $1 and spent_at is null', [
        tokens.session_id,
      ]);
      expect(live).toHaveLength(1);
    });

    it('spent, and shown again after ten seconds, ends the session', async () => {
      const next = (await refresh(tokens.refresh_token)).body;
      await spendLongAgo();
      const reused = await refresh(tokens.refresh_token);
      expect([reused.status, reused.body.code]).toEqual([401, 'token_reused']);
      expect(reused.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect((await app.me(next.access_token)).status).toBe(401);
      expect((await refresh(next.refresh_token)).body.code).toBe('unauthenticated');
      await refresh(tokens.refresh_token);
      const actions = (await eventsOf(email)).map(({ action }) => action);
      expect(actions.filter((action) => action === 'auth.token_reused')).toHaveLength(1);
    });

    it('spent, and shown by another client at once, ends the session', async () => {
      await refresh(tokens.refresh_token);
      expect((await refresh(tokens.refresh_token, 'two')).body.code).toBe('token_reused');
      expect((await app.me(tokens.access_token)).status).toBe(401);
    });

    it('leaves other sessions alone when it is reused', async () => {
      const other = (await app.post('/auth/login', { email, password: PASSWORD })).body;
      await refresh(tokens.refresh_token);
      await refresh(tokens.refresh_token, 'two');
      expect((await refresh(other.refresh_token)).status).toBe(200);
    });

    it('is refused when it is unknown, or its session is over', async () => {
      expect((await refresh('A'.repeat(43))).body.code).toBe('unauthenticated');
      await app.database.query('update sessions set expires_at = now() where id = $1', [tokens.session_id]);
      expect((await refresh(tokens.refresh_token)).body.code).toBe('unauthenticated');
    });

    it('is refused to a suspended user, as is everything else', async () => {
      await app.database.query('update users set suspended_at = now() where email = $1', [email]);
      expect((await refresh(tokens.refresh_token)).status).toBe(401);
      expect((await app.me(tokens.access_token)).status).toBe(401);
      expect((await app.post('/auth/login', { email, password: PASSWORD })).body.code).toBe('invalid_credentials');
    });

    it('races a reuse, and there is never a live chain after it', async () => {
      const next = (await refresh(tokens.refresh_token)).body;
      await spendLongAgo();
      await Promise.all([refresh(tokens.refresh_token), refresh(next.refresh_token), refresh(next.refresh_token)]);
      const live = await app.database.query('select from sessions where id = $1 and ended_at is null', [
        tokens.session_id,
      ]);
      expect(live).toHaveLength(0);
    });
  });

  describe('an access token', () => {
    let good: Tokens;
    let claims: Record<string, any>;
    let key: SigningKey;
    beforeAll(async () => {
      good = await app.person(newAddress(), PASSWORD);
      claims = jwt.decode(good.access_token) as Record<string, any>;
      key = app.nest.get(SigningKey, { strict: false });
    });

    const signed = (changes: object, header: object = {}) =>
      jwt.sign({ ...claims, ...changes }, key.privateKey, {
        algorithm: 'ES256',
        header: { alg: 'ES256', typ: 'at+jwt', kid: key.id, ...header },
      });
    const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

    it('is as the contract says, and verifies with the published key', async () => {
      const { body, headers } = await app.send('GET', '/.well-known/jwks.json');
      expect(headers.get('content-type')).toContain('application/json');
      expect(body.keys).toHaveLength(1);
      const decoded = jwt.decode(good.access_token, { complete: true })!;
      expect(decoded.header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: body.keys[0].kid });
      const publicKey = createPublicKey({ key: body.keys[0], format: 'jwk' });
      expect(jwt.verify(good.access_token, publicKey, { algorithms: ['ES256'] })).toEqual({
        iss: 'http://localhost:3000',
        aud: 'http://localhost:3000',
        sub: expect.any(String),
        sid: good.session_id,
        iat: expect.any(Number),
        exp: claims['iat'] + 600,
        jti: expect.any(String),
        amr: ['email'],
        auth_time: expect.any(Number),
      });
      expect((await app.me(signed({}))).status).toBe(200);
    });

    it.each<[string, () => string]>([
      ['no algorithm', () => `${encoded({ alg: 'none', typ: 'at+jwt', kid: key.id })}.${encoded(claims)}.`],
      [
        'the public key as a secret',
        () => {
          const content = `${encoded({ alg: 'HS256', typ: 'at+jwt', kid: key.id })}.${encoded(claims)}`;
          const secret = key.publicKey.export({ type: 'spki', format: 'pem' });
          return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
        },
      ],
      [
        'another key',
        () =>
          jwt.sign(claims, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, {
            algorithm: 'ES256',
            header: { alg: 'ES256', typ: 'at+jwt', kid: key.id },
          }),
      ],
      [
        'an edited payload',
        () => {
          const [header, , signature] = good.access_token.split('.');
          return `${header}.${encoded({ ...claims, sub: randomUUID() })}.${signature}`;
        },
      ],
      ['another type', () => signed({}, { typ: 'JWT' })],
      ['a foreign key id', () => signed({}, { kid: 'foreign' })],
      ['another audience', () => signed({ aud: 'https://elsewhere.example' })],
      ['another issuer', () => signed({ iss: 'https://elsewhere.example' })],
      ['an end in the past', () => signed({ iat: 1, exp: 2 })],
      ['a session of another user', () => signed({ sub: randomUUID() })],
      ['a session that is not there', () => signed({ sid: randomUUID() })],
    ])('with %s is refused', async (_, forged) => {
      expect((await app.me(forged())).status).toBe(401);
    });

    it('is taken from one Authorization header alone', async () => {
      expect((await app.send('GET', `/api/v1/me?access_token=${good.access_token}`)).status).toBe(401);
      expect((await app.me()).status).toBe(401);
    });
  });

  describe('the database, as the server sees it', () => {
    let connection: pg.Client;
    let tokens: Tokens;
    beforeAll(async () => {
      tokens = await app.person(newAddress(), PASSWORD);
      await app.person(newAddress(), PASSWORD);
      connection = new pg.Client({ connectionString: app.database.url('tenantry_app') });
      await connection.connect();
      const { sub } = jwt.decode(tokens.access_token) as { sub: string };
      await connection.query(`select set_config('app.user_id', $1, false)`, [sub]);
    });
    afterAll(() => connection.end());

    it.each([
      'select hash from passwords',
      'select * from passwords',
      'select * from email_tokens',
      'select * from sign_in_failures',
      'select * from security_events',
      `update security_events set action = 'auth.nothing'`,
      'delete from security_events',
      'truncate security_events',
      `insert into security_events (user_id, action, outcome) values (null, 'auth.signed_in', 'success')`,
      'update users set suspended_at = null',
      'delete from refresh_tokens',
    ])('refuses: %s', async (statement) => {
      await expect(connection.query(statement)).rejects.toMatchObject({ code: '42501' });
    });

    it.each(['users', 'sessions', 'refresh_tokens'])('shows a person their own %s alone', async (table) => {
      const column = table === 'users' ? 'id' : 'user_id';
      const { rows } = await connection.query(`select distinct ${column} as owner from ${table}`);
      expect(rows).toEqual([{ owner: (jwt.decode(tokens.access_token) as { sub: string }).sub }]);
    });

    it('changes the password of the person alone', async () => {
      const { rowCount } = await connection.query('update passwords set changed_at = now()');
      expect(rowCount).toBe(1);
    });

    it('keeps no token, password or address where an event is', async () => {
      const [events] = await app.database.query(`select string_agg(e::text, ' ') as text from security_events e`);
      expect(events!['text']).not.toMatch(/@|example|Ada/);
      const tables = [
        'passwords',
        'refresh_tokens',
        'email_tokens',
        'sessions',
        'users',
        'sign_in_failures',
        'security_events',
      ];
      for (const table of tables) {
        const [dump] = await app.database.query(`select string_agg(t::text, ' ') as text from ${table} t`);
        for (const secret of [PASSWORD, tokens.refresh_token, tokens.access_token])
          expect(dump!['text']).not.toContain(secret);
      }
    });
  });
});
