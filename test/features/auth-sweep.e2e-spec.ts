import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { BATCH, Maintenance } from '../../src/core/jobs/index.ts';
import { AuthApp, PASSWORD } from '../support/auth.ts';
import { FakeIssuer } from '../support/fake-issuer.ts';
import { until } from '../support/until.ts';

const WAITS_AT_MOST_MS = 1_000;
const TABLES = [
  'email_tokens',
  'sign_in_failures',
  'mfa_challenges',
  'second_factor_failures',
  'refresh_tokens',
  'sessions',
];
const NOTHING = TABLES.map(() => 0);

describe('what signing in leaves behind', () => {
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

  const query = <Row extends object>(text: string, values: readonly unknown[] = []) =>
    app.test.database.query<Row>(text, [...values]);
  const sweep = () => app.test.nest.get(Maintenance).run('sweep_sign_ins');
  const count = async (table: string) =>
    Number((await query<{ count: string }>(`select count(*) from ${table}`))[0]!.count);

  it('is kept as long as it is live, or refuses something', async () => {
    const email = app.newAddress();
    const { refresh_token, session_id } = await app.person(email);
    const { body: next } = await app.refresh(refresh_token).expect(200);
    const { body: ended } = await app.login(email, PASSWORD).expect(200);
    await app.test.anonymous.as(ended.access_token).post('/auth/logout').expect(204);
    await app.login(email, `${PASSWORD}!`).expect(401);
    await app.magicLink(email, 2);
    await app.me(issuer.token(app.newAddress())).expect(200);
    // The last moment of each.
    await query(`update email_tokens set expires_at = now() - interval '23 hours 59 minutes'`);
    await query(`update refresh_tokens set spent_at = now() - interval '29 days 23 hours' where spent_at is not null`);
    await query(`update sessions set expires_at = now() - interval '29 days 23 hours' where ended_at is not null`);
    await query(`update sign_in_failures set window_started_at = now() - interval '14 minutes 50 seconds'`);
    await query(
      `insert into mfa_challenges (hash, user_id, method, expires_at)
         select sha256('live'), id, 'pwd', now() - interval '23 hours 59 minutes' from users where email_key = $1`,
      [email],
    );
    await query(
      `insert into second_factor_failures
         select id, 9, now() - interval '23 hours 59 minutes', now() - interval '1 day' from users where email_key = $1`,
      [email],
    );
    await app.test.changingNothing(sweep);
    expect((await app.refresh(refresh_token, 'thief').expect(401)).body.code).toBe('token_reused');
    expect(next.session_id).toBe(session_id);
  });

  it('is kept while a person has to wait, however long ago they began', async () => {
    const email = app.newAddress();
    await app.login(email, PASSWORD).expect(401);
    await query(
      `update sign_in_failures set window_started_at = now() - interval '1 day', blocked_until = now() + interval '1 minute'`,
    );
    await app.test.changingNothing(sweep);
    await app.login(email, PASSWORD).expect(429);
    await query(`update sign_in_failures set blocked_until = now()`);
    await sweep();
    expect(await count('sign_in_failures')).toBe(0);
    await app.login(email, PASSWORD).expect(401);
  });

  describe('goes when it is over:', () => {
    it('a link a day after it has expired', async () => {
      const token = await app.register(app.newAddress());
      await query(`update email_tokens set expires_at = now() - interval '1 day 1 second'`);
      const { body: before } = await app.verify(token).expect(410);
      await sweep();
      expect(await count('email_tokens')).toBe(0);
      expect((await app.verify(token).expect(410)).body).toEqual({ ...before, request_id: expect.any(String) });
    });

    it('a refresh token 30 days after it was spent, while its session goes on', async () => {
      const first = await app.someone();
      const { body: second } = await app.refresh(first.refresh_token).expect(200);
      const { body: third } = await app.refresh(second.refresh_token).expect(200);
      await query(
        `update refresh_tokens set spent_at = spent_at - interval '30 days 1 second'
           where session_id = $1 and issued_at = (select min(issued_at) from refresh_tokens where session_id = $1)`,
        [first.session_id],
      );
      await sweep();
      expect(await query('select from refresh_tokens where session_id = $1', [first.session_id])).toHaveLength(2);
      // It is refused as one that nobody knows, and ends nothing.
      expect((await app.refresh(first.refresh_token).expect(401)).body.code).toBe('unauthenticated');
      await app.me(third.access_token).expect(200);
      expect((await app.refresh(second.refresh_token, 'thief').expect(401)).body.code).toBe('token_reused');
    });

    it('a session 30 days after it would have expired, ended or not, with its last token', async () => {
      const email = app.newAddress();
      const { body: other } = await app.someone(email).then(() => app.login(email, PASSWORD).expect(200));
      const ended = await app.someone();
      await app.test.anonymous.as(ended.access_token).post('/auth/logout').expect(204);
      const both = [other.session_id, ended.session_id];
      await query(`update sessions set expires_at = now() - interval '30 days 1 second' where id = any ($1)`, [both]);
      await sweep();
      for (const table of ['sessions where id', 'refresh_tokens where session_id']) {
        expect(await query(`select from ${table} = any ($1)`, [both])).toEqual([]);
      }
      await app.me(other.access_token).expect(401);
      expect((await app.refresh(other.refresh_token).expect(401)).body.code).toBe('unauthenticated');
      await app.login(email, PASSWORD).expect(200);
    });
  });

  describe('of an outside issuer', () => {
    const longOver = `update sessions set expires_at = now() - interval '1 year' where outside_key is not null`;

    it('goes when it is over, and begins anew with its next token', async () => {
      const [email, its] = [app.newAddress(), { session_id: randomUUID() }];
      await app.me(issuer.token(email, its)).expect(200);
      await query(longOver);
      await sweep();
      expect(await query('select from sessions where outside_key is not null')).toEqual([]);
      await app.me(issuer.token(email, { ...its, name: 'later' })).expect(200);
    });

    it('stays when it was ended, or its next token would begin it anew', async () => {
      const [email, its] = [app.newAddress(), { session_id: randomUUID() }];
      const token = issuer.token(email, its);
      await app.me(token).expect(200);
      await app.test.anonymous.as(token).post('/auth/logout').expect(204);
      await query(longOver);
      await sweep();
      await app.me(issuer.token(email, { ...its, name: 'later' })).expect(401);
    });
  });

  describe('in great number', () => {
    const FEW = 50;
    const MANY = 3 * FEW + 1;
    /** So many rows that are over in each table, and three times as many refresh tokens. */
    const fill = async (rows: number) => {
      for (const table of TABLES) await query(`delete from ${table}`);
      const { userId } = await app.test.actors.user();
      await query(
        `insert into email_tokens (hash, purpose, email, email_key, name, expires_at, due)
           select sha256(n::text::bytea), 'magic_link', 'a@b.example', 'a@b.example', 'a', now() - interval '2 days', true
             from generate_series(1, $1::int) n`,
        [rows],
      );
      await query(
        `insert into sign_in_failures select sha256(n::text::bytea), 1, now() - interval '1 day', '-infinity' from generate_series(1, $1::int) n`,
        [rows],
      );
      await query(
        `insert into mfa_challenges (hash, user_id, method, expires_at)
           select sha256(n::text::bytea), $2, 'pwd', now() - interval '2 days' from generate_series(1, $1::int) n`,
        [rows, userId],
      );
      await query(
        `with u as (
           insert into users (email, email_key, name)
             select id, id, 'a' from (select gen_random_uuid()::text as id from generate_series(1, $1::int)) as ids returning id
         )
         insert into second_factor_failures select id, 12, now() - interval '2 days', now() - interval '2 days' from u`,
        [rows],
      );
      await query(
        `with s as (
           insert into sessions (user_id, expires_at, authentication_methods, ip_address)
             select $2, now() - interval '31 days', '{pwd}', '127.0.0.1' from generate_series(1, $1::int) returning id
         )
         insert into refresh_tokens (hash, user_id, session_id, spent_at)
           select sha256((id::text || n)::bytea), $2, id, case when n > 1 then now() - interval '61 days' end
             from s, generate_series(1, 3) n`,
        [rows, userId],
      );
    };
    /** By table, how many are left, but for the sessions of whom they are. */
    const left = async () =>
      Promise.all(TABLES.map((table) => count(table === 'sessions' ? 'sessions where expires_at < now()' : table)));
    const server = async () => {
      const client = new pg.Client(app.test.database.url('tenantry_app'));
      await client.connect();
      return client;
    };

    /** In smaller batches. */
    const sweepFew = () => app.test.nest.get(Maintenance).run('sweep_sign_ins', FEW);

    it('goes in batches, each as long as a second at most', async () => {
      await fill(2 * BATCH);
      const client = await server();
      for (const kind of ['refresh_tokens', ...TABLES]) {
        const before = await count(kind);
        const times: number[] = [];
        for (let batch = 1; batch <= 2; batch += 1) {
          const began = performance.now();
          const { rows } = await client.query(`select app.sweep_${kind}($1) as swept`, [BATCH]);
          times.push(performance.now() - began);
          expect([rows[0].swept, before - (await count(kind))]).toEqual([BATCH, batch * BATCH]);
        }
        // The faster one: the machine may have other work.
        expect(Math.min(...times)).toBeLessThan(WAITS_AT_MOST_MS);
      }
      await client.end();
      expect(await left()).toEqual(NOTHING);
    });

    it('goes batch by batch until nothing is left', async () => {
      await fill(MANY);
      await sweepFew();
      expect(await left()).toEqual(NOTHING);
    });

    it('goes by several workers at once, and none fails', async () => {
      await fill(MANY);
      await Promise.all([sweepFew(), sweepFew(), sweepFew()]);
      await sweepFew();
      expect(await left()).toEqual(NOTHING);
    });

    it('is left, where another worker is at it', async () => {
      await fill(MANY);
      const client = await server();
      try {
        await client.query('begin');
        await client.query('select app.sweep_email_tokens($1)', [FEW]);
        await sweepFew();
        expect((await left()).slice(0, 2)).toEqual([FEW, 0]);
      } finally {
        await client.query('rollback');
        await client.end();
      }
      await sweepFew();
      expect(await left()).toEqual(NOTHING);
    });

    it('keeps a session that waits for its spent tokens', async () => {
      await fill(1);
      await query(`update refresh_tokens set spent_at = now() where spent_at is not null`);
      await app.test.changingNothing(sweep, TABLES.slice(0, 4));
    });

    it.each([
      ['email_tokens', 'expires_at'],
      ['sign_in_failures', 'window_started_at'],
      ['mfa_challenges', 'expires_at'],
      ['second_factor_failures', 'last_failed_at'],
      ['refresh_tokens', 'spent_at'],
      ['sessions', 'expires_at'],
    ])('is found by an index: %s', async (table, column) => {
      await fill(BATCH);
      if (table === 'sessions') await query('delete from refresh_tokens');
      await query(`analyze ${TABLES.join(', ')}`);
      const scans = async () => {
        const [row] = await query<{ scans: string }>(
          'select idx_scan as scans from pg_stat_user_indexes where indexrelname = $1',
          [`${table}_${column}_idx`],
        );
        return Number(row!.scans);
      };
      const before = await scans();
      const client = await server();
      await client.query(`select app.sweep_${table}(10)`);
      // What a connection has counted is seen when it has ended.
      await client.end();
      await until(async () => (await scans()) > before);
    });
  });

  it('goes by a job that recurs', async () => {
    await app.register(app.newAddress());
    await query(`update email_tokens set expires_at = now() - interval '2 days'`);
    const jobs = () => query(`select from graphile_worker._private_jobs where key = 'recurring sweep_sign_ins'`);
    await until(async () => (await jobs()).length === 1);
    await query(`update graphile_worker._private_jobs set run_at = now() - interval '1 minute'`);
    await query(`select pg_notify('jobs:insert', '{"count":1}')`);
    await until(async () => (await count('email_tokens')) === 0);
  });
});
