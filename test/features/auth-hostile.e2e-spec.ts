import type { Response } from 'supertest';
import { Passwords } from '../../src/core/crypto/index.ts';
import { AuthApp, comparable, PASSWORD, type Tokens } from '../support/auth.ts';

const { jest } = import.meta;

/** Where tests call from: a proxy that may say for whom it calls. */
const PROXY = '127.0.0.1/32';

describe('somebody hostile', () => {
  let app: AuthApp;
  let email: string;
  let tokens: Tokens;
  beforeAll(async () => void (app = await AuthApp.start({ TRUSTED_PROXIES: PROXY })));
  afterAll(() => app.stop());
  beforeEach(async () => {
    email = app.newAddress();
    tokens = await app.someone(email);
  });

  const codeOf = ({ status, body }: Response) => `${status} ${body.code ?? ''}`.trim();

  const suspend = () => app.test.database.query('update users set suspended_at = now() where email_key = $1', [email]);

  describe('with a password of 1 MB, or of one character too many', () => {
    const calls: Record<string, (password: string) => PromiseLike<Response>> = {
      'POST /auth/login': (password) => app.login(email, password),
      'POST /auth/email/verify': (password) => app.verify('A'.repeat(43), password),
      'POST /auth/password/reset': (password) => app.reset('A'.repeat(43), password),
      'POST /auth/step-up': (password) =>
        app.test.anonymous.as(tokens.access_token).post('/auth/step-up', { password }),
      'POST /me/email': (password) => app.changeEmail(tokens.access_token, { email: app.newAddress(), password }),
      'PUT /me/password': (password) =>
        app.changePassword(tokens.access_token, { current_password: password, new_password: PASSWORD }),
      'PUT /me/password, the new one': (password) =>
        app.changePassword(tokens.access_token, { current_password: PASSWORD, new_password: password }),
    };

    it.each(Object.keys(calls))('has nothing hashed by %s', async (name) => {
      const hashed = [jest.spyOn(Passwords.prototype, 'hash'), jest.spyOn(Passwords.prototype, 'verify')];
      const answers = [await calls[name]!('x'.repeat(2 ** 20)), await calls[name]!('x'.repeat(1025))];
      const count = hashed.reduce((sum, { mock }) => sum + mock.calls.length, 0);
      for (const spy of hashed) spy.mockRestore();
      expect(answers.map(codeOf)).toEqual(['413 payload_too_large', '422 validation_failed']);
      expect(count).toBe(0);
    });

    it('would be noticed: one of 1,024 characters is hashed', async () => {
      const hashed = jest.spyOn(Passwords.prototype, 'verify');
      await app.login(email, 'x'.repeat(1024)).expect(401);
      expect(hashed).toHaveBeenCalledTimes(1);
      hashed.mockRestore();
    });
  });

  it("who registers somebody's address gains nothing by their click", async () => {
    const victim = app.newAddress();
    const strangers = 'chosen by the stranger';
    const planted = await app.post('/auth/register', { email: victim, name: 'Eve', password: strangers }).expect(422);
    expect(planted.body.errors[0].pointer).toBe('/password');
    const { body } = await app.verify(await app.register(victim, 'Eve'), PASSWORD).expect(200);
    // Whoever has the mailbox has the one session and the one password that there are.
    const sessions = await app.test.anonymous.as(body.access_token).get('/auth/sessions').expect(200);
    expect(sessions.body.data.map(({ id }: { id: string }) => id)).toEqual([body.session_id]);
    expect(codeOf(await app.login(victim, strangers))).toBe('401 invalid_credentials');
    await app.login(victim, PASSWORD).expect(200);
  });

  it.each<[string, object]>([
    ['/auth/register', { name: 'Ada' }],
    ['/auth/magic-links', {}],
    ['/auth/password/forgot', {}],
    ['/me/email', {}],
  ])('has links mailed to no page but the front end, even from a proxy that is trusted: %s', async (path, body) => {
    const person = path === '/auth/password/forgot' ? email : app.newAddress();
    const caller = app.test.anonymous.as(path.startsWith('/me') ? tokens.access_token : null);
    await caller
      .post(path, { ...body, email: person })
      .set({
        host: 'evil.example',
        forwarded: 'host=evil.example;proto=https',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        'x-forwarded-prefix': '/evil',
        'x-original-host': 'evil.example',
        referer: 'https://evil.example/',
      })
      .expect(202);
    const [mail] = await app.test.mailsTo(person);
    const links = `${mail!.text} ${mail!.html}`.match(/https?:[^\s"<>]+/g)!;
    expect(new Set(links.map((link) => new URL(link).origin))).toEqual(new Set(['http://localhost:5173']));
    expect(`${mail!.subject} ${mail!.text} ${mail!.html}`).not.toContain('evil');
  });

  describe('who is suspended', () => {
    it('is let in on no path, and learns of it on none that a stranger sees', async () => {
      const links = {
        verify: await app.magicLink(email),
        reset: await app.resetLink(email, 2),
      };
      await suspend();
      const unknown = app.newAddress();
      for (const path of ['/auth/register', '/auth/magic-links', '/auth/password/forgot']) {
        const body = path === '/auth/register' ? { name: 'Ada' } : {};
        const [known, stranger] = [
          await app.post(path, { ...body, email }),
          await app.post(path, { ...body, email: unknown }),
        ];
        expect([path, comparable(known)]).toEqual([path, comparable(stranger)]);
      }
      const answers = {
        login: await app.login(email, PASSWORD),
        refresh: await app.refresh(tokens.refresh_token),
        'magic link': await app.signInByLink(links.verify),
        reset: await app.reset(links.reset, 'battery staple, horse'),
        profile: await app.me(tokens.access_token),
        'change of password': await app.changePassword(tokens.access_token, {
          current_password: PASSWORD,
          new_password: 'battery staple, horse',
        }),
        sessions: await app.test.anonymous.as(tokens.access_token).get('/auth/sessions'),
        'an organisation': await app.test.anonymous.as(tokens.access_token).post('/organizations', { name: 'Acme' }),
        'signing out': await app.test.anonymous.as(tokens.access_token).post('/auth/logout'),
      };
      const codes = Object.entries(answers).map(([path, answer]) => [path, codeOf(answer)]);
      expect(Object.fromEntries(codes)).toEqual({
        login: '401 invalid_credentials',
        refresh: '401 unauthenticated',
        'magic link': '410 token_used',
        reset: '410 token_used',
        profile: '401 unauthenticated',
        'change of password': '401 unauthenticated',
        sessions: '401 unauthenticated',
        'an organisation': '401 unauthenticated',
        'signing out': '401 unauthenticated',
      });
      expect(comparable(answers.login)).toEqual(comparable(await app.login(unknown, PASSWORD)));
    });
  });

  describe('with a refresh token that was spent', () => {
    const refresh = (token: string, { from = '192.0.2.1', by = 'one' } = {}) =>
      app.refresh(token, by).set('x-forwarded-for', from);
    const spentAgo = (interval: string) =>
      app.test.database.query(
        'update refresh_tokens set spent_at = clock_timestamp() - $2::interval where session_id = $1 and spent_at is not null',
        [tokens.session_id, interval],
      );

    it('is its client for ten seconds, and gets the same successor', async () => {
      const { body: first } = await refresh(tokens.refresh_token).expect(200);
      // Half a second is for the machine.
      await spentAgo('9.5 seconds');
      const { body: again } = await refresh(tokens.refresh_token).expect(200);
      expect([again.refresh_token, again.session_id]).toEqual([first.refresh_token, first.session_id]);
      expect(again.access_token).not.toBe(first.access_token);
      await refresh(first.refresh_token).expect(200);
    });

    it.each<[string, { after?: string; from?: string; by?: string }]>([
      ['ten seconds later', { after: '10 seconds' }],
      ['from another address', { from: '192.0.2.2' }],
      ['from another address of the same network', { from: '192.0.2.10' }],
      ['by another user agent', { by: 'two' }],
      ['by no user agent', { by: '' }],
    ])('is a thief %s: the session ends for all', async (_, { after = '0 seconds', ...caller }) => {
      const { body: next } = await refresh(tokens.refresh_token).expect(200);
      await spentAgo(after);
      expect(codeOf(await refresh(tokens.refresh_token, caller))).toBe('401 token_reused');
      expect(codeOf(await refresh(next.refresh_token))).toBe('401 unauthenticated');
      await app.me(next.access_token).expect(401);
    });

    it('gets no further by it once the session is over', async () => {
      const { body: next } = await refresh(tokens.refresh_token).expect(200);
      await app.test.anonymous.as(next.access_token).post('/auth/logout').expect(204);
      expect(codeOf(await refresh(tokens.refresh_token))).toBe('401 token_reused');
    });
  });
});
