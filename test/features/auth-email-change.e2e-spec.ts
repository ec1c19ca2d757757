import type { Response } from 'supertest';
import { Config } from '../../src/config/index.ts';
import { codeOf } from '../support/answers.ts';
import { AuthApp, comparable, PASSWORD, type SignedIn, type Tokens, tokenIn } from '../support/auth.ts';
import { TestFactor } from '../support/second-factor.ts';
import { served } from '../support/served.ts';

describe('a change of address', () => {
  let app: AuthApp;
  let old: string;
  let next: string;
  let tokens: SignedIn;
  beforeAll(async () => void (app = await AuthApp.start()));
  afterAll(() => app.stop());
  beforeEach(async () => {
    [old, next] = [app.newAddress(), app.newAddress()];
    tokens = await app.someone(old);
  });

  const faultOf = ({ status, body }: Response) => [status, body.errors?.[0].pointer, body.errors?.[0].code];

  const subjectsTo = async (address: string, count: number) =>
    (await app.test.mailsTo(address, count)).map(({ subject }) => subject);

  const actionsOf = async (address: string) => (await app.eventsOf(address)).map(({ action }) => action);

  const addressOf = async ({ access_token }: Tokens): Promise<string> => (await app.me(access_token)).body.email;

  /** Asks for it. @returns the token of the newest of the `count` mails that the new address is sent */
  const ask = async (address = next, by = tokens, count = 1): Promise<string> => {
    await app.changeEmail(by.access_token, { email: address }).expect(202);
    return app.mailedToken(address, count);
  };

  const countOf = (statuses: readonly number[], wanted: number) =>
    statuses.filter((status) => status === wanted).length;

  it('is confirmed by the new mailbox, told to the old one twice, and signs nobody in', async () => {
    const before = await app.me(tokens.access_token);
    const answer = await app.changeEmail(tokens.access_token, { email: next, password: PASSWORD }).expect(202);
    expect(answer.body).toEqual({ status: 'verification_sent' });
    const [mail] = await app.test.mailsTo(next);
    expect(mail!.subject).toBe('Confirm your new email address');
    expect(mail!.text).toMatch(/^http:\/\/localhost:5173\/change-email#token=[\w-]{43}$/m);
    expect(await subjectsTo(old, 1)).toContain('Your email address is about to change');
    expect(await addressOf(tokens)).toBe(old);

    const { origin } = new URL(app.test.nest.get(Config).apiUrl);
    const confirmed = await app.verify(tokenIn(mail!)).set('x-token-transport', 'cookie').set('origin', origin);
    expect([confirmed.status, confirmed.text, confirmed.headers['set-cookie']]).toEqual([204, '', undefined]);

    const after = await app.me(tokens.access_token).expect(200);
    expect(after.body).toEqual({ ...before.body, email: next, updated_at: after.body.updated_at });
    expect([before, after].map(({ headers }) => headers['etag']!.split('.')[0])).toEqual(['"1', '"2']);
    expect((await subjectsTo(old, 2))[0]).toBe('Your email address was changed');
    expect(await actionsOf(next)).toEqual(
      expect.arrayContaining(['user.email_change_requested', 'user.email_changed']),
    );
    await app.refresh(tokens.refresh_token).expect(200);
    await app.login(old, PASSWORD).expect(401);
    await app.login(next, PASSWORD).expect(200);
  });

  it('says to the new mailbox for which account it is, and not who has that', async () => {
    await ask();
    const [mail] = await app.test.mailsTo(next);
    for (const part of [mail!.text, mail!.html]) {
      expect(part).toContain('a\u2026@e\u2026.com');
      expect(part).not.toContain(old);
    }
  });

  it('is answered alike, by as many round trips, whether or not somebody has the address', async () => {
    const [known, other] = [app.newAddress(), await app.someone()];
    await app.someone(known);
    const answers: Response[] = [];
    const roundTrips: number[] = [];
    for (const [address, by] of [
      [known, tokens],
      [next, other],
    ] as const) {
      const send = async () =>
        void answers.push(await app.changeEmail(by.access_token, { email: address }).expect(202));
      roundTrips.push(await app.test.roundTrips(send));
    }
    expect(comparable(answers[0]!)).toEqual(comparable(answers[1]!));
    expect(roundTrips[0]).toBe(roundTrips[1]);
    const [notice] = await app.test.mailsTo(known);
    expect(notice!.subject).toBe('You already have an account');
    expect(notice!.text).not.toMatch(/token|http/);
    expect(await subjectsTo(old, 1)).toContain('Your email address is about to change');
  });

  it.each([
    ['the address that it is, however it is written', () => old.toUpperCase(), '/email', 'unchanged'],
    ['what is no address', () => 'nobody', '/email', 'email'],
    ['what no mail can be sent to', () => 'ada@exam\u200bple.com', '/email', 'email'],
  ])('refuses %s', async (_case, address, pointer, code) => {
    const answer = await app.changeEmail(tokens.access_token, { email: address() });
    expect(faultOf(answer)).toEqual([422, pointer, code]);
    expect(await actionsOf(old)).not.toContain('user.email_change_requested');
  });

  it('has a wrong password counted as at the front door, and apart, key or no key', async () => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const wrong = () => app.changeEmail(tokens.access_token, { email: next, password: 'wrong' });
      expect(faultOf(await wrong())).toEqual([422, '/password', 'wrong']);
      expect(faultOf(await wrong().set('idempotency-key', `${attempt}`))).toEqual([422, '/password', 'wrong']);
    }
    await app.changeEmail(tokens.access_token, { email: next, password: PASSWORD }).expect(429);
    await app.login(old, PASSWORD).expect(200);
    expect(await actionsOf(old)).toContain('user.email_change_failed');
    await ask();
    expect(await app.test.mailsTo(next)).toHaveLength(1);
  });

  it('refuses a password to who has none', async () => {
    const { body } = await app.signInByLink(await app.magicLink(next)).expect(200);
    const answer = await app.changeEmail(body.access_token, { email: app.newAddress(), password: PASSWORD });
    expect(faultOf(answer)).toEqual([422, '/password', 'wrong']);
  });

  it('asks for one mail, however often it is sent with one key', async () => {
    const send = () =>
      app.changeEmail(tokens.access_token, { email: next }).set('idempotency-key', 'change').expect(202);
    await send();
    const { headers } = await send();
    expect(headers['idempotency-replayed']).toBe('true');
    await app.verify(await app.mailedToken(next)).expect(204);
    expect(await app.test.mailsTo(next)).toHaveLength(1);
  });

  it('has the newest link alone count', async () => {
    const first = await ask();
    const second = await ask(next, tokens, 2);
    const elsewhere = app.newAddress();
    const third = await ask(elsewhere);
    for (const token of [first, second]) expect(codeOf(await app.verify(token))).toBe('410 token_used');
    await app.verify(third).expect(204);
    expect(await addressOf(tokens)).toBe(elsewhere);
  });

  it('sends three mails in an hour to an address, whoever asks, and the last of them stays good', async () => {
    const [one, two] = [await app.someone(), await app.someone()];
    await ask(next, one, 1);
    await ask(next, two, 2);
    const token = await ask(next, tokens, 3);
    await Promise.all([one, tokens].map((by) => app.changeEmail(by.access_token, { email: next }).expect(202)));
    await app.verify(token).expect(204);
    expect(await app.test.mailsTo(next, 3)).toHaveLength(3);
  });

  it('lets one link of a person through to an address that others have had their fill of', async () => {
    const stranger = await app.someone();
    for (const mails of [1, 2, 3]) await ask(next, stranger, mails);
    const token = await ask(next, tokens, 4);
    for (const by of [stranger, tokens]) await app.changeEmail(by.access_token, { email: next }).expect(202);
    await app.verify(token).expect(204);
    expect(await app.test.mailsTo(next, 4)).toHaveLength(4);
  });

  it('sends 20 in an hour to an address at most, from however many', async () => {
    const SENT = 20;
    await app.test.database.query(
      `insert into email_tokens (hash, purpose, email, email_key, expires_at, due, user_id, session_id, previous_email_key)
         select sha256(uuidv7()::text::bytea), 'change_email', $1, $1, now(), true, uuidv7(), uuidv7(), 'else@example.com'
           from generate_series(1, $2)`,
      [next, SENT],
    );
    await app.changeEmail(tokens.access_token, { email: next }).expect(202);
    const due = `select from email_tokens where due and email_key = $1`;
    expect(await app.test.database.query(due, [next])).toHaveLength(SENT);
  });

  describe('that is asked for without end', () => {
    const CALLS = 20;

    it('is refused after 20 in an hour, at once too, and leaves nothing more behind', async () => {
      const calls = Array.from(
        { length: CALLS + 10 },
        () => () => app.changeEmail(tokens.access_token, { email: next }),
      );
      const answers = await Promise.all(calls.map((call) => served(call)));
      const statuses = answers.map(({ status }) => status);
      expect([countOf(statuses, 202), countOf(statuses, 429)]).toEqual([CALLS, 10]);
      const refused = await app.test.changingNothing(calls[0]!);
      expect(codeOf(refused)).toBe('429 rate_limited');
      const wait = Number(refused.headers['retry-after']);
      expect(wait > 3500 && wait <= 3600).toBe(true);
      const kept = await app.test.database.query('select from email_tokens where email_key = $1', [next]);
      expect(kept).toHaveLength(CALLS);
      const asked = (await actionsOf(old)).filter((action) => action === 'user.email_change_requested');
      expect(asked).toHaveLength(CALLS);
    });

    it('keeps for no longer than the hour what was not sent', async () => {
      const rows = () => app.test.database.query('select due from email_tokens where email_key = $1', [next]);
      for (let call = 0; call < CALLS; call++) await app.changeEmail(tokens.access_token, { email: next }).expect(202);
      await app.test.database.query(
        `update email_tokens set created_at = created_at - interval '1 hour' where email_key = $1`,
        [next],
      );
      await app.changeEmail(tokens.access_token, { email: next }).expect(202);
      expect(await rows()).toEqual([{ due: true }, { due: true }, { due: true }, { due: true }]);
    });

    it('costs the other links of the address nothing: they are found by address and purpose', async () => {
      await app.test.database.query(
        `insert into email_tokens (hash, purpose, email, email_key, expires_at, due, user_id, session_id, previous_email_key)
           select sha256(uuidv7()::text::bytea), 'change_email', $1, $1, now(), n % 2 = 0, uuidv7(), uuidv7(), 'else@example.com'
             from generate_series(1, 5000) as n`,
        [next],
      );
      await app.test.database.query('analyze email_tokens');
      const plan = await app.test.database.query<{ 'QUERY PLAN': string }>(
        `explain select from email_tokens where email_key = '${next}' and purpose = 'magic_link' and due`,
      );
      expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toMatch(/Index Cond: .*email_key.*purpose.*due/);
      await app.test.database.query('delete from email_tokens');
    });
  });

  it('sends five in an hour for one person, whatever became of them, in 20 at once too', async () => {
    const addresses = Array.from({ length: 20 }, () => app.newAddress());
    const answers = await Promise.all(
      addresses.map((email) => served(() => app.changeEmail(tokens.access_token, { email }))),
    );
    expect(
      countOf(
        answers.map(({ status }) => status),
        202,
      ),
    ).toBe(20);
    const due = await app.test.database.query(
      `select from email_tokens where due and purpose = 'change_email' and email_key = any ($1)`,
      [addresses],
    );
    expect(due).toHaveLength(5);
    expect(await subjectsTo(old, 5)).toHaveLength(5);
  });

  describe('that was asked for', () => {
    const expectVoid = async (token: string): Promise<void> => {
      expect(codeOf(await app.verify(token))).toBe('410 token_used');
    };
    /** @returns the token of a registration of the new address, which has had so many mails */
    const registerAfter = async (mails: number): Promise<string> => {
      await app.post('/auth/register', { email: next, name: 'Grace' }).expect(202);
      return app.mailedToken(next, mails + 1);
    };
    const update = (text: string, ...values: unknown[]) => app.test.database.query(text, values);

    it.each<[string, () => unknown]>([
      ['signed out', () => app.test.anonymous.as(tokens.access_token).post('/auth/logout').expect(204)],
      [
        'set another password by mail',
        async () => app.reset(await app.resetLink(old, 2), 'battery staple').expect(204),
      ],
      [
        'ended that session from another one',
        async () => {
          const { body } = await app.login(old, PASSWORD).expect(200);
          await app.test.anonymous.as(body.access_token).send('delete', '/auth/sessions').expect(204);
        },
      ],
      ['been suspended', () => update('update users set suspended_at = now() where email_key = $1', old)],
      ['let the hour pass', () => update('update email_tokens set expires_at = now() where email_key = $1', next)],
      [
        'got another address meanwhile',
        () => update('update users set email = $2, email_key = $2 where email_key = $1', old, app.newAddress()),
      ],
    ])('is void when its person has %s', async (_case, meanwhile) => {
      const token = await ask();
      await meanwhile();
      await app.test.changingNothing(() => expectVoid(token), ['security_events']);
    });

    it('is void when somebody else has got the address, and that is recorded', async () => {
      const token = await ask();
      await app.verify(await registerAfter(1), PASSWORD).expect(200);
      await app.test.changingNothing(() => expectVoid(token), ['security_events']);
      expect(await actionsOf(old)).toContain('auth.link_refused');
      expect(await addressOf(tokens)).toBe(old);
    });

    it('is confirmed by its token alone, for this purpose alone, and not by opening the link', async () => {
      const token = await ask();
      expect(codeOf(await app.signInByLink(token))).toBe('410 token_used');
      expect(codeOf(await app.reset(token, 'battery staple'))).toBe('410 token_used');
      await app.me(token).expect(401);
      await app.test.anonymous.get(`/auth/email/verify?token=${token}`).expect(405);
      await app.verify(token).expect(204);
      await expectVoid(token);
    });

    it('goes round no second factor: the new mailbox is asked for a code, as the old one was', async () => {
      const { userId } = tokens;
      const api = app.test.anonymous.as(tokens.access_token);
      const factor = await TestFactor.active(app.test, { api, userId });
      const confirmed = await app.verify(await ask()).expect(204);
      expect([confirmed.text, confirmed.headers['set-cookie']]).toEqual(['', undefined]);
      const byLink = await app.signInByLink(await app.magicLink(next, 2)).expect(200);
      await app.reset(await app.resetLink(next, 3), 'battery staple, horse').expect(204);
      const byPassword = await app.login(next, 'battery staple, horse').expect(200);
      for (const { body } of [byLink, byPassword]) {
        expect(Object.keys(body)).toEqual(['mfa_required', 'mfa_token', 'methods', 'expires_in']);
      }
      const sessions = 'select from sessions where user_id = $1 and ended_at is null';
      expect(await app.test.database.query(sessions, [userId])).toEqual([]);
      const answer = { mfa_token: byPassword.body.mfa_token, code: factor.code() };
      const { body } = await app.post('/auth/mfa/verify', answer).expect(200);
      expect((await app.me(body.access_token).expect(200)).body.id).toBe(userId);
    });

    it('ends the question for a code that a link to the old mailbox has led to', async () => {
      const api = app.test.anonymous.as(tokens.access_token);
      const factor = await TestFactor.active(app.test, { api, userId: tokens.userId });
      const asked = await app.signInByLink(await app.magicLink(old)).expect(200);
      await app.verify(await ask()).expect(204);
      const answer = { mfa_token: asked.body.mfa_token, code: factor.code() };
      expect(codeOf(await app.post('/auth/mfa/verify', answer))).toBe('401 invalid_credentials');
    });

    it('sets no password', async () => {
      await app.verify(await ask(), 'battery staple').expect(204);
      await app.login(next, 'battery staple').expect(401);
      await app.login(next, PASSWORD).expect(200);
    });

    it('takes its worth from every link that was sent to the address before, and gives that away', async () => {
      const links = [await app.resetLink(old), await app.magicLink(old, 2)] as const;
      await app.verify(await ask()).expect(204);
      expect(codeOf(await app.reset(links[0], 'battery staple'))).toBe('410 token_used');
      expect(codeOf(await app.signInByLink(links[1]))).toBe('410 token_used');
      const { body } = await app.signInByLink(await app.magicLink(old, 5)).expect(200);
      expect((await app.me(body.access_token)).body).toMatchObject({ email: old });
      expect(await addressOf(tokens)).toBe(next);
    });

    it('does nothing for a stranger whose link nobody uses: the address registers as if nobody had asked', async () => {
      await ask();
      const owner = await app.verify(await registerAfter(1), PASSWORD).expect(200);
      expect((await app.me(owner.body.access_token)).body).toMatchObject({ email: next });
      expect(owner.body.session_id).not.toBe(tokens.session_id);
    });

    it('happens once, of 20 at once', async () => {
      const token = await ask();
      const answers = await Promise.all(Array.from({ length: 20 }, () => served(() => app.verify(token))));
      const statuses = answers.map(({ status }) => status);
      expect([countOf(statuses, 204), countOf(statuses, 410)]).toEqual([1, 19]);
      expect((await actionsOf(next)).filter((action) => action === 'user.email_changed')).toHaveLength(1);
    });

    it('gives the address to one of two who confirm at once', async () => {
      for (let round = 0; round < 5; round++) {
        const [address, rival] = [app.newAddress(), await app.someone()];
        const links = [await ask(address, tokens, 1), await ask(address, rival, 2)];
        const answers = await Promise.all(links.map((token) => served(() => app.verify(token))));
        expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 410]);
        const holders = [await addressOf(tokens), await addressOf(rival)].filter((held) => held === address);
        expect(holders).toHaveLength(1);
        await app.test.database.query('delete from email_tokens');
      }
    });

    it('and a registration of the address that is verified at once give it to one of the two', async () => {
      for (let round = 0; round < 5; round++) {
        next = app.newAddress();
        const by = await app.someone();
        const [change, registration] = [await ask(next, by), await registerAfter(1)];
        const [changed, registered] = await Promise.all([
          served(() => app.verify(change)),
          served(() => app.verify(registration, PASSWORD)),
        ]);
        expect(registered.status).toBe(200);
        const { body: holder } = await app.me(registered.body.access_token).expect(200);
        const { body: asker } = await app.me(by.access_token).expect(200);
        expect(holder.email).toBe(next);
        // Whoever has the mailbox is signed in as whoever has the address by then.
        expect(holder.id === asker.id).toBe(changed.status === 204);
      }
    });

    it('can swap the addresses of two by a third one, and by nothing shorter', async () => {
      const [theirs, between] = [next, app.newAddress()];
      const other = await app.someone(theirs);
      await app.verify(await ask(between, other)).expect(204);
      await app.verify(await ask(theirs, tokens, 3)).expect(204);
      await app.verify(await ask(old, other, 3)).expect(204);
      expect([await addressOf(tokens), await addressOf(other)]).toEqual([theirs, old]);
    });
  });
});
