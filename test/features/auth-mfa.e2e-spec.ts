import jwt from 'jsonwebtoken';
import type { Response, Test } from 'supertest';
import { AuthApp, comparable, PASSWORD } from '../support/auth.ts';
import { Browser, cookiesOf } from '../support/browser.ts';
import { RECOVERY_CODE, TestFactor } from '../support/second-factor.ts';
import { served } from '../support/served.ts';

const STEP_MS = 30_000;
const TWENTY = Array.from({ length: 20 }, (_, index) => index);
const OTHER_CODE = '000000';
const FRONT_END = 'https://app.example.com';
const ANOTHER = 'battery staple, horse';

describe('signing in with a second factor', () => {
  let app: AuthApp;
  let email: string;
  let userId: string;
  let factor: TestFactor;
  beforeAll(async () => {
    app = await AuthApp.start({ CORS_ORIGINS: FRONT_END });
    app.test.clock.stop();
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    email = app.newAddress();
    const person = await app.someone(email);
    userId = person.userId;
    factor = await TestFactor.active(app.test, { api: app.test.anonymous.as(person.access_token), userId });
  });

  const challenge = async (): Promise<string> => (await app.login(email, PASSWORD).expect(200)).body.mfa_token;
  const answer = (mfaToken: string, code: string): Test => app.post('/auth/mfa/verify', { mfa_token: mfaToken, code });

  const told = ({ status, body }: Response) => `${status} ${body.code ?? Object.keys(body).join()}`;
  const SIGNED_IN = '200 access_token,token_type,expires_in,refresh_token,session_id';
  const WRONG = '422 validation_failed';
  const OVER = '401 invalid_credentials';
  const countsOf = (answers: readonly Response[]) => {
    const counts: Record<string, number> = {};
    for (const each of answers.map(told)) counts[each] = (counts[each] ?? 0) + 1;
    return counts;
  };

  const liveSessions = async () =>
    (
      await app.test.database.query(
        'select from sessions where user_id = $1 and ended_at is null and authentication_methods <> $2',
        [userId, ['email']],
      )
    ).length;
  const blockUntil = (moment: string) =>
    app.test.database.query(`update second_factor_failures set blocked_until = ${moment} where user_id = $1`, [userId]);
  const inDatabase = (statement: string) => app.test.database.query(statement, [userId]);

  it('is over for whoever has begun it when the owner ends all other sessions', async () => {
    const { body } = await answer(await challenge(), factor.code(-1)).expect(200);
    const begun = await challenge();
    await app.test.anonymous.as(body.access_token).send('delete', '/auth/sessions').expect(204);
    expect(told(await answer(begun, factor.code()))).toBe(OVER);
  });

  it('takes the password and then a code, and its access tokens say so', async () => {
    const login = await app.login(email, PASSWORD).expect(200);
    expect(login.body).toEqual({
      mfa_required: true,
      mfa_token: expect.stringMatching(/^[\w-]{43}$/),
      methods: ['totp', 'recovery_code'],
      expires_in: 300,
    });
    expect(await liveSessions()).toBe(0);
    const { body } = await answer(login.body.mfa_token, factor.code()).expect(200);
    await app.me(body.access_token).expect(200);
    expect(jwt.decode(body.access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
    const { body: next } = await app.refresh(body.refresh_token).expect(200);
    expect(jwt.decode(next.access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
    const actions = (await app.eventsOf(email)).map(({ action }) => action);
    expect(actions.slice(-2)).toEqual(['auth.mfa_challenged', 'auth.signed_in']);
  });

  it('takes a recovery code in its place, once, and the person is told', async () => {
    const { body } = await answer(await challenge(), RECOVERY_CODE).expect(200);
    expect(jwt.decode(body.access_token)).toMatchObject({ amr: ['pwd', 'mfa'] });
    expect(told(await answer(await challenge(), RECOVERY_CODE))).toBe(WRONG);
    expect((await app.test.mailsTo(email))[0]!.subject).toBe('A recovery code was used');
  });

  it('is asked for by every mailed link as well, and no link goes round it', async () => {
    const register = await app.post('/auth/register', { email, name: 'Ada' });
    expect(register.status).toBe(202);
    const link = await app.signInByLink(await app.magicLink(email, 2)).expect(200);
    expect(link.body.mfa_required).toBe(true);
    const { body } = await answer(link.body.mfa_token, factor.code()).expect(200);
    expect(jwt.decode(body.access_token)).toMatchObject({ amr: ['email', 'otp', 'mfa'] });

    await app.reset(await app.resetLink(email, 3), ANOTHER).expect(204);
    const login = await app.login(email, ANOTHER).expect(200);
    expect(Object.keys(login.body)).toContain('mfa_token');
    expect(await liveSessions()).toBe(0);
  });

  it('is asked for by the link of a registration from before the account was', async () => {
    const address = app.newAddress();
    const first = await app.register(address);
    await app.post('/auth/register', { email: address, name: 'Ada' }).expect(202);
    const second = await app.mailedToken(address, 2);
    const { body } = await app.verify(first, PASSWORD).expect(200);
    const { sub } = jwt.decode(body.access_token) as { sub: string };
    await TestFactor.active(app.test, { api: app.test.anonymous.as(body.access_token), userId: sub });
    const answered = await app.verify(second).expect(200);
    expect(answered.body.mfa_required).toBe(true);
  });

  describe('gives for the first factor', () => {
    it('nothing that lets anybody in anywhere', async () => {
      const token = await challenge();
      for (const path of ['/me', '/organizations', '/auth/sessions']) {
        await app.test.anonymous.as(token).get(path).expect(401);
        await app.test.anonymous.get(path).set('cookie', `__Host-tenantry_access=${token}`).expect(401);
      }
      await app.refresh(token).expect(401);
      for (const call of [app.signInByLink(token), app.verify(token), app.reset(token, ANOTHER)]) {
        expect(told(await call)).toBe('410 token_used');
      }
      expect(await liveSessions()).toBe(0);
    });

    it('no cookie; the session of the second one is in cookies where they are asked for', async () => {
      const browser = new Browser(app.test.anonymous, FRONT_END);
      const login = await browser.signIn('/auth/login', { email, password: PASSWORD });
      expect([login.status, cookiesOf(login)]).toEqual([200, []]);
      const body = { mfa_token: login.body.mfa_token, code: factor.code() };
      const verified = await browser.signIn('/auth/mfa/verify', body);
      expect([verified.status, Object.keys(verified.body)]).toEqual([200, ['expires_in', 'session_id']]);
      expect(cookiesOf(verified)).toHaveLength(2);
      expect((await browser.get('/me')).status).toBe(200);
    });

    it('a token that is kept as its hash alone', async () => {
      const token = await challenge();
      const [row] = await app.test.database.query(`select string_agg(c::text, '') as text from mfa_challenges c`);
      expect(row!['text']).not.toContain(token);
      expect(row!['text']).not.toContain(Buffer.from(token).toString('hex'));
    });
  });

  describe('asks a question that is over', () => {
    it('after five wrong codes: the sixth is refused, be it right', async () => {
      const token = await challenge();
      for (let attempt = 0; attempt < 5; attempt++) expect(told(await answer(token, OTHER_CODE))).toBe(WRONG);
      const sixth = await answer(token, factor.code());
      expect(told(sixth)).toBe(OVER);
      expect(comparable(await answer('A'.repeat(43), factor.code()))).toEqual(comparable(sixth));
      await answer(await challenge(), factor.code()).expect(200);
      expect((await app.eventsOf(email)).map(({ action }) => action)).toEqual(
        expect.arrayContaining(['auth.mfa_failed', 'auth.mfa_refused']),
      );
    });

    it('after four wrong codes and a right one, with a session', async () => {
      const token = await challenge();
      for (let attempt = 0; attempt < 4; attempt++) expect(told(await answer(token, OTHER_CODE))).toBe(WRONG);
      expect(told(await answer(token, factor.code()))).toBe(SIGNED_IN);
      expect(told(await answer(token, factor.code(1)))).toBe(OVER);
    });

    it('after five of 200 guesses at once, the right one the last of them', async () => {
      const token = await challenge();
      const codes = Array.from({ length: 199 }, (_, index) => String(100_000 + index));
      const answers = await Promise.all([...codes, factor.code()].map((code) => served(() => answer(token, code))));
      const { [WRONG]: wrong = 0, [SIGNED_IN]: signedIn = 0, [OVER]: over = 0 } = countsOf(answers);
      // The last may be among the first five to come; one that came again after a 503 may have been counted before it.
      expect(wrong + signedIn).toBeLessThanOrEqual(5);
      expect(over).toBe(200 - wrong - signedIn);
      const [row] = await app.test.database.query<{ attempts: number }>(
        'select attempts from mfa_challenges where user_id = $1',
        [userId],
      );
      expect(row!.attempts).toBe(5);
    });

    it('after five minutes by the clock of the database', async () => {
      const token = await challenge();
      await inDatabase(`update mfa_challenges set expires_at = now() + interval '20 seconds' where user_id = $1`);
      expect(told(await answer(token, OTHER_CODE))).toBe(WRONG);
      await inDatabase('update mfa_challenges set expires_at = clock_timestamp() where user_id = $1');
      expect(told(await answer(token, factor.code()))).toBe(OVER);
      const next = await challenge();
      const rows = await inDatabase(`
        select expires_at - created_at > interval '299 seconds' and expires_at - created_at < interval '301 seconds' as five
        from mfa_challenges where user_id = $1 order by created_at desc limit 1`);
      expect(rows).toEqual([{ five: true }]);
      await answer(next, factor.code()).expect(200);
    });

    it('once the person is suspended, or has another password', async () => {
      const token = await challenge();
      await inDatabase('update users set suspended_at = now() where id = $1');
      expect(told(await answer(token, factor.code()))).toBe(OVER);
      await inDatabase('update users set suspended_at = null where id = $1');
      const { body } = await app.signInByLink(await app.magicLink(email)).expect(200);
      await app.reset(await app.resetLink(email, 2), ANOTHER).expect(204);
      for (const stale of [token, body.mfa_token]) expect(told(await answer(stale, factor.code()))).toBe(OVER);
      expect(await liveSessions()).toBe(0);
    });

    it('and begins no session that outlives a reset at the same moment', async () => {
      for (let round = 0; round < 5; round++) {
        const password = round === 0 ? PASSWORD : `${ANOTHER} ${round - 1}`;
        const { body } = await app.login(email, password).expect(200);
        const token = await app.resetLink(email, 1 + 2 * round);
        await Promise.all([app.reset(token, `${ANOTHER} ${round}`), answer(body.mfa_token, factor.code())]);
        expect(await liveSessions()).toBe(0);
        await app.test.mailsTo(email, 2 + 2 * round);
        app.test.clock.advance(2 * STEP_MS);
      }
    });
  });

  describe('judges a code', () => {
    it.each([
      ['from the app', () => factor.code()],
      ['for who has lost the app', () => RECOVERY_CODE],
    ])('%s once, by 20 sign-ins at once', async (_, codeOf) => {
      const code = codeOf();
      const tokens: string[] = [];
      for (let index = 0; index < 20; index++) tokens.push(await challenge());
      const answers = await Promise.all(tokens.map((token) => served(() => answer(token, code))));
      expect(countsOf(answers)[SIGNED_IN]).toBe(1);
      expect(await liveSessions()).toBe(1);
      expect(answers.map(({ status }) => status).filter((status) => ![200, 422, 429].includes(status))).toEqual([]);
    });

    it('once, by the same question 20 times at once', async () => {
      const token = await challenge();
      const answers = await Promise.all(TWENTY.map(() => served(() => answer(token, factor.code()))));
      expect(countsOf(answers)[SIGNED_IN]).toBe(1);
      expect(await liveSessions()).toBe(1);
    });

    it('never after a newer one, or the same again', async () => {
      await answer(await challenge(), factor.code(1)).expect(200);
      for (const steps of [1, 0, -1]) expect(told(await answer(await challenge(), factor.code(steps)))).toBe(WRONG);
      app.test.clock.advance(2 * STEP_MS);
      await answer(await challenge(), factor.code()).expect(200);
    });

    it('no more than ten times wrong over all questions, and then the person waits', async () => {
      for (let question = 0; question < 2; question++) {
        const token = await challenge();
        for (let attempt = 0; attempt < 5; attempt++) expect(told(await answer(token, OTHER_CODE))).toBe(WRONG);
      }
      const token = await challenge();
      const blocked = await answer(token, factor.code());
      expect(told(blocked)).toBe('429 rate_limited');
      expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(0);
      // Who waits loses no try by asking too early.
      await blockUntil(`now() + interval '1 minute'`);
      for (let attempt = 0; attempt < 6; attempt++) expect((await answer(token, factor.code())).status).toBe(429);
      await blockUntil('now()');
      await answer(token, factor.code()).expect(200);
      expect(await app.test.database.query('select from second_factor_failures where user_id = $1', [userId])).toEqual(
        [],
      );
    });

    it('no more than ten times wrong at sign-in, at a step-up and at a change of the factor together', async () => {
      const { body } = await answer(await challenge(), factor.code()).expect(200);
      const api = app.test.anonymous.as(body.access_token);
      const token = await challenge();
      const calls: readonly ((code: string) => Test)[] = [
        (code) => answer(token, code),
        (code) => api.post('/auth/step-up', { code }),
        (code) => api.delete('/me/mfa/totp').send({ code }),
        (code) => api.post('/me/mfa/recovery-codes', { code }),
      ];
      for (let guess = 0; guess < 10; guess++) {
        expect(told(await calls[guess % calls.length]!(OTHER_CODE))).toBe(WRONG);
      }
      for (const call of calls) expect(told(await call(factor.code(1)))).toBe('429 rate_limited');
    });

    it('of its own person alone', async () => {
      const { access_token, userId: other } = await app.someone();
      const others = await TestFactor.active(app.test, { api: app.test.anonymous.as(access_token), userId: other });
      expect(told(await answer(await challenge(), others.code()))).toBe(WRONG);
      expect(told(await answer(await challenge(), factor.code()))).toBe(SIGNED_IN);
    });
  });

  it('takes no code any more where the factor was removed meanwhile', async () => {
    const token = await challenge();
    const { body } = await answer(await challenge(), factor.code()).expect(200);
    await app.test.anonymous
      .as(body.access_token)
      .delete('/me/mfa/totp')
      .send({ code: factor.code(1) })
      .expect(204);
    expect(told(await answer(token, factor.code(1)))).toBe(WRONG);
    expect((await app.login(email, PASSWORD).expect(200)).body).toHaveProperty('access_token');
  });
});
