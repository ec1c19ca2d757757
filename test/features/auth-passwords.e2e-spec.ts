import type { Response } from 'supertest';
import { codeOf } from '../support/answers.ts';
import { AuthApp, comparable, PASSWORD, type Tokens, tokenIn } from '../support/auth.ts';
import { served } from '../support/served.ts';

const ANOTHER = 'battery staple, horse';
const POOR = 'short';

describe('passwords', () => {
  let app: AuthApp;
  let email: string;
  let tokens: Tokens;
  beforeAll(async () => void (app = await AuthApp.start()));
  afterAll(() => app.stop());
  beforeEach(async () => {
    email = app.newAddress();
    tokens = await app.person(email);
  });

  const faultOf = ({ status, body }: Response) => [status, body.errors?.[0].pointer, body.errors?.[0].code];

  const forgot = (address: string) => app.post('/auth/password/forgot', { email: address });

  const actionsOf = async (address: string) => (await app.eventsOf(address)).map(({ action }) => action);

  const liveSessions = () =>
    app.test.database.query(
      'select s.id from sessions s join users u on u.id = s.user_id where u.email_key = $1 and s.ended_at is null',
      [email],
    );

  describe('that are forgotten', () => {
    it('are set by a mailed link, which ends every session, begins none and has the owner told', async () => {
      const { body: other } = await app.login(email, PASSWORD).expect(200);
      const answer = await app.reset(await app.resetLink(email, 2), ANOTHER).expect(204);
      expect(answer.text).toBe('');
      for (const { access_token, refresh_token } of [tokens, other]) {
        await app.me(access_token).expect(401);
        await app.refresh(refresh_token).expect(401);
      }
      expect(await liveSessions()).toHaveLength(0);
      expect((await app.test.mailsTo(email, 3))[0]!.subject).toBe('Your password was changed');
      expect(codeOf(await app.login(email, PASSWORD))).toBe('401 invalid_credentials');
      await app.login(email, ANOTHER).expect(200);
      expect((await actionsOf(email)).slice(3).toSorted()).toEqual([
        'auth.password_reset_requested',
        'auth.session_ended',
        'auth.session_ended',
        'auth.sign_in_failed',
        'auth.signed_in',
        'user.password_changed',
      ]);
    });

    it('end the links that wait in the mailbox, and none that is asked for afterwards', async () => {
      const verification = await app.register(app.newAddress());
      const [magic, reset] = [await app.magicLink(email, 2), await app.resetLink(email, 3)];
      await app.changePassword(tokens.access_token, { current_password: PASSWORD, new_password: ANOTHER }).expect(204);
      expect(codeOf(await app.signInByLink(magic))).toBe('410 token_used');
      expect(codeOf(await app.reset(reset, PASSWORD))).toBe('410 token_used');
      const later = await app.magicLink(email, 5);
      await app.reset(await app.resetLink(email, 6), PASSWORD).expect(204);
      expect(codeOf(await app.signInByLink(later))).toBe('410 token_used');
      await app.signInByLink(await app.magicLink(email, 8)).expect(200);
      await app.verify(verification).expect(200);
    });

    it('leave no session of a link that is used at the same moment', async () => {
      for (let round = 0; round < 10; round += 1) {
        const person = app.newAddress();
        await app.person(person);
        const [magic, reset] = [await app.magicLink(person, 2), await app.resetLink(person, 3)];
        const [answer] = await Promise.all([app.signInByLink(magic), app.reset(reset, ANOTHER).expect(204)]);
        expect([200, 410]).toContain(answer.status);
        if (answer.status === 200) await app.me(answer.body.access_token).expect(401);
      }
    });

    it('are set anew by whoever has the longest address that there may be', async () => {
      const longest = `${'a'.repeat(64)}@${['b', 'c', 'd'].map((letter) => letter.repeat(61)).join('.')}.ee`;
      expect(longest).toHaveLength(253);
      await app.person(longest);
      await app.reset(await app.resetLink(longest, 2), ANOTHER).expect(204);
    });

    it('are answered alike for a known and an unknown address, by as many round trips, and an unknown one gets no mail', async () => {
      const stranger = app.newAddress();
      const answers: Response[] = [];
      const roundTrips: number[] = [];
      for (const address of [email, stranger]) {
        roundTrips.push(await app.test.roundTrips(async () => void answers.push(await forgot(address).expect(202))));
      }
      expect(comparable(answers[0]!)).toEqual(comparable(answers[1]!));
      expect(roundTrips[0]).toBe(roundTrips[1]);
      await app.test.mailsTo(email, 2);
      await app.magicLink(stranger);
      expect(await app.test.mailsTo(stranger)).toHaveLength(1);
    });

    it('are set by links of the front end, for their purpose alone', async () => {
      await forgot(email).set('x-forwarded-host', 'evil.example').expect(202);
      const [mail] = await app.test.mailsTo(email, 2);
      expect(mail!.text).toMatch(/^http:\/\/localhost:5173\/reset-password#token=[\w-]{43}$/m);
      const token = tokenIn(mail!);
      for (const answer of [await app.signInByLink(token), await app.verify(token, ANOTHER)]) {
        expect(codeOf(answer)).toBe('410 token_used');
      }
      expect(codeOf(await app.reset(await app.magicLink(email, 3), ANOTHER))).toBe('410 token_used');
      await app.test.anonymous.get(`/auth/password/reset?token=${token}`).expect(405);
      await app.reset(token, ANOTHER).expect(204);
    });

    it('are set once by a link, whatever races, and by no other that was sent before', async () => {
      const [first, second] = [await app.resetLink(email, 2), await app.resetLink(email, 3)];
      const answers = await Promise.all(Array.from({ length: 20 }, () => served(() => app.reset(second, ANOTHER))));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([204, ...Array.from({ length: 19 }, () => 410)]);
      expect(codeOf(await app.reset(first, PASSWORD))).toBe('410 token_used');
      await app.login(email, ANOTHER).expect(200);
    });

    it('stay, and so does the link, when the new one is poor', async () => {
      const token = await app.resetLink(email, 2);
      for (const poor of [POOR, email.toUpperCase(), 'x'.repeat(1025)]) {
        expect(faultOf(await app.reset(token, poor)).slice(0, 2)).toEqual([422, '/password']);
      }
      await app.reset(token, 'x'.repeat(2 ** 20)).expect(413);
      await app.me(tokens.access_token).expect(200);
      await app.reset(token, ANOTHER).expect(204);
    });

    it('can be set by who never had one, and by nobody who is suspended or was never there', async () => {
      const fresh = app.newAddress();
      await app.signInByLink(await app.magicLink(fresh)).expect(200);
      await app.reset(await app.resetLink(fresh, 2), ANOTHER).expect(204);
      await app.login(fresh, ANOTHER).expect(200);

      const token = await app.resetLink(email, 2);
      await app.test.database.query('update users set suspended_at = now() where email_key = $1', [email]);
      expect(codeOf(await app.reset(token, ANOTHER))).toBe('410 token_used');
      await app.test.database.query('update users set suspended_at = null where email_key = $1', [email]);
      await app.test.database.query('update email_tokens set email_key = $1 where email_key = $2', [
        'no@b.example',
        email,
      ]);
      expect(codeOf(await app.reset(token, ANOTHER))).toBe('410 token_used');
    });

    it('begin no session that outlives the reset', async () => {
      let [current, mails] = [PASSWORD, 1];
      for (let round = 0; round < 5; round++) {
        const next = `${ANOTHER} ${round}`;
        const token = await app.resetLink(email, mails + 1);
        const racing = Array.from({ length: 6 }, () => app.login(email, current));
        const [reset] = await Promise.all([app.reset(token, next), ...racing]);
        expect(reset.status).toBe(204);
        expect(await liveSessions()).toHaveLength(0);
        [current, mails] = [next, (await app.test.mailsTo(email, mails + 2)).length];
        await app.test.database.query('delete from sign_in_failures');
      }
    });
  });

  describe('that are changed', () => {
    const change = (body: object, token = tokens.access_token) => app.changePassword(token, body);

    it('leave the session that they are changed in, and no other, and the owner is told', async () => {
      const { body: other } = await app.login(email, PASSWORD).expect(200);
      await change({ current_password: PASSWORD, new_password: ANOTHER }).expect(204);
      await app.me(tokens.access_token).expect(200);
      await app.refresh(tokens.refresh_token).expect(200);
      await app.me(other.access_token).expect(401);
      await app.login(email, PASSWORD).expect(401);
      await app.login(email, ANOTHER).expect(200);
      expect((await app.test.mailsTo(email, 2))[0]!.subject).toBe('Your password was changed');
      expect(await actionsOf(email)).toEqual(expect.arrayContaining(['user.password_changed', 'auth.session_ended']));
    });

    it('need the current one, and a good one', async () => {
      const wrong = { current_password: 'not the password', new_password: ANOTHER };
      expect(faultOf(await change(wrong))).toEqual([422, '/current_password', 'wrong']);
      expect(faultOf(await change({ new_password: ANOTHER }))).toEqual([422, '/current_password', 'required']);
      const poor = await change({ current_password: PASSWORD, new_password: email });
      expect(faultOf(poor)).toEqual([422, '/new_password', 'guessable']);
      await app.login(email, PASSWORD).expect(200);
      expect(await actionsOf(email)).toContain('user.password_change_failed');
    });

    it('are guessed as often as at the front door, and counted apart, key or no key', async () => {
      const wrong = { current_password: 'wrong', new_password: ANOTHER };
      for (let attempt = 0; attempt < 5; attempt++) {
        await change(wrong).expect(422);
        await change(wrong).set('idempotency-key', `${attempt}`).expect(422);
      }
      const { headers } = await change({ ...wrong, current_password: PASSWORD }).expect(429);
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      await app.login(email, PASSWORD).expect(200);
    });

    it('are changed by one of 20 at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          served(() => change({ current_password: PASSWORD, new_password: `${ANOTHER} ${index}` })),
        ),
      );
      const statuses = answers.map(({ status }) => status).toSorted();
      // Whoever comes later has a wrong password, and after ten of them has to wait.
      expect(statuses.slice(0, 2)).toEqual([204, 422]);
      expect(statuses.filter((status) => ![204, 422, 429].includes(status))).toEqual([]);
    });

    it('need no current one where there is none', async () => {
      const address = app.newAddress();
      const { body } = await app.signInByLink(await app.magicLink(address)).expect(200);
      const guess = await change({ current_password: PASSWORD, new_password: ANOTHER }, body.access_token);
      expect(faultOf(guess)).toEqual([422, '/current_password', 'wrong']);
      await change({ new_password: ANOTHER }, body.access_token).expect(204);
      await app.login(address, ANOTHER).expect(200);
      await change({ new_password: PASSWORD }, body.access_token).expect(422);
    });
  });
});
