import { AuthApp, comparable, PASSWORD, tokenIn } from '../support/auth.ts';
import { served } from '../support/served.ts';

const FULL_WIDTH_ADA = '\uff41\uff44\uff41';

describe('registration', () => {
  let app: AuthApp;
  beforeAll(async () => void (app = await AuthApp.start()));
  afterAll(() => app.stop());

  it('leads by way of the mailbox to a session, and out again, with an event for each step', async () => {
    const email = app.newAddress();
    const registered = await app.post('/auth/register', { email, name: 'Ada Lovelace' });
    expect([registered.status, registered.body]).toEqual([202, { status: 'verification_sent' }]);
    expect(await app.test.database.query('select from users where email = $1', [email])).toHaveLength(0);

    const { body: verified } = await app.verify(await app.mailedToken(email), PASSWORD).expect(200);
    expect(verified).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 600,
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      session_id: expect.any(String),
    });
    const me = await app.me(verified.access_token).expect(200);
    expect(me.body).toMatchObject({ email, name: 'Ada Lovelace', avatar_url: null });

    const { body: login } = await app.login(email, PASSWORD).expect(200);
    expect(login.session_id).not.toBe(verified.session_id);
    const { body: refreshed } = await app.refresh(login.refresh_token).expect(200);
    expect(refreshed.session_id).toBe(login.session_id);
    expect(refreshed.refresh_token).not.toBe(login.refresh_token);

    await app.test.anonymous.as(refreshed.access_token).post('/auth/logout').expect(204);
    for (const { access_token } of [login, refreshed]) {
      expect((await app.me(access_token).expect(401)).body.code).toBe('unauthenticated');
    }
    expect((await app.refresh(refreshed.refresh_token).expect(401)).body.code).toBe('unauthenticated');
    await app.me(verified.access_token).expect(200);

    const events = await app.eventsOf(email);
    expect(events.map(({ action, session_id }) => [action, session_id])).toEqual([
      ['auth.registered', null],
      ['auth.signed_in', verified.session_id],
      ['auth.signed_in', login.session_id],
      ['auth.signed_out', login.session_id],
    ]);
    expect(events.every(({ ip_address, request_id }) => ip_address === '127.0.0.1' && request_id)).toBe(true);
  });

  it('needs no password, and then there is none to sign in by', async () => {
    const email = app.newAddress();
    await app.verify(await app.register(email)).expect(200);
    expect((await app.login(email, PASSWORD).expect(401)).body.code).toBe('invalid_credentials');
  });

  it('mails a link of the front end, whatever host was asked, with the token where no server sees it', async () => {
    const email = app.newAddress();
    await app.post('/auth/register', { email, name: 'Ada' }).set('x-forwarded-host', 'evil.example').expect(202);
    const [mail] = await app.test.mailsTo(email, 1);
    expect(mail!.text).toMatch(/http:\/\/localhost:5173\/verify-email#token=[\w-]{43}/);
  });

  it('answers a known address like an unknown one, and the mail tells the difference', async () => {
    const [known, unknown] = [app.newAddress(), app.newAddress()];
    await app.person(known);
    const [first, second] = await Promise.all(
      [known, unknown].map((email) => app.post('/auth/register', { email, name: 'Eve' })),
    );
    expect(comparable(first!)).toEqual(comparable(second!));
    const [notice] = await app.test.mailsTo(known, 2);
    expect([notice!.subject, tokenIn(notice!)]).toEqual(['You already have an account', '']);
    expect(tokenIn((await app.test.mailsTo(unknown, 1))[0]!)).not.toBe('');
  });

  describe('of one address', () => {
    it('is of all its cases and Unicode forms, and mails go to the plain one', async () => {
      const email = app.newAddress();
      const variant = email.replace('ada', FULL_WIDTH_ADA);
      await app.person(email);
      for (const form of [email.toUpperCase(), variant]) await app.login(form, PASSWORD).expect(200);
      await app.post('/auth/register', { email: variant, name: 'Eve' });
      expect((await app.test.mailsTo(email, 2))[0]!.subject).toBe('You already have an account');
    });

    it('keeps its domain in ASCII', async () => {
      await app.post('/auth/register', { email: 'Ada@bücher.example', name: 'Ada' });
      const { body } = await app.verify(await app.mailedToken('ada@xn--bcher-kva.example'), PASSWORD).expect(200);
      expect((await app.me(body.access_token)).body.email).toBe('Ada@xn--bcher-kva.example');
      await app.login('ada@BÜCHER.example', PASSWORD).expect(200);
    });

    it.each([
      'ada@example.com\r\nBcc: eve@example.com',
      'ada@example.com, eve@example.com',
      '"a<b>"@example.com',
      'Ada <ada@example.com>',
      // Fine as they are written, and none once normalised.
      'ada\uff20eve@example.com',
      'ada@example.com\u2048.example',
      `${'a'.repeat(310)}@example.com`,
      'ada@',
      '',
    ])('is refused for %j', async (email) => {
      const { body } = await app.post('/auth/register', { email, name: 'Ada' }).expect(422);
      expect(body.errors[0].pointer).toBe('/email');
    });
  });

  describe("'s token", () => {
    it('is spent by one of 20 at once', async () => {
      const email = app.newAddress();
      const token = await app.register(email);
      const answers = await Promise.all(Array.from({ length: 20 }, () => served(() => app.verify(token, PASSWORD))));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.code === 'token_used')).toHaveLength(19);
      const actions = (await app.eventsOf(email)).map(({ action }) => action);
      const refused = Array.from({ length: 19 }, () => 'auth.link_refused');
      expect(actions.toSorted()).toEqual([...refused, 'auth.registered', 'auth.signed_in']);
    });

    it('answers alike when it is unknown, spent or expired', async () => {
      const address = app.newAddress();
      const [spent, expired] = [await app.register(app.newAddress()), await app.register(address)];
      await app.verify(spent).expect(200);
      await app.test.database.query('update email_tokens set expires_at = now() where email = $1', [address]);
      const answers = await Promise.all([spent, expired, 'A'.repeat(43)].map((token) => app.verify(token)));
      for (const answer of answers) {
        expect([answer.status, answer.body.code]).toEqual([410, 'token_used']);
        expect(comparable(answer)).toEqual(comparable(answers[0]!));
      }
    });

    it('signs in who has the address by now, whose password and name stay', async () => {
      const email = app.newAddress();
      const first = await app.register(email, 'Ada');
      await app.post('/auth/register', { email, name: 'Eve' });
      const second = await app.mailedToken(email, 2);
      expect(second).not.toBe(first);
      const { body: user } = await app.verify(first, PASSWORD).expect(200);
      const { body: again } = await app.verify(second, 'another password').expect(200);
      const me = await app.me(again.access_token).expect(200);
      expect(me.body).toEqual((await app.me(user.access_token)).body);
      expect(me.body.name).toBe('Ada');
      await app.login(email, 'another password').expect(401);
      await app.login(email, PASSWORD).expect(200);
    });

    it('and another of the same address, both at once, make one user', async () => {
      for (let round = 0; round < 5; round++) {
        const email = app.newAddress();
        await Promise.all(['Ada', 'Eve'].map((name) => app.post('/auth/register', { email, name })));
        const tokens = (await app.test.mailsTo(email, 2)).map(tokenIn);
        const answers = await Promise.all(tokens.map((token) => app.verify(token)));
        expect(answers.map(({ status }) => status)).toEqual([200, 200]);
        const [one, other] = await Promise.all(answers.map(({ body }) => app.me(body.access_token)));
        expect(one!.body).toEqual(other!.body);
      }
    });

    it('is no bearer token', async () => {
      await app.me(await app.register(app.newAddress())).expect(401);
    });
  });

  describe("'s password", () => {
    it.each([
      ['too short', '1234567', 'min_length'],
      ['too short once normalised', 'A\u030aA\u030aA\u030aA\u030a', 'min_length'],
      ['too long', 'x'.repeat(1025), 'max_length'],
      ['too long once normalised', '\ufdfa'.repeat(100), 'max_length'],
      ['the name', 'ada LOVELACE', 'guessable'],
      ['a common one', 'iloveyou', 'common'],
      ['a common one in capitals', 'ILoveYou', 'common'],
      ['a common one in full-width letters', '\uff49loveyou', 'common'],
    ])('is refused when %s, and the link stays good', async (_, password, code) => {
      const token = await app.register(app.newAddress(), 'Ada Lovelace');
      const { body } = await app.verify(token, password).expect(422);
      expect(body.errors).toEqual([expect.objectContaining({ pointer: '/password', code })]);
      await app.verify(token, PASSWORD).expect(200);
    });

    it('is refused when it is the address', async () => {
      const email = app.newAddress();
      const { body } = await app.verify(await app.register(email), email.toUpperCase()).expect(422);
      expect(body.errors[0].code).toBe('guessable');
    });
  });
});
