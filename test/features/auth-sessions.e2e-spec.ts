import { createHmac } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import pg from 'pg';
import { Config } from '../../src/config/index.ts';
import { AuthApp, comparable, PASSWORD, type Tokens } from '../support/auth.ts';
import { served } from '../support/served.ts';

describe('sessions', () => {
  let app: AuthApp;
  beforeAll(async () => void (app = await AuthApp.start()));
  afterAll(() => app.stop());

  it('cost five round trips to begin, one to count the attempt and one to ask for a second factor, and two to refresh', async () => {
    const email = app.newAddress();
    const { refresh_token } = await app.person(email);
    expect(await app.test.roundTrips(() => app.login(email, PASSWORD).expect(200))).toBe(5);
    expect(await app.test.roundTrips(() => app.refresh(refresh_token).expect(200))).toBe(2);
  });

  describe('by password', () => {
    it('take the same password in every Unicode form', async () => {
      const email = app.newAddress();
      await app.person(email, 'pa\u0308sswort mit Umlaut');
      await app.login(email, 'p\u00e4sswort mit Umlaut').expect(200);
    });

    describe('with a hash weaker than those of today', () => {
      const weak = () => hash(PASSWORD, { memoryCost: 4096, timeCost: 1, parallelism: 1 });
      const hashOf = async (email: string) => {
        const [row] = await app.test.database.query<{ hash: string; changed_at: Date }>(
          'select p.hash, p.changed_at from passwords p join users u on u.id = p.user_id where u.email = $1',
          [email],
        );
        return row!;
      };
      const weaken = async (email: string) => {
        await app.test.database.query(
          'update passwords p set hash = $2 from users u where u.id = p.user_id and u.email = $1',
          [email, await weak()],
        );
        return hashOf(email);
      };
      let email: string;
      let before: { hash: string; changed_at: Date };
      beforeEach(async () => {
        email = app.newAddress();
        await app.person(email);
        before = await weaken(email);
      });

      it('make it stronger, in no more round trips, and the password has not changed', async () => {
        expect(await app.test.roundTrips(() => app.login(email, PASSWORD).expect(200))).toBe(5);
        const after = await hashOf(email);
        expect(after.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
        expect(after.changed_at).toEqual(before.changed_at);
        await app.login(email, PASSWORD).expect(200);
        expect(await hashOf(email)).toEqual(after);
      });

      it('leave it to a wrong password as it is', async () => {
        await app.login(email, 'not the password').expect(401);
        expect(await hashOf(email)).toEqual(before);
      });

      it('make it stronger once when many begin at a time', async () => {
        const answers = await Promise.all(Array.from({ length: 6 }, () => served(() => app.login(email, PASSWORD))));
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
        expect((await hashOf(email)).hash).toContain('m=19456,t=2');
      });

      it('never put it in the place of a new password', async () => {
        const other = await weak();
        const [user] = await app.test.database.query<{ id: string }>('select id from users where email = $1', [email]);
        const strengthen = async (current: string) => {
          const connection = new pg.Client({ connectionString: app.test.database.url('tenantry_app') });
          await connection.connect();
          await connection.query(`select set_config('app.user_id', $1, false)`, [user!.id]);
          await connection.query('select app.strengthen_password($1, $2)', [current, other]);
          await connection.end();
        };
        await strengthen('$argon2id$of a password that was');
        expect(await hashOf(email)).toEqual(before);
        await strengthen(before.hash);
        expect((await hashOf(email)).hash).toBe(other);
      });
    });

    it('are refused alike to a known and an unknown address, and both leave an event without the address', async () => {
      const [email, stranger] = [app.newAddress(), app.newAddress()];
      await app.person(email);
      const known = await app.login(email, 'not the password').expect(401);
      const unknown = await app.login(stranger, 'not the password').expect(401);
      expect(known.body.code).toBe('invalid_credentials');
      expect(comparable(known)).toEqual(comparable(unknown));

      expect((await app.eventsOf(email)).at(-1)).toMatchObject({ action: 'auth.sign_in_failed', outcome: 'failure' });
      const { secretKey } = app.test.nest.get(Config);
      const digest = createHmac('sha256', secretKey).update(`email_address\0${stranger}`).digest();
      const events = await app.test.database.query('select * from security_events where address_hash = $1', [digest]);
      expect(events).toEqual([expect.objectContaining({ action: 'auth.sign_in_failed', user_id: null })]);
    });

    it('are refused to a body beyond the limit before anything is hashed', async () => {
      const email = app.newAddress();
      await app.login(email, 'x'.repeat(2 ** 20)).expect(413);
      const { body } = await app.login(email, '\ufe0f'.repeat(50_000)).expect(422);
      expect(body.errors[0].pointer).toBe('/password');
      await app.post('/auth/login', { email, password: 12_345_678 }).expect(422);
    });

    it('are delayed after ten wrong ones, known address or not, to the right one too', async () => {
      const known = app.newAddress();
      await app.person(known);
      for (const email of [known, app.newAddress()]) {
        for (let attempt = 0; attempt < 10; attempt++) await app.login(email, `wrong ${attempt}`).expect(401);
        const { body, headers } = await app.login(email, PASSWORD).expect(429);
        expect(body).toMatchObject({ code: 'rate_limited', detail: expect.stringMatching(/Retry-After says, or use/) });
        expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      }
      await app.test.database.query('update sign_in_failures set blocked_until = now()');
      await app.login(known, PASSWORD).expect(200);
      // Forgiven: the next wrong one is the first.
      for (let attempt = 0; attempt < 9; attempt++) await app.login(known, 'wrong').expect(401);
      await app.login(known, PASSWORD).expect(200);
    });

    it('are delayed longer after each further wrong one', async () => {
      const email = app.newAddress();
      const delays: number[] = [];
      for (let attempt = 0; attempt < 13; attempt++) {
        await app.test.database.query('update sign_in_failures set blocked_until = now()');
        await app.login(email, 'wrong').expect(401);
        if (attempt >= 9) delays.push(Number((await app.login(email, 'wrong').expect(429)).headers['retry-after']));
      }
      expect(delays).toEqual([1, 2, 4, 8]);
    });

    it('guessed by many at once are judged ten times', async () => {
      const email = app.newAddress();
      await app.person(email);
      const start = performance.now();
      const answers = await Promise.all(Array.from({ length: 30 }, () => served(() => app.login(email, 'wrong'))));
      const seconds = (performance.now() - start) / 1000;
      const judged = answers.filter(({ status }) => status === 401).length;
      expect(judged).toBeGreaterThanOrEqual(10);
      // The block doubles from 1 s, so on a slow machine the n-th further one is judged after 2^n - 1 s at the soonest.
      expect(judged).toBeLessThanOrEqual(10 + Math.floor(Math.log2(1 + seconds)));
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(30 - judged);
    });
  });

  describe('by refresh token', () => {
    let email: string;
    let tokens: Tokens;
    beforeEach(async () => {
      email = app.newAddress();
      tokens = await app.person(email);
    });

    const elevenSecondsPass = () =>
      app.test.database.query(`update refresh_tokens set spent_at = spent_at - interval '11 seconds'`);

    it('give racing requests of one client the same successor, and the chain goes on', async () => {
      let token = tokens.refresh_token;
      for (let round = 0; round < 5; round++) {
        const answers = await Promise.all(Array.from({ length: 20 }, () => app.refresh(token)));
        expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
        const successors = new Set(answers.map(({ body }) => body.refresh_token));
        expect(successors.size).toBe(1);
        [token] = [...successors];
      }
      const live = await app.test.database.query(
        'select from refresh_tokens where session_id = $1 and spent_at is null',
        [tokens.session_id],
      );
      expect(live).toHaveLength(1);
    });

    it('end when a spent one is shown again after ten seconds', async () => {
      const { body: next } = await app.refresh(tokens.refresh_token).expect(200);
      await elevenSecondsPass();
      const reused = await app.refresh(tokens.refresh_token).expect(401);
      expect(reused.body.code).toBe('token_reused');
      expect(reused.headers['www-authenticate']).toMatch(/^Bearer/);
      await app.me(next.access_token).expect(401);
      expect((await app.refresh(next.refresh_token).expect(401)).body.code).toBe('unauthenticated');
      await app.refresh(tokens.refresh_token).expect(401);
      const reuses = (await app.eventsOf(email)).filter(({ action }) => action === 'auth.token_reused');
      expect(reuses).toHaveLength(1);
    });

    it('end when a spent one is shown by another client at once, and other sessions go on', async () => {
      const { body: other } = await app.login(email, PASSWORD);
      await app.refresh(tokens.refresh_token, 'one').expect(200);
      expect((await app.refresh(tokens.refresh_token, 'two').expect(401)).body.code).toBe('token_reused');
      await app.me(tokens.access_token).expect(401);
      await app.refresh(other.refresh_token).expect(200);
    });

    it('have no live chain after a race with a reuse', async () => {
      for (let round = 0; round < 5; round++) {
        const { refresh_token, session_id } = (await app.login(email, PASSWORD)).body;
        const { body: next } = await app.refresh(refresh_token);
        await elevenSecondsPass();
        const racing = [refresh_token, next.refresh_token, next.refresh_token].map((token) => app.refresh(token));
        await Promise.all(racing);
        const live = await app.test.database.query('select from sessions where id = $1 and ended_at is null', [
          session_id,
        ]);
        expect(live).toHaveLength(0);
      }
    });

    it('go on for 30 days from it, and for 90 from when their person proved who they are', async () => {
      const daysLeft = async () => {
        const [session] = await app.test.database.query(
          'select round(extract(epoch from expires_at - now()) / 86400, 2)::float as days from sessions where id = $1',
          [tokens.session_id],
        );
        return session!['days'];
      };
      const daysPass = (days: number) =>
        app.test.database.query(
          `update sessions set authenticated_at = authenticated_at - $2::interval, expires_at = expires_at - $2::interval
             where id = $1`,
          [tokens.session_id, `${days} days`],
        );
      let token = tokens.refresh_token;
      for (const left of [30, 30, 30, 15]) {
        ({ refresh_token: token } = (await app.refresh(token).expect(200)).body);
        expect(await daysLeft()).toBe(left);
        await daysPass(25);
      }
      expect((await app.refresh(token).expect(401)).body.code).toBe('unauthenticated');
    });

    it('are refused when it is unknown, or the session is over', async () => {
      expect((await app.refresh('A'.repeat(43)).expect(401)).body.code).toBe('unauthenticated');
      await app.test.database.query('update sessions set expires_at = now() where id = $1', [tokens.session_id]);
      expect((await app.refresh(tokens.refresh_token).expect(401)).body.code).toBe('unauthenticated');
    });

    it('are refused to a suspended user, as is everything else', async () => {
      const token = await app.register(app.newAddress());
      await app.test.database.query('update users set suspended_at = now() where email = $1', [email]);
      await app.test.database.query('update email_tokens set email_key = $1 where used_at is null', [email]);
      await app.refresh(tokens.refresh_token).expect(401);
      await app.me(tokens.access_token).expect(401);
      expect((await app.login(email, PASSWORD).expect(401)).body.code).toBe('invalid_credentials');
      await app.verify(token).expect(410);
    });

    it('are not begun by it as a bearer token', async () => {
      await app.me(tokens.refresh_token).expect(401);
    });
  });
});
