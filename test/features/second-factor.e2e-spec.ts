import pg from 'pg';
import type { Response } from 'supertest';
import type { Actor } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { RECOVERY_CODE, TestFactor } from '../support/second-factor.ts';
import { served } from '../support/served.ts';
import { until } from '../support/until.ts';

const STEP_MS = 30_000;
const TWENTY = Array.from({ length: 20 }, (_, index) => index);
const OTHER_CODE = '000000';

describe('a second factor', () => {
  let app: TestApp;
  let ada: Actor;
  beforeAll(async () => {
    app = await TestApp.start();
    app.clock.stop();
  });
  afterAll(() => app.stop());
  beforeEach(async () => void (ada = await app.actors.user()));

  const enroll = () => TestFactor.enroll(app, ada.api);
  const active = () => TestFactor.active(app, ada);
  /** As its person gets it, with ten recovery codes. */
  const activated = async () => {
    const factor = await enroll();
    return { factor, recoveryCodes: await factor.activate() };
  };
  const activate = (code: string) => ada.api.post('/me/mfa/totp/activate', { code });
  const remove = (code: string) => ada.api.delete('/me/mfa/totp').send({ code });
  const replace = (code: string) => ada.api.post('/me/mfa/recovery-codes', { code });

  const told = ({ status, body }: Response) => [status, body.code, body.errors?.[0].pointer, body.errors?.[0].code];
  const WRONG = [422, 'validation_failed', '/code', 'wrong'];
  const statusesOf = (answers: readonly Response[]) => answers.map(({ status }) => status).toSorted();

  const actions = async () => {
    const events = await app.database.query<{ action: string }>(
      'select action from security_events where user_id = $1 order by id',
      [ada.userId],
    );
    return events.map(({ action }) => action);
  };

  const subjects = async (count: number) => (await app.mailsTo(ada.email, count)).map(({ subject }) => subject);

  it('is told of with what else proves who its person is, at each step', async () => {
    const state = async () => (await ada.api.get('/me/mfa').expect(200)).body;
    const none = { totp: { active: false, activated_at: null }, recovery_codes_left: 0, has_password: false };
    expect(await state()).toEqual(none);
    const factor = await enroll();
    await app.database.query('insert into passwords (user_id, hash) values ($1, $2)', [ada.userId, '$argon2id$']);
    expect(await state()).toEqual({ ...none, has_password: true });
    await factor.activate();
    const totp = { active: true, activated_at: expect.stringMatching(/^\d{4}-.*Z$/) };
    expect(await state()).toEqual({ totp, recovery_codes_left: 10, has_password: true });
    const bob = await app.actors.user();
    expect((await bob.api.get('/me/mfa').expect(200)).body).toEqual(none);
    await app.database.query('update recovery_codes set used_at = now() where user_id = $1 and number < 3', [
      ada.userId,
    ]);
    expect(await state()).toMatchObject({ recovery_codes_left: 7 });
    await remove(factor.code()).expect(204);
    expect(await state()).toEqual({ ...none, has_password: true });
  });

  describe('is set up', () => {
    it('by a secret that an app reads from a picture, and a first code of it', async () => {
      const { body } = await ada.api.post('/me/mfa/totp').expect(200);
      expect(Object.keys(body)).toEqual(['secret', 'otpauth_uri', 'qr_svg']);
      expect(body.secret).toMatch(/^[A-Z2-7]{32}$/);
      const uri = new URL(body.otpauth_uri);
      expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual([
        'otpauth:',
        'totp',
        `/Tenantry:${ada.email}`,
      ]);
      expect(Object.fromEntries(uri.searchParams)).toEqual({
        issuer: 'Tenantry',
        secret: body.secret,
        algorithm: 'SHA1',
        digits: '6',
        period: '30',
      });
      const factor = await enroll();
      const answer = await activate(factor.code()).expect(200);
      expect(Object.keys(answer.body)).toEqual(['recovery_codes']);
      expect(new Set(answer.body.recovery_codes).size).toBe(10);
      for (const code of answer.body.recovery_codes) {
        expect(code).toMatch(/^\d[0-9a-hjkmnp-tv-z]{3}-[0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{4}$/);
      }
      expect(await subjects(1)).toEqual(['Signing in takes a code from now on']);
      expect(await actions()).toEqual(['user.mfa_enabled']);
    });

    it('by a picture that holds the address of it and nothing that runs or is fetched', async () => {
      const { body } = await ada.api.post('/me/mfa/totp').expect(200);
      const tags = [...body.qr_svg.matchAll(/<\/?(\w+)/g)].map(([, tag]) => tag);
      expect(new Set(tags)).toEqual(new Set(['svg', 'rect', 'path']));
      expect(body.qr_svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(
        /script|href|url|on\w+=|http|&/i,
      );
    });

    it('with another secret as long as none is active, and never beside an active one', async () => {
      const [first, second] = [await enroll(), await enroll()];
      expect(second.secret).not.toBe(first.secret);
      expect(told(await activate(first.code()))).toEqual(WRONG);
      await activate(second.code()).expect(200);
      for (const answer of [await ada.api.post('/me/mfa/totp'), await activate(second.code(1))]) {
        expect([answer.status, answer.body.code]).toEqual([409, 'conflict']);
      }
    });

    it('once, by one of 20 at once, and whoever comes later is told so', async () => {
      const factor = await enroll();
      const answers = await Promise.all(TWENTY.map(() => served(() => activate(factor.code()))));
      expect(statusesOf(answers).filter((status) => status === 200)).toHaveLength(1);
      // Of more than ten at once, the others have to wait.
      expect(statusesOf(answers).filter((status) => ![200, 409, 429].includes(status))).toEqual([]);
      expect(await actions()).toEqual(['user.mfa_enabled']);
    });

    it('never with a secret that another took the place of meanwhile', async () => {
      for (let round = 0; round < 5; round++) {
        ada = await app.actors.user();
        const first = await enroll();
        const [second, answer] = await Promise.all([ada.api.post('/me/mfa/totp'), activate(first.code())]);
        const [row] = await app.database.query('select activated_at from totp_secrets where user_id = $1', [
          ada.userId,
        ]);
        if (answer.status === 200) expect(second.status).toBe(409);
        else expect([second.status, row!['activated_at']]).toEqual([200, null]);
      }
    });

    it('by the code of the app alone, as whoever types another one is told', async () => {
      await enroll();
      const { body } = await activate(RECOVERY_CODE).expect(422);
      expect(body.errors[0].detail).toBe('must be the code that your app shows now for the new secret');
    });

    it('not without a secret, nor with a code that is no code', async () => {
      expect((await activate(OTHER_CODE)).status).toBe(404);
      for (const call of [() => remove(OTHER_CODE), () => replace(OTHER_CODE)]) expect((await call()).status).toBe(404);
      const factor = await enroll();
      for (const code of ['', 'x'.repeat(65), 123456, null, undefined]) {
        expect(told(await activate(code as string)).slice(0, 3)).toEqual([422, 'validation_failed', '/code']);
      }
      for (const code of ['12345', '1234567', 'abcdef', '１２３４５６'])
        expect(told(await activate(code))).toEqual(WRONG);
      await activate(factor.code().replace(/^.../, '$& ')).expect(200);
    });

    it('while other sessions of the person go on', async () => {
      const { userId, otherSessionId } = ada;
      await active();
      await app.anonymous.as(app.actors.token(userId, otherSessionId)).get('/me').expect(200);
    });
  });

  describe('has codes that', () => {
    it.each([
      [-1, 'the step before', 200],
      [0, 'the present step', 200],
      [1, 'the next step', 200],
      [-2, 'two steps before', 422],
      [2, 'two steps ahead', 422],
    ])('are taken or not: %i, %s', async (steps, _, status) => {
      const factor = await enroll();
      expect((await activate(factor.code(steps))).status).toBe(status);
    });

    it('change at the edges of a step, by the clock of the server', async () => {
      const factor = await enroll();
      const toEdge = STEP_MS - (app.clock.now().getTime() % STEP_MS);
      app.clock.advance(toEdge);
      const code = factor.code(-1);
      // To the last millisecond of the step after that of the code.
      app.clock.advance(STEP_MS - 1);
      const early = factor.code(2);
      expect(told(await activate(early))).toEqual(WRONG);
      await activate(code).expect(200);
      app.clock.advance(1);
      expect(told(await replace(code))).toEqual(WRONG);
      await replace(early).expect(200);
    });

    it('are spent: the activating one included, and whatever is older than one that was taken', async () => {
      const factor = await enroll();
      await activate(factor.code()).expect(200);
      for (const steps of [0, -1]) expect(told(await replace(factor.code(steps)))).toEqual(WRONG);
      await replace(factor.code(1)).expect(200);
      for (const steps of [1, 0]) expect(told(await replace(factor.code(steps)))).toEqual(WRONG);
      app.clock.advance(STEP_MS);
      await replace(factor.code(1)).expect(200);
    });

    it('count once, as whoever types one again is told', async () => {
      const factor = await active();
      await replace(factor.code()).expect(200);
      expect((await replace(factor.code()).expect(422)).body.errors[0].detail).toContain('wait for the next one');
    });

    it('are taken once, by one of 20 at once', async () => {
      for (const codeOf of [(factor: TestFactor) => factor.code(), () => RECOVERY_CODE]) {
        ada = await app.actors.user();
        const code = codeOf(await active());
        const answers = await Promise.all(TWENTY.map(() => served(() => replace(code))));
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
        expect(statusesOf(answers).filter((status) => ![200, 422, 429].includes(status))).toEqual([]);
      }
    });

    it('are judged ten times wrong, then make the person wait, whatever racing, key or no key', async () => {
      const factor = await active();
      for (let attempt = 0; attempt < 5; attempt++) {
        await remove(OTHER_CODE).expect(422);
        await replace(OTHER_CODE).set('idempotency-key', `${attempt}`).expect(422);
      }
      const { headers } = await replace(factor.code()).expect(429);
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect(await actions()).toEqual(Array<string>(10).fill('auth.mfa_failed'));
      await app.database.query(`update second_factor_failures set blocked_until = now() where user_id = $1`, [
        ada.userId,
      ]);
      await replace(OTHER_CODE).expect(422);
      const [row] = await app.database.query<{ wait: number }>('select app.second_factor_wait($1) as wait', [
        ada.userId,
      ]);
      expect(row!.wait).toBe(2);
      await app.database.query(`update second_factor_failures set blocked_until = now() where user_id = $1`, [
        ada.userId,
      ]);
      await replace(factor.code()).expect(200);
      expect(await app.database.query('select from second_factor_failures where user_id = $1', [ada.userId])).toEqual(
        [],
      );
    });

    it('are no more than ten of 40 wrong ones at once', async () => {
      await active();
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) => served(() => replace(String(100_000 + index)))),
      );
      expect(statusesOf(answers)).toEqual([...Array<number>(10).fill(422), ...Array<number>(30).fill(429)]);
    });

    describe('beside another transaction', () => {
      let holder: pg.Client;
      beforeEach(async () => {
        holder = new pg.Client({ connectionString: app.database.url() });
        await holder.connect();
        await holder.query('begin');
      });
      afterEach(() => holder.end());

      const isWaiting = async () => {
        const waiting = await app.database.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return waiting.length > 0;
      };

      it('never overtake the tenth try, which is being counted', async () => {
        const factor = await active();
        await holder.query(
          `insert into second_factor_failures values ($1, 10, clock_timestamp(), clock_timestamp() + interval '1 minute')`,
          [ada.userId],
        );
        const answer = Promise.resolve(replace(factor.code()));
        await Promise.race([answer, until(isWaiting)]);
        await holder.query('commit');
        expect((await answer).status).toBe(429);
      });

      it('are judged while a right one still works, and keep no others of the service from it', async () => {
        const factor = await active();
        const others = await app.actors.user();
        await replace(OTHER_CODE).expect(422);
        // Between the right code that is taken and the commit of what it proves.
        await holder.query('select from recovery_codes where user_id = $1 for update', [ada.userId]);
        const right = Promise.resolve(replace(factor.code()));
        await until(isWaiting);
        const wrong = Array.from({ length: 12 }, () => Promise.resolve(replace(OTHER_CODE)));
        const other = await others.api.get('/me');
        const answers = await Promise.all(wrong);
        await holder.query('commit');
        expect([other.status, (await right).status]).toEqual([200, 200]);
        expect(statusesOf(answers).filter((status) => ![422, 429].includes(status))).toEqual([]);
      });
    });
  });

  describe('makes recovery codes five times an hour and no more', () => {
    const made = (times: number, minutesAgo = 30) =>
      app.database.query(
        `insert into security_events (user_id, action, outcome, occurred_at)
           select $1, 'user.mfa_enabled', 'success', now() - make_interval(mins => $3) from generate_series(1, $2::integer)`,
        [ada.userId, times, minutesAgo],
      );

    it('by activation', async () => {
      await made(5);
      const factor = await enroll();
      const { headers } = await activate(factor.code()).expect(429);
      expect(Number(headers['retry-after'])).toBeGreaterThan(1790);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(1800);
      await app.database.query(
        `update security_events set occurred_at = now() - interval '61 minutes' where user_id = $1`,
        [ada.userId],
      );
      await activate(factor.code()).expect(200);
    });

    it('by replacements at once', async () => {
      await made(1, 61);
      await made(4);
      const factor = await active();
      const answers = await Promise.all(
        [factor.code(), factor.code(1), RECOVERY_CODE].map((code) => served(() => replace(code))),
      );
      expect(statusesOf(answers)[0]).toBe(200);
      expect(statusesOf(answers).filter((status) => status === 200)).toHaveLength(1);
      const { headers } = await replace(factor.code(1)).expect(429);
      expect(headers['ratelimit-policy']).toBe('"recovery-codes";q=5;w=3600');
    });
  });

  describe('has recovery codes that', () => {
    it('work once each, however they are typed, and their person is told', async () => {
      const { recoveryCodes } = await activated();
      const typed = ` ${recoveryCodes[3]!.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'O').replaceAll('1', 'l')}`;
      const { body } = await replace(typed).expect(200);
      expect(await subjects(3)).toEqual(
        expect.arrayContaining(['A recovery code was used', 'You have new recovery codes']),
      );
      expect(await actions()).toEqual(
        expect.arrayContaining(['user.recovery_code_used', 'user.recovery_codes_replaced']),
      );
      for (const code of [recoveryCodes[3]!, recoveryCodes[4]!]) expect(told(await replace(code))).toEqual(WRONG);
      await remove(body.recovery_codes[9]).expect(204);
    });

    it('are kept as hashes of passwords, each of its own salt', async () => {
      const { recoveryCodes } = await activated();
      const rows = await app.database.query<{ hash: string }>('select hash from recovery_codes where user_id = $1', [
        ada.userId,
      ]);
      expect(rows).toHaveLength(10);
      for (const { hash } of rows) expect(hash).toMatch(/^\$argon2id\$v=19\$/);
      expect(new Set(rows.map(({ hash }) => hash.split('$')[4])).size).toBe(10);
      for (const code of recoveryCodes) expect(JSON.stringify(rows)).not.toContain(code.replaceAll('-', ''));
    });

    it('are ten, whatever replacements race', async () => {
      const factor = await active();
      const answers = await Promise.all(
        [factor.code(), factor.code(1), RECOVERY_CODE].map((code) => served(() => replace(code))),
      );
      const last = await app.database.query('select from recovery_codes where user_id = $1', [ada.userId]);
      expect(last).toHaveLength(10);
      expect(statusesOf(answers)[0]).toBe(200);
      expect(statusesOf(answers).filter((status) => ![200, 422].includes(status))).toEqual([]);
    });
  });

  describe('is removed', () => {
    it('by a code, with its recovery codes, and its person is told', async () => {
      const { factor, recoveryCodes } = await activated();
      expect(told(await remove(OTHER_CODE))).toEqual(WRONG);
      await remove(factor.code()).expect(204);
      expect(await app.database.query('select from recovery_codes where user_id = $1', [ada.userId])).toEqual([]);
      for (const code of [factor.code(1), recoveryCodes[0]!]) expect((await remove(code)).status).toBe(404);
      expect(await subjects(2)).toContain('Signing in takes no code any more');
      expect(await actions()).toEqual(['user.mfa_enabled', 'auth.mfa_failed', 'user.mfa_disabled']);
      expect((await enroll()).secret).not.toBe(factor.secret);
    });

    it('by one of 20 at once, by codes that are all right', async () => {
      const factor = await active();
      const codes = [-1, 0, 1, 0, 1].flatMap((steps) => [
        factor.code(steps),
        RECOVERY_CODE,
        factor.code(),
        RECOVERY_CODE,
      ]);
      const answers = await Promise.all(codes.map((code) => served(() => remove(code))));
      expect(statusesOf(answers)[0]).toBe(204);
      expect(statusesOf(answers).filter((status) => status === 204)).toHaveLength(1);
      expect(statusesOf(answers).filter((status) => ![204, 404, 422, 429].includes(status))).toEqual([]);
      expect((await actions()).filter((action) => action === 'user.mfa_disabled')).toHaveLength(1);
    });
  });

  it("whose secret can't be opened any more is taken away by a recovery code", async () => {
    const factor = await active();
    await app.database.query(`begin; set local session_replication_role = replica;
      update totp_secrets set secret = 'v1.' || gen_random_uuid() || '.' || repeat('A', 50) where user_id = '${ada.userId}'; commit`);
    expect((await remove(factor.code())).status).toBe(500);
    await remove(RECOVERY_CODE).expect(204);
    await ada.api.post('/me/mfa/totp').expect(200);
  });

  it("is its person's alone: another's secret and codes do nothing", async () => {
    const { factor, recoveryCodes } = await activated();
    const eve = await app.actors.user();
    await TestFactor.active(app, eve);
    for (const code of [factor.code(), recoveryCodes[0]!]) {
      expect(told(await eve.api.post('/me/mfa/recovery-codes', { code }))).toEqual(WRONG);
    }
    await replace(recoveryCodes[0]!).expect(200);
  });

  it('is kept sealed: no secret stands in the database', async () => {
    const factor = await active();
    const [row] = await app.database.query<{ secret: string }>('select secret from totp_secrets where user_id = $1', [
      ada.userId,
    ]);
    expect(row!.secret).toMatch(/^v1\.[0-9a-f-]{36}\./);
    expect(row!.secret).not.toContain(factor.secret);
  });
});
