import jwt from 'jsonwebtoken';
import pg from 'pg';
import type { Response, Test } from 'supertest';
import { codeOf } from '../support/answers.ts';
import { AuthApp, PASSWORD, type SignedIn, type Tokens } from '../support/auth.ts';
import { FakeIssuer } from '../support/fake-issuer.ts';
import { RECOVERY_CODE, TestFactor } from '../support/second-factor.ts';
import { served } from '../support/served.ts';
import { until } from '../support/until.ts';

const ANOTHER = 'battery staple, horse';
const MS_PER_SECOND = 1000;
const ELEVEN_MINUTES = 660;
const REQUIRED = '403 step_up_required';

describe('stepping up', () => {
  let issuer: FakeIssuer;
  let app: AuthApp;
  let email: string;
  let tokens: SignedIn;
  beforeAll(async () => {
    issuer = await FakeIssuer.start();
    app = await AuthApp.start(issuer.environment);
  });
  afterAll(async () => {
    await app.stop();
    await issuer.stop();
  });
  beforeEach(async () => {
    email = app.newAddress();
    tokens = await app.someone(email);
  });

  const faultOf = ({ status, body }: Response) => [status, body.errors?.[0].pointer, body.errors?.[0].code];

  const stepUp = (body: object = { password: PASSWORD }, token = tokens.access_token) =>
    app.test.anonymous.as(token).post('/auth/step-up', body);

  /** What takes a proof of the last ten minutes, and changes nothing that matters here. */
  const sensitive = (token = tokens.access_token) =>
    app.changePassword(token, { current_password: PASSWORD, new_password: PASSWORD });

  const age = (sessionId = tokens.session_id, seconds = ELEVEN_MINUTES) =>
    app.test.database.query('update sessions set authenticated_at = now() - make_interval(secs => $2) where id = $1', [
      sessionId,
      seconds,
    ]);

  const sessionOf = async (sessionId = tokens.session_id) => {
    const [session] = await app.test.database.query<{ age: number; methods: string[] }>(
      `select extract(epoch from now() - authenticated_at)::float as age, authentication_methods as methods
         from sessions where id = $1`,
      [sessionId],
    );
    return session!;
  };

  /** @returns the answer to a call that has judged its proof, and waits with the renewal until what the statement does to the person is done */
  const whileItWaits = async (statement: string, call: () => Test): Promise<Response> => {
    const holder = new pg.Client({ connectionString: app.test.database.url() });
    await holder.connect();
    try {
      await holder.query('begin');
      await holder.query(statement, [tokens.userId]);
      const answer = call().then((response) => response);
      const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      await until(async () => (await app.test.database.query(waiting)).length > 0);
      await holder.query('commit');
      return await answer;
    } finally {
      await holder.end();
    }
  };

  const claimsOf = ({ access_token }: Tokens) => jwt.decode(access_token) as jwt.JwtPayload;

  it('is kept from nobody by wrong passwords of a stranger', async () => {
    for (let attempt = 0; attempt < 11; attempt++) await app.login(email, ANOTHER);
    expect((await app.login(email, PASSWORD)).status).toBe(429);
    await stepUp().expect(204);
    await sensitive().expect(204);
  });

  it('lets the session through at once, and its next access token tells when and how', async () => {
    await age();
    expect(codeOf(await sensitive())).toBe(REQUIRED);
    const before = Math.floor(Date.now() / MS_PER_SECOND);
    expect((await stepUp().expect(204)).text).toBe('');
    await sensitive().expect(204);
    const { body: refreshed } = await app.refresh(tokens.refresh_token).expect(200);
    expect(claimsOf(refreshed)).toMatchObject({ amr: ['email', 'pwd'], sid: tokens.session_id });
    expect(claimsOf(refreshed)['auth_time']).toBeGreaterThanOrEqual(before - 1);
    expect((await app.eventsOf(email)).at(-2)).toMatchObject({
      action: 'auth.stepped_up',
      session_id: tokens.session_id,
    });
  });

  it('adds how it was done to what the session was begun by, once', async () => {
    const { body } = await app.signInByLink(await app.magicLink(email)).expect(200);
    for (let round = 0; round < 2; round += 1) await stepUp(undefined, body.access_token).expect(204);
    expect((await sessionOf(body.session_id)).methods).toEqual(['email', 'pwd']);
  });

  it('renews no other session', async () => {
    const { body: other } = await app.login(email, PASSWORD).expect(200);
    await age(other.session_id);
    await stepUp().expect(204);
    expect(codeOf(await sensitive(other.access_token))).toBe(REQUIRED);
  });

  it('is done by a new sign-in too, for the session that this begins', async () => {
    await age();
    const { body } = await app.signInByLink(await app.magicLink(email)).expect(200);
    await sensitive(body.access_token).expect(204);
    expect((await app.me(tokens.access_token)).status).toBe(401);
  });

  it('is judged to the second', async () => {
    await age(tokens.session_id, 598);
    await sensitive().expect(204);
    await age(tokens.session_id, 600);
    expect(codeOf(await sensitive())).toBe(REQUIRED);
  });

  it('is judged by the database, however far a server is ahead', async () => {
    app.test.clock.advance(3_600_000);
    try {
      const { body } = await app.login(email, PASSWORD).expect(200);
      expect((await sessionOf(body.session_id)).age).toBeGreaterThanOrEqual(0);
    } finally {
      app.test.clock.advance(-3_600_000);
    }
  });

  it('takes one proof, and the right one', async () => {
    await age();
    expect(faultOf(await stepUp({}))).toEqual([422, '/password', 'required']);
    expect(faultOf(await stepUp({ password: PASSWORD, code: '123456' }))).toEqual([422, '/code', 'exclusive']);
    expect(faultOf(await stepUp({ password: '' }))).toEqual([422, '/password', 'wrong']);
    expect(faultOf(await stepUp({ password: ANOTHER }))).toEqual([422, '/password', 'wrong']);
    expect(codeOf(await sensitive())).toBe(REQUIRED);
    const failures = (await app.eventsOf(email)).filter(({ action }) => action === 'auth.step_up_failed');
    expect(failures).toHaveLength(2);
  });

  it('takes nothing that there is not, and says what to do', async () => {
    expect(faultOf(await stepUp({ code: '123456' }))).toEqual([422, '/code', 'not_set']);
    const address = app.newAddress();
    const { body } = await app.signInByLink(await app.magicLink(address)).expect(200);
    for (let round = 0; round < 12; round += 1) {
      const answer = await stepUp(undefined, body.access_token);
      expect(faultOf(answer)).toEqual([422, '/password', 'not_set']);
      expect(answer.body.errors[0].detail).toContain('by a mailed link');
    }
  });

  it('is guessed as often as at the front door, and counted apart, key or no key', async () => {
    await age();
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await stepUp({ password: ANOTHER }).expect(422);
      await stepUp({ password: ANOTHER }).set('idempotency-key', `${attempt}`).expect(422);
    }
    const { headers } = await stepUp().expect(429);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(codeOf(await sensitive())).toBe(REQUIRED);
    await app.login(email, PASSWORD).expect(200);
  });

  it('guessed many times at once judges ten', async () => {
    const guesses = Array.from({ length: 20 }, (_, index) => ({ password: `${ANOTHER} ${index}` }));
    const answers = await Promise.all(guesses.map((guess) => served(() => stepUp(guess))));
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([422, 429].flatMap((status) => Array.from({ length: 10 }, () => status)));
    const failures = (await app.eventsOf(email)).filter(({ action }) => action === 'auth.step_up_failed');
    expect(failures).toHaveLength(10);
  });

  it('is not done by a password that another has taken the place of meanwhile', async () => {
    await age();
    const answer = await whileItWaits('update passwords set changed_at = clock_timestamp() where user_id = $1', () =>
      stepUp(),
    );
    expect(faultOf(answer)).toEqual([422, '/password', 'wrong']);
    expect((await sessionOf()).age).toBeGreaterThan(ELEVEN_MINUTES - 1);
  });

  it('revives no session that ends at this moment', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { body: other } = await app.login(email, PASSWORD).expect(200);
      const [, stepped] = await Promise.all([
        app.test.anonymous.as(tokens.access_token).delete(`/auth/sessions/${other.session_id}`),
        stepUp(undefined, other.access_token),
      ]);
      expect([204, 401]).toContain(stepped.status);
      await app.me(other.access_token).expect(401);
    }
  });

  describe('by a code of the second factor', () => {
    let factor: TestFactor;
    beforeEach(async () => {
      const api = app.test.anonymous.as(tokens.access_token);
      factor = await TestFactor.active(app.test, { api, userId: tokens.userId });
      await age();
    });

    it('is as good as by the password, and told in the next access token', async () => {
      await stepUp({ code: factor.code() }).expect(204);
      await sensitive().expect(204);
      const { body: refreshed } = await app.refresh(tokens.refresh_token).expect(200);
      expect(claimsOf(refreshed)['amr']).toEqual(['email', 'otp', 'mfa']);
      await stepUp().expect(204);
    });

    it('takes a recovery code too, once', async () => {
      await stepUp({ code: RECOVERY_CODE }).expect(204);
      expect((await sessionOf()).methods).toEqual(['email', 'mfa']);
      expect(faultOf(await stepUp({ code: RECOVERY_CODE }))).toEqual([422, '/code', 'wrong']);
    });

    it('takes each code once, also of 20 times at once', async () => {
      const code = factor.code();
      const answers = await Promise.all(Array.from({ length: 20 }, () => served(() => stepUp({ code }))));
      const statuses = answers.map(({ status }) => status).toSorted();
      expect(statuses.slice(0, 2)).toEqual([204, 422]);
      expect(statuses.filter((status) => ![204, 422, 429].includes(status))).toEqual([]);
      await sensitive().expect(204);
    });

    it('counts the wrong ones and tells of them, and lets nobody through by them', async () => {
      for (let guess = 0; guess < 10; guess += 1) {
        expect(faultOf(await stepUp({ code: `00000${guess}` }))).toEqual([422, '/code', 'wrong']);
      }
      const { headers } = await stepUp({ code: factor.code() }).expect(429);
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect(codeOf(await sensitive())).toBe(REQUIRED);
      const failures = (await app.eventsOf(email)).filter(({ action }) => action === 'auth.step_up_failed');
      expect(failures).toHaveLength(10);
    });

    it('spends no code for a session that ends at this moment', async () => {
      const { body: other } = await app.post('/auth/login', { email, password: PASSWORD }).expect(200);
      expect(other).not.toHaveProperty('access_token');
      const code = factor.code();
      const ends = 'update sessions set ended_at = now() where user_id = $1';
      expect(codeOf(await whileItWaits(ends, () => stepUp({ code })))).toBe('401 unauthenticated');
      await app.post('/auth/mfa/verify', { mfa_token: other.mfa_token, code }).expect(200);
    });
  });

  describe('by a mailed link, sent with what the session is called by,', () => {
    const linkToken = (count = 1) => app.magicLink(email, count);
    const byLink = (token: string, accessToken = tokens.access_token) =>
      app.test.anonymous.as(accessToken).post('/auth/magic-links/verify', { token });

    it('renews that session beside the one that it begins, and the log tells of both', async () => {
      await age();
      const { body } = await byLink(await linkToken()).expect(200);
      expect(body.session_id).not.toBe(tokens.session_id);
      await sensitive().expect(204);
      const { body: refreshed } = await app.refresh(tokens.refresh_token).expect(200);
      expect(claimsOf(refreshed)).toMatchObject({ amr: ['email'], sid: tokens.session_id });
      const renewals = (await app.eventsOf(email)).filter(({ action }) => action === 'auth.stepped_up');
      expect(renewals).toMatchObject([{ session_id: tokens.session_id }]);
    });

    it('does so by the cookie too, with a token that has expired', async () => {
      await age();
      const expired = app.test.actors.token(tokens.userId, tokens.session_id, ELEVEN_MINUTES);
      const token = await linkToken();
      await app.signInByLink(token).set('cookie', `__Host-tenantry_access=${expired}`).expect(200);
      await sensitive().expect(204);
    });

    it('takes the second factor first, where there is one', async () => {
      const api = app.test.anonymous.as(tokens.access_token);
      const factor = await TestFactor.active(app.test, { api, userId: tokens.userId });
      await age();
      const { body } = await byLink(await linkToken()).expect(200);
      expect(codeOf(await sensitive())).toBe(REQUIRED);
      await api.post('/auth/mfa/verify', { mfa_token: body.mfa_token, code: '000000' }).expect(422);
      expect(codeOf(await sensitive())).toBe(REQUIRED);
      await api.post('/auth/mfa/verify', { mfa_token: body.mfa_token, code: factor.code() }).expect(200);
      expect((await sessionOf()).methods).toEqual(['email', 'otp', 'mfa']);
      await sensitive().expect(204);
    });

    it("changes nothing for another person's session, one that is over, or what is no token", async () => {
      const stranger = await app.someone();
      await age(stranger.session_id);
      await byLink(await linkToken(), stranger.access_token).expect(200);
      expect(codeOf(await sensitive(stranger.access_token))).toBe(REQUIRED);
      await age();
      await app.test.database.query('update sessions set ended_at = now() where id = $1', [tokens.session_id]);
      await byLink(await linkToken(2)).expect(200);
      await byLink(await linkToken(3), 'no token').expect(200);
      expect((await sessionOf()).age).toBeGreaterThan(ELEVEN_MINUTES - 1);
      expect((await app.eventsOf(email)).map(({ action }) => action)).not.toContain('auth.stepped_up');
    });
  });

  it('20 times at once is as good as once', async () => {
    await age();
    const answers = await Promise.all(Array.from({ length: 20 }, () => served(() => stepUp())));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 204));
    await sensitive().expect(204);
  });

  describe('of a session of another issuer', () => {
    const secondsAgo = (seconds: number) => Math.floor(Date.now() / MS_PER_SECOND) - seconds;
    const its = () => ({ session_id: crypto.randomUUID() });

    it('is for that issuer to do where its tokens have no auth_time', async () => {
      const token = issuer.token(email, its());
      expect(codeOf(await sensitive(token))).toBe(REQUIRED);
      const answer = await stepUp(undefined, token);
      expect(codeOf(answer)).toBe(REQUIRED);
      expect(answer.body.detail).toContain('Sign in anew there');
      expect(codeOf(await stepUp({ password: ANOTHER }, token))).toBe(REQUIRED);
      await app.login(email, PASSWORD).expect(200);
    });

    it('is done here as well where they have', async () => {
      const token = issuer.token(email, { ...its(), auth_time: secondsAgo(ELEVEN_MINUTES) });
      expect(codeOf(await sensitive(token))).toBe(REQUIRED);
      await stepUp(undefined, token).expect(204);
      await sensitive(token).expect(204);
    });

    it('is done by a newer auth_time, and undone by no older one', async () => {
      const session = its();
      const first = issuer.token(email, session);
      expect(codeOf(await sensitive(first))).toBe(REQUIRED);
      await sensitive(issuer.token(email, { ...session, auth_time: secondsAgo(5) })).expect(204);
      await sensitive(first).expect(204);
      await sensitive(issuer.token(email, { ...session, auth_time: secondsAgo(ELEVEN_MINUTES) })).expect(204);
      await sensitive(issuer.token(email, { ...session, name: 'no auth_time' })).expect(204);
    });
  });
});
