import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import pg from 'pg';
import { AuthApp, PASSWORD } from '../support/auth.ts';
import { FakeIssuer } from '../support/fake-issuer.ts';
import { served } from '../support/served.ts';

const SECONDS = 1000;

interface SessionRow {
  readonly id: string;
  readonly authenticated_at: Date;
  readonly authentication_methods: string[];
}

describe('an access token of an outside issuer', () => {
  let issuer: FakeIssuer;
  let app: AuthApp;
  beforeAll(async () => {
    issuer = await FakeIssuer.start();
    app = await AuthApp.start({ ...issuer.environment, OUTSIDE_ISSUER_CREATES_USERS: 'true' });
  });
  afterAll(async () => {
    await app.stop();
    await issuer.stop();
  });

  const sessionsOf = (email: string) =>
    app.test.database.query<SessionRow>(
      'select s.* from sessions s join users u on u.id = s.user_id where u.email_key = $1 order by s.id',
      [email],
    );
  const usersOf = (email: string) => app.test.database.query('select from users where email_key = $1', [email]);

  it('lets in who has its verified address, and asks the issuer no more than once', async () => {
    const email = app.newAddress();
    const own = await app.person(email);
    const before = issuer.questions;
    const token = issuer.token(email.toUpperCase());
    const { body } = await app.me(token).expect(200);
    expect(body).toEqual((await app.me(own.access_token).expect(200)).body);
    expect(await app.test.roundTrips(() => app.me(token).expect(200))).toBe(1);
    expect(await app.test.roundTrips(() => app.me(issuer.byRsa(email)).expect(200))).toBe(4);
    expect(issuer.questions - before).toBeLessThanOrEqual(1);
    expect((await app.eventsOf(email)).at(-1)).toMatchObject({
      action: 'auth.signed_in',
      request_id: expect.any(String),
    });
    await app.login(email, PASSWORD).expect(200);
  });

  it('knows its address in each way to write it that is of one mailbox', async () => {
    const local = `rene\u0301.${randomUUID()}`;
    const { body } = await app.me(issuer.token(`${local}@b\u00fccher.example`)).expect(200);
    expect(body.email).toBe(`${local.normalize('NFC')}@xn--bcher-kva.example`);
    const same = `${local.normalize('NFC').toUpperCase()}@xn--bcher-kva.example`;
    expect((await app.me(issuer.token(same)).expect(200)).body.id).toBe(body.id);
  });

  it('makes a new user of who is none, by the name that it tells', async () => {
    const named = app.newAddress();
    expect((await app.me(issuer.token(named, { name: 'Ada Lovelace' })).expect(200)).body).toMatchObject({
      email: named,
      name: 'Ada Lovelace',
    });
    expect((await app.eventsOf(named)).map(({ action }) => action)).toEqual(['auth.registered', 'auth.signed_in']);
    for (const name of [undefined, '', 'a\nb', 7]) {
      const email = app.newAddress();
      expect((await app.me(issuer.token(email, { name })).expect(200)).body.name).toBe(email.split('@')[0]);
    }
  });

  it('makes another user of who has deleted their account', async () => {
    const email = app.newAddress();
    const its = { session_id: randomUUID(), auth_time: Math.floor(Date.now() / SECONDS) };
    const token = issuer.token(email, its);
    const { body: before } = await app.me(token).expect(200);
    await app.test.anonymous.as(token).delete('/me').expect(204);
    await app.me(token).expect(401);
    const { body: after } = await app.me(issuer.token(email, { ...its, name: 'Ada' })).expect(200);
    expect(after).toMatchObject({ email, name: 'Ada' });
    expect(after.id).not.toBe(before.id);
  });

  it('seen many times at once makes one user and one session', async () => {
    const email = app.newAddress();
    const session = { session_id: randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => served(() => app.me(issuer.token(email, { ...session, i })))),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect([await usersOf(email), await sessionsOf(email)].map(({ length }) => length)).toEqual([1, 1]);
    const events = await app.eventsOf(email);
    expect(events.filter(({ action }) => action === 'auth.signed_in')).toHaveLength(1);
  });

  it.each([['session_id'], ['sid'], ['jti']])(
    'is of one session by its %s, which ends for all its tokens',
    async (claim) => {
      const email = app.newAddress();
      const its = { session_id: undefined, [claim]: randomUUID() };
      const [first, later] = [issuer.token(email, its), issuer.token(email, { ...its, name: 'later' })];
      await app.me(first).expect(200);
      await app.me(later).expect(200);
      expect(await sessionsOf(email)).toHaveLength(1);
      await app.test.anonymous.as(first).post('/auth/logout').expect(204);
      for (const token of [first, later, issuer.token(email, its)]) await app.me(token).expect(401);
      await app.me(issuer.token(email)).expect(200);
      expect(await sessionsOf(email)).toHaveLength(2);
    },
  );

  it('is of a session that ends with all others, also while its last token has expired', async () => {
    const email = app.newAddress();
    const own = await app.person(email);
    const its = { session_id: randomUUID() };
    await app.me(issuer.token(email, its)).expect(200);
    await app.test.database.query('update sessions set expires_at = now() where outside_key is not null');
    await app.test.anonymous.as(own.access_token).delete('/auth/sessions').expect(204);
    await app.me(issuer.token(email, { ...its, name: 'later' })).expect(401);
    await app.me(own.access_token).expect(200);
  });

  it('is of a session that its person can end while its last token has expired', async () => {
    const email = app.newAddress();
    const api = app.test.anonymous.as((await app.person(email)).access_token);
    const its = { session_id: randomUUID() };
    await app.me(issuer.token(email, its)).expect(200);
    const waiting = (await sessionsOf(email)).find((session) => session.authentication_methods.includes('outside'))!.id;
    await app.test.database.query('update sessions set expires_at = now() where id = $1', [waiting]);
    await api.delete(`/auth/sessions/${waiting}`).expect(204);
    await api.delete(`/auth/sessions/${waiting}`).expect(404);
    await app.me(issuer.token(email, { ...its, name: 'later' })).expect(401);
  });

  it('tells when the person proved who they are, or else it was long ago', async () => {
    const email = app.newAddress();
    const auth_time = Math.floor(Date.now() / SECONDS) - 60;
    await app.me(issuer.token(email, { auth_time })).expect(200);
    await app.me(issuer.token(email)).expect(200);
    const [told, untold] = await sessionsOf(email);
    expect(told).toMatchObject({
      authenticated_at: new Date(auth_time * SECONDS),
      authentication_methods: ['outside'],
    });
    expect(untold!.authenticated_at).toEqual(new Date(0));
  });

  it('is of no later proof than now, whatever it says', async () => {
    const email = app.newAddress();
    await app.me(issuer.token(email, { auth_time: Math.floor(Date.now() / SECONDS) + 86_400 })).expect(200);
    const rows = await app.test.database.query(
      'select authenticated_at <= now() as "isPast" from sessions s join users u on u.id = s.user_id where u.email_key = $1',
      [email],
    );
    expect(rows).toEqual([{ isPast: true }]);
  });

  it('is let in no longer than some minutes once the issuer has taken back its key', async () => {
    const token = issuer.token(app.newAddress());
    await app.me(token).expect(200);
    issuer.rotate();
    issuer.rotate();
    app.test.clock.advance(599 * SECONDS);
    await app.me(token).expect(200);
    app.test.clock.advance(2 * SECONDS);
    expect((await app.me(token).expect(401)).body.code).toBe('unauthenticated');
  });

  it('does not let in who is suspended, nor makes them anew', async () => {
    const email = app.newAddress();
    const token = issuer.token(email);
    await app.me(token).expect(200);
    await app.test.database.query('update users set suspended_at = now() where email_key = $1', [email]);
    await app.me(token).expect(401);
    await app.me(issuer.token(email)).expect(401);
    expect(await usersOf(email)).toHaveLength(1);
  });

  describe('is refused', () => {
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const encoded = (part: object | null) => Buffer.from(JSON.stringify(part)).toString('base64url');
    let email: string;
    beforeEach(() => (email = app.newAddress()));

    it.each<[string, () => string]>([
      ['an address that is not verified', () => issuer.token(email, { email_verified: false })],
      ['an address of which it does not say', () => issuer.token(email, { email_verified: undefined })],
      ['an address that is nearly verified', () => issuer.token(email, { email_verified: 'true' })],
      [
        'an address that its person calls verified',
        () => issuer.token(email, { email_verified: undefined, user_metadata: { email_verified: true } }),
      ],
      ['no address', () => issuer.token(email, { email: undefined })],
      ['no address at all', () => issuer.token('nonsense')],
      ['an address that is another once normalised', () => issuer.token(email.replace('a', '\uff41'))],
      ['an address with an @ once normalised', () => issuer.token(email.replace('@', '\uff20'))],
      ['another audience', () => issuer.token(email, { aud: 'anon' })],
      ['no audience', () => issuer.token(email, { aud: undefined })],
      ['another issuer', () => issuer.token(email, { iss: 'https://elsewhere.example' })],
      ['our own name', () => issuer.token(email, { iss: 'http://localhost:3000' })],
      ['the name of its issuer, nearly', () => issuer.token(email, { iss: issuer.url.slice(0, -1) })],
      ['an end that is no time', () => issuer.token(email, { exp: 1e300 })],
      ['a proof of who it is at no time', () => issuer.token(email, { auth_time: 'now' })],
      ['a proof of who it is before all time', () => issuer.token(email, { auth_time: -1 })],
      ['something critical that nobody knows', () => issuer.token(email, {}, { crit: ['b64'], b64: true })],
      ['no end', () => issuer.token(email, { exp: undefined })],
      ['a beginning in the future', () => issuer.token(email, { nbf: Math.floor(Date.now() / SECONDS) + 600 })],
      ['no session and no id', () => issuer.token(email, { session_id: undefined })],
      ['a session that is no text', () => issuer.token(email, { session_id: 7 })],
      ['another type', () => issuer.token(email, {}, { typ: 'logout+jwt' })],
      ['no type', () => issuer.token(email, {}, { typ: undefined })],
      ['no JSON', () => issuer.token(email).replace(/\..*\./, '.AAAA.')],
      ['nothing', () => issuer.token(email).replace(/\..*\./, `.${encoded(null)}.`)],
      ['no key id', () => issuer.token(email, {}, { kid: undefined })],
      ['a foreign key id', () => issuer.token(email, {}, { kid: 'foreign' })],
      ['a foreign key', () => issuer.token(email, {}, {}, { ...issuer.pair, privateKey: stranger.privateKey })],
      [
        'a key of its own',
        () => {
          const header = { jwk: stranger.publicKey.export({ format: 'jwk' }), jku: `${issuer.url}jwks.json` };
          return issuer.token(email, {}, header, { ...issuer.pair, privateKey: stranger.privateKey });
        },
      ],
      [
        'no algorithm',
        () => `${encoded({ alg: 'none', typ: 'JWT', kid: issuer.pair.kid })}.${encoded(issuer.claims(email))}.`,
      ],
      [
        'the public key as a secret',
        () => {
          const header = { alg: 'HS256', typ: 'JWT', kid: issuer.pair.kid };
          const content = `${encoded(header)}.${encoded(issuer.claims(email))}`;
          const secret = issuer.pair.publicKey.export({ type: 'spki', format: 'pem' });
          return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
        },
      ],
    ])('with %s, and nobody comes of it', async (_, forged) => {
      expect((await app.me(forged()).expect(401)).body.code).toBe('unauthenticated');
      expect(await usersOf(email)).toEqual([]);
    });

    it('with an end in the past, as our own are', async () => {
      const { body } = await app.me(issuer.token(email, { iat: 1, exp: 2 })).expect(401);
      expect(body.code).toBe('token_expired');
    });

    it('in the time of one request, where the issuer takes its own and the database does not answer', async () => {
      const slow = await AuthApp.start(issuer.environment);
      const address = slow.newAddress();
      await slow.person(address);
      const client = new pg.Client(slow.test.database.url());
      await client.connect();
      await client.query('begin');
      await client.query('lock table organizations');
      issuer.delay = 1_400;
      const before = performance.now();
      const api = slow.test.anonymous.as(issuer.token(address));
      const { body } = await api.get('/organizations').expect(503);
      expect(performance.now() - before).toBeLessThan(2_700);
      expect(body.code).toBe('unavailable');
      issuer.delay = 0;
      await client.end();
      await slow.stop();
    });

    it('for the moment, while nobody knows the keys of its issuer', async () => {
      issuer.answer = { status: 503, body: '' };
      const early = await AuthApp.start({ ...issuer.environment, OUTSIDE_ISSUER_CREATES_USERS: 'true' });
      const { body } = await early.me(issuer.token(email)).expect(503);
      expect(body.code).toBe('unavailable');
      issuer.answer = undefined;
      early.test.clock.advance(30 * SECONDS);
      await early.me(issuer.token(email)).expect(200);
      await early.stop();
    });

    it('where it is for known people alone, and they are let in', async () => {
      const closed = await AuthApp.start(issuer.environment);
      const known = 'known@example.com';
      await closed.person(known);
      await closed.me(issuer.token(known)).expect(200);
      await closed.me(issuer.token(email)).expect(401);
      expect(await closed.test.database.query('select from users')).toHaveLength(1);
      await closed.stop();
    });
  });
});
