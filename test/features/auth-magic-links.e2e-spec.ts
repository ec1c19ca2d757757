import type { Response } from 'supertest';
import { codeOf } from '../support/answers.ts';
import { AuthApp, comparable, PASSWORD, tokenIn } from '../support/auth.ts';
import { served } from '../support/served.ts';

const BOUND = 3;

describe('magic links', () => {
  let app: AuthApp;
  beforeAll(async () => void (app = await AuthApp.start()));
  afterAll(() => app.stop());

  const ask = (email: string) => app.post('/auth/magic-links', { email });

  const sessionsOf = (email: string) =>
    app.test.database.query('select s.id from sessions s join users u on u.id = s.user_id where u.email_key = $1', [
      email,
    ]);

  it('sign in whoever has the mailbox, and make a new address a user, with an event for each step', async () => {
    const email = app.newAddress();
    const token = await app.magicLink(email);
    const { body } = await app.signInByLink(token).expect(200);
    expect((await app.me(body.access_token).expect(200)).body).toMatchObject({ email, name: email.split('@')[0] });

    const { body: again } = await app.signInByLink(await app.magicLink(email, 2)).expect(200);
    expect((await app.me(again.access_token)).body.id).toBe((await app.me(body.access_token)).body.id);
    const events = await app.eventsOf(email);
    expect(events.map(({ action, session_id }) => [action, session_id])).toEqual([
      ['auth.registered', null],
      ['auth.signed_in', body.session_id],
      ['auth.magic_link_requested', null],
      ['auth.signed_in', again.session_id],
    ]);
  });

  it('leave the name and the password of a user as they are', async () => {
    const email = app.newAddress();
    await app.person(email);
    const { body } = await app.signInByLink(await app.magicLink(email, 2)).expect(200);
    expect((await app.me(body.access_token)).body.name).toBe('Ada');
    await app.login(email, PASSWORD).expect(200);
  });

  it('answer and mail a known address, an unknown and a suspended one alike, by as many round trips', async () => {
    const [known, unknown, suspended] = [app.newAddress(), app.newAddress(), app.newAddress()];
    await app.person(known);
    await app.person(suspended);
    await app.test.database.query('update users set suspended_at = now() where email = $1', [suspended]);
    const answers: Response[] = [];
    const roundTrips: number[] = [];
    for (const email of [known, unknown, suspended]) {
      roundTrips.push(await app.test.roundTrips(async () => void answers.push(await ask(email).expect(202))));
    }
    expect(new Set(answers.map((answer) => JSON.stringify(comparable(answer)))).size).toBe(1);
    expect(new Set(roundTrips).size).toBe(1);
    const mails = [
      await app.test.mailsTo(known, 2),
      await app.test.mailsTo(unknown),
      await app.test.mailsTo(suspended, 2),
    ];
    const [first, ...others] = mails.map(([mail]) => `${mail!.subject} ${mail!.text.replaceAll(/token=.*/g, '')}`);
    expect(others).toEqual([first, first]);
    expect(codeOf(await app.signInByLink(tokenIn(mails[2]![0]!)))).toBe('410 token_used');
  });

  it('are links of the front end, whatever host was asked, with the token where no server sees it', async () => {
    const email = app.newAddress();
    await ask(email).set('x-forwarded-host', 'evil.example').expect(202);
    const [mail] = await app.test.mailsTo(email);
    expect(mail!.text).toMatch(/^http:\/\/localhost:5173\/magic-link#token=[\w-]{43}$/m);
    expect(mail!.html).toMatch(/href="http:\/\/localhost:5173\/magic-link#token=[\w-]{43}"/);
  });

  it.each([true, false])('used 20 times in parallel begin one session (known address: %s)', async (isKnown) => {
    const email = app.newAddress();
    if (isKnown) await app.person(email);
    const token = await app.magicLink(email, isKnown ? 2 : 1);
    const before = (await sessionsOf(email)).length;
    const answers = await Promise.all(Array.from({ length: 20 }, () => served(() => app.signInByLink(token))));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 19 }, () => 410)]);
    expect(await sessionsOf(email)).toHaveLength(before + 1);
    const refused = (await app.eventsOf(email)).filter(({ action }) => action === 'auth.link_refused');
    expect(refused).toHaveLength(19);
  });

  it('are not spent by a GET or HEAD, as scanners of mail send them', async () => {
    const token = await app.magicLink(app.newAddress());
    for (const path of ['/auth/magic-links', '/auth/magic-links/verify']) {
      await app.test.anonymous.get(`${path}?token=${token}`).expect(405);
      await app.test.anonymous.send('head', `${path}?token=${token}`).expect(405);
    }
    await app.signInByLink(token).expect(200);
  });

  it('are good for nothing else, and neither is the token of another mail or kind', async () => {
    const [email, other] = [app.newAddress(), app.newAddress()];
    const token = await app.magicLink(email);
    expect(codeOf(await app.verify(token, PASSWORD))).toBe('410 token_used');
    await app.me(token).expect(401);
    await app.refresh(token).expect(401);
    const { refresh_token, access_token } = await app.person(other);
    for (const wrong of [
      await app.register(app.newAddress()),
      refresh_token,
      access_token.slice(0, 512),
      'A'.repeat(43),
    ]) {
      expect(codeOf(await app.signInByLink(wrong))).toBe('410 token_used');
    }
    await app.signInByLink(token).expect(200);
  });

  it("end after an hour, and a refused one is told of in nobody's log, where that has an address", async () => {
    const token = await app.magicLink(app.newAddress());
    await app.test.database.query('update email_tokens set expires_at = now()');
    const { body } = await app.signInByLink(token).expect(410);
    expect(body.code).toBe('token_used');
    await app.test.changingNothing(() => app.signInByLink('B'.repeat(43)).expect(410));
    const events = await app.test.database.query('select * from security_events where request_id = $1', [
      body.request_id,
    ]);
    expect(events).toEqual([
      expect.objectContaining({ action: 'auth.link_refused', outcome: 'failure', user_id: null }),
    ]);
  });

  describe('of one address', () => {
    it('are three at once, and as long as a mail is held back there are links that work', async () => {
      const email = app.newAddress();
      await Promise.all(Array.from({ length: 20 }, () => served(() => ask(email))));
      const tokens = (await app.test.mailsTo(email, BOUND)).map(tokenIn);
      for (const token of tokens) await app.signInByLink(token).expect(200);
      // All are used: the next one is sent within the hour.
      await app.signInByLink(await app.magicLink(email, BOUND + 1)).expect(200);
      expect(await app.test.mailsTo(email)).toHaveLength(BOUND + 1);
    });

    it('come again when those that were sent have ended', async () => {
      const email = app.newAddress();
      await Promise.all(Array.from({ length: BOUND + 1 }, () => ask(email)));
      await app.test.mailsTo(email, BOUND);
      await app.test.database.query('update email_tokens set expires_at = now() where email_key = $1', [email]);
      await app.signInByLink(await app.magicLink(email, BOUND + 1)).expect(200);
    });

    it('come whatever else a stranger had it mailed, and let in an owner whose password has to wait', async () => {
      const email = app.newAddress();
      await app.person(email);
      for (let count = 0; count < BOUND + 2; count++) await app.post('/auth/register', { email, name: 'Eve' });
      for (let attempt = 0; attempt < 10; attempt++) await app.login(email, 'wrong').expect(401);
      await app.login(email, PASSWORD).expect(429);
      const mailed = (await app.test.mailsTo(email, 1 + BOUND)).length;
      await app.signInByLink(await app.magicLink(email, mailed + 1)).expect(200);
    });
  });

  it('take cookies for the tokens, and then only for a page that may have them', async () => {
    const token = await app.magicLink(app.newAddress());
    const byCookie = (origin: string) => app.signInByLink(token).set({ origin, 'x-token-transport': 'cookie' });
    expect(codeOf(await byCookie('https://evil.example'))).toBe('403 csrf_failed');
    const { headers, body } = await byCookie('http://localhost:3000').expect(200);
    expect(body).not.toHaveProperty('access_token');
    expect(String(headers['set-cookie'])).toContain('__Host-tenantry_access=');
  });
});
