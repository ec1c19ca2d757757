import { isDeepStrictEqual } from 'node:util';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pg from 'pg';
import type { Response } from 'supertest';
import { v7 as uuid } from 'uuid';
import { type Database, sql } from '../../src/core/database/index.ts';
import { BATCH, Maintenance } from '../../src/core/jobs/index.ts';
import { created, Problem } from '../../src/core/http/index.ts';
import type { ProblemCode } from '../../src/core/http/problems.ts';
import type { Actor, Organization } from '../support/actors.ts';
import type { TestApp } from '../support/app.ts';
import { Client } from '../support/client.ts';
import { sendRaw } from '../support/raw-http.ts';
import { served } from '../support/served.ts';
import { until } from '../support/until.ts';
import { PostgresWire } from '../support/postgres-wire.ts';
import { insertWork, startWorks, startWorksBehind, works } from '../support/works.ts';

let app: TestApp;
let actor: Actor;

beforeAll(async () => {
  app = await startWorks();
  actor = await app.actors.user();
});

beforeEach(() => {
  works.now = insertWork;
});

afterAll(() => app.stop());

interface Call {
  readonly caller?: Client;
  readonly path?: string;
  readonly text?: string;
  readonly key?: string;
}

const send = ({ caller = actor.api, path = '/works', text = 'a', key = uuid() }: Call): PromiseLike<Response> =>
  caller.post(path, { text }).set('idempotency-key', key);
const refuse = (code: ProblemCode) => async (): Promise<never> => {
  throw new Problem(code);
};

/** @returns how many works have the text, which each test chooses for itself */
async function effects(text: string): Promise<number> {
  const [row] = await app.database.query<{ count: number }>('select count(*)::int from works where text = $1', [text]);
  return row!.count;
}

/** @returns what a caller can see of an answer, without what is each request's own */
function visible({ status, text, headers }: Response): object {
  const { location, etag, 'content-type': type } = headers;
  return { status, text, location, etag, type };
}

describe('a POST with an Idempotency-Key', () => {
  it('has one effect and one answer, however often it is sent', async () => {
    const call = { text: uuid(), key: uuid() };
    const first = await send(call);
    const again = [await send(call), await send(call)];

    expect(first).toMatchObject({ status: 201, body: { text: call.text } });
    expect(first.headers).toMatchObject({ location: `/api/v1/works/${first.body.id}`, etag: expect.any(String) });
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    for (const answer of again) {
      expect(visible(answer)).toEqual(visible(first));
      expect(answer.headers).toMatchObject({ 'idempotency-replayed': 'true', 'cache-control': 'no-store' });
      expect(answer.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    }
    expect(await effects(call.text)).toBe(1);
  });

  it('is answered as it would be without one', async () => {
    works.now = async (_database, text) =>
      created('1', { id: 1, text, list: [{ at: new Date(0) }], gone: undefined }, 7);
    const [plain, keyed] = [await actor.api.post('/works', { text: 'ä' }), await send({ text: 'ä' })];
    expect(visible(keyed)).toEqual(visible(plain));
  });

  it('without a body in its answer has none again', async () => {
    const call = { path: '/works/of/silence', text: uuid(), key: uuid() };
    const [first, again] = [await send(call), await send(call)];
    expect(visible(first)).toEqual({ status: 204, text: '' });
    expect(visible(again)).toEqual(visible(first));
    works.now = async () => undefined;
    const empty = { text: uuid(), key: uuid() };
    const [nothing, nothingAgain] = [await send(empty), await send(empty)];
    expect(visible(nothing)).toEqual({ status: 201, text: '' });
    expect(visible(nothingAgain)).toEqual(visible(nothing));
    expect(nothingAgain.headers).toMatchObject({ 'content-length': '0', 'idempotency-replayed': 'true' });
  });

  it('is another one with another key, caller, path or organisation', async () => {
    const other = await app.actors.user();
    const [here, there] = [await app.actors.organization(actor), await app.actors.organization(actor)];
    const call = { text: uuid(), key: uuid() };
    const calls = [
      call,
      { ...call, key: `${call.key}-` },
      { ...call, caller: other.api },
      { ...call, path: `/works/${here.id}` },
      { ...call, path: `/works/${there.id}` },
      { ...call, path: `/works/${there.id}/administration` },
    ];
    for (const one of calls) {
      const answer = await send(one);
      expect(answer.status).toBe(201);
      expect(answer.headers).not.toHaveProperty('idempotency-replayed');
    }
    expect(await effects(call.text)).toBe(calls.length);
  });

  it('is refused with another body or query, and is the same whatever the order of its members', async () => {
    const [key, text] = [uuid(), uuid()];
    const post = (path: string, body: string): PromiseLike<Response> =>
      actor.api.post(path).set('idempotency-key', key).set('content-type', 'application/json').send(body);
    await post('/works', `{"text":"${text}","note":"n"}`);
    const same = await post('/works', `{ "note": "n", "text": "${text}" }`);
    expect(same.headers).toMatchObject({ 'idempotency-replayed': 'true' });
    const changed = [
      await post('/works', `{"text":"${text}","note":"m"}`),
      await post('/works', `{"text":"${text}"}`),
      await post('/works?q=1', `{"text":"${text}","note":"n"}`),
      await post('/works', '{"unknown":1}'),
    ];
    for (const answer of changed) {
      expect(answer).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
      expect(answer.headers).not.toHaveProperty('idempotency-replayed');
    }
    expect((await post('/works', `{"text":"${text}","note":"n"}`)).status).toBe(201);
    expect(await effects(text)).toBe(1);
  });

  it('runs anew after a day, by the clock of the database', async () => {
    const call = { text: uuid(), key: uuid() };
    await send(call);
    const age = (interval: string): Promise<unknown> =>
      app.database.query(`update kept_answers set expires_at = expires_at - $1::interval where user_id = $2`, [
        interval,
        actor.userId,
      ]);
    app.clock.advance(25 * 3_600_000);
    await age('23:59:00');
    const caller = app.anonymous.as(app.actors.token(actor.userId, actor.sessionId));
    expect((await send({ ...call, caller })).headers).toMatchObject({ 'idempotency-replayed': 'true' });
    await age('00:01:00');
    const anew = await send({ ...call, caller });
    expect(anew.status).toBe(201);
    expect(anew.headers).not.toHaveProperty('idempotency-replayed');
    expect(visible(await send({ ...call, caller }))).toEqual(visible(anew));
    expect(await effects(call.text)).toBe(2);
    actor = await app.actors.user();
  });
});

describe('twins', () => {
  it.each([1, 2, 3])(
    'twenty at once have one effect, and the others are told to wait or what the first was (round %i)',
    async () => {
      const call = { text: uuid(), key: uuid() };
      const answers = await Promise.all(Array.from({ length: 20 }, () => served(() => send(call))));
      const firsts = answers.filter(({ status, headers }) => status === 201 && !('idempotency-replayed' in headers));
      expect(firsts).toHaveLength(1);
      for (const answer of answers) {
        if (answer.status === 201) expect(visible(answer)).toEqual(visible(firsts[0]!));
        else expect(answer).toMatchObject({ status: 409, body: { code: 'idempotency_in_progress' } });
      }
      expect(await effects(call.text)).toBe(1);
      expect(visible(await send(call))).toEqual(visible(firsts[0]!));
    },
  );

  it('is told to wait while the first runs, and gets its answer then', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let begun = 0;
    works.now = async (database, text) => {
      begun += 1;
      await gate;
      return insertWork(database, text);
    };
    const call = { text: uuid(), key: uuid() };
    const first = send(call).then((answer) => answer);
    await until(() => begun === 1);
    const twin = await send(call);
    expect(twin).toMatchObject({ status: 409, body: { code: 'idempotency_in_progress' } });
    expect(twin.headers).toMatchObject({ 'retry-after': '1' });
    open();
    const answer = await first;
    expect(answer.status).toBe(201);
    expect(visible(await send(call))).toEqual(visible(answer));
    expect(begun).toBe(1);
  });

  it('get the same organisation, founded once', async () => {
    const founder = await app.actors.user();
    const key = uuid();
    const found = (): PromiseLike<Response> =>
      founder.api.post('/organizations', { name: 'Twins' }).set('idempotency-key', key);
    const answers = await Promise.all(Array.from({ length: 5 }, () => served(found)));
    const again = await found();
    expect(again.status).toBe(201);
    for (const answer of answers) expect([409, 201]).toContain(answer.status);
    const { body } = await founder.api.get('/organizations').expect(200);
    expect(body.data).toMatchObject([{ id: again.body.id }]);
    const events = await app.database.query('select action, actor_id from audit_events where organization_id = $1', [
      again.body.id,
    ]);
    expect(events).toEqual([
      { action: 'organization.created', actor_id: founder.userId },
      { action: 'member.joined', actor_id: founder.userId },
    ]);
  });
});

describe('a replay', () => {
  let organization: Organization;
  beforeAll(async () => {
    organization = await app.actors.organization();
  });

  it.each([
    ['was removed', 404, 'not_found', 'select app.remove_member(organization_id, id) from members where user_id = $1'],
    ['was suspended', 403, 'member_suspended', `update members set status = 'suspended' where user_id = $1`],
    [
      'lost the permission',
      403,
      'permission_denied',
      'delete from member_roles m using members where member_id = id and user_id = $1',
    ],
    ['signed out', 401, 'unauthenticated', 'update sessions set ended_at = now() where user_id = $1'],
  ])('is refused to a member who %s', async (_, status, code, change) => {
    const member = await app.actors.member(organization, ['admin']);
    const call = { caller: member.api, path: `/works/${organization.id}/administration`, text: uuid(), key: uuid() };
    expect((await send(call)).status).toBe(201);
    await app.database.query(change, [member.userId]);
    const answer = await send(call);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.text).not.toContain(call.text);
    expect(answer.headers).not.toHaveProperty('idempotency-replayed');
  });

  it('is not stopped by a refusal of before: access is judged anew', async () => {
    const member = await app.actors.member(organization, []);
    const call = { caller: member.api, path: `/works/${organization.id}/administration`, text: uuid(), key: uuid() };
    expect((await send(call)).status).toBe(403);
    await app.database.query(
      `insert into member_roles (organization_id, member_id, role_id)
         select organization_id, $2, id from roles where organization_id = $1 and scope = 'organization' and key = 'admin'`,
      [organization.id, member.memberId],
    );
    expect((await send(call)).status).toBe(201);
    const absent = { ...call, path: `/works/${uuid()}` };
    expect((await send(absent)).status).toBe(404);
    expect(await keptOf(member)).toBe(1);
  });
});

async function keptOf({ userId }: Actor): Promise<number> {
  const rows = await app.database.query('select from kept_answers where user_id = $1', [userId]);
  return rows.length;
}

describe('a refusal', () => {
  it.each([
    'not_found',
    'already_exists',
    'conflict',
    'precondition_failed',
    'validation_failed',
    'bad_request',
  ] as const)('of the call itself is kept: %s', async (code) => {
    const call = { text: uuid(), key: uuid() };
    works.now = async (database, text) => {
      await insertWork(database, text);
      throw new Problem(code);
    };
    const first = await send(call);
    expect(first.body).toMatchObject({ code });
    works.now = insertWork;
    const again = await send(call);
    expect(visible(again)).toEqual(visible(first));
    expect(again.headers).toMatchObject({ 'idempotency-replayed': 'true' });
    expect(await effects(call.text)).toBe(0);
  });

  it('of the input is kept', async () => {
    const [key, body] = [uuid(), { text: 'long'.repeat(100) }];
    const post = (): PromiseLike<Response> => actor.api.post('/works', body).set('idempotency-key', key);
    const first = await post();
    expect(first).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect(visible(await post())).toEqual(visible(first));
  });

  it('that is long is not kept, and the call is judged anew', async () => {
    const unknown = Array.from({ length: 100 }, (_, index) => [`${index}${'x'.repeat(200)}`, 1]);
    const [key, body] = [uuid(), { text: 'a', ...Object.fromEntries(unknown) }];
    for (let call = 0; call < 2; call += 1) {
      const { status, headers } = await actor.api.post('/works', body).set('idempotency-key', key);
      expect([status, headers['idempotency-replayed']]).toEqual([422, undefined]);
    }
    expect((await send({ key })).status).toBe(201);
  });

  it('that comes with the commit is kept', async () => {
    const call = { text: uuid(), key: uuid() };
    works.now = async (database, text) => {
      database.defer(sql`insert into works (id, text) overriding system value select id, text from works limit 1`);
      return insertWork(database, text);
    };
    const first = await send(call);
    expect(first).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    expect(first.headers).not.toHaveProperty('etag');
    expect(first.headers).not.toHaveProperty('location');
    works.now = insertWork;
    expect(visible(await send(call))).toEqual(visible(first));
    expect(await effects(call.text)).toBe(0);
  });

  it.each([
    ...(['unavailable', 'rate_limited', 'internal_error', 'unauthenticated', 'grant_exceeds_own'] as const).map(
      (code) => [code, refuse(code)] as const,
    ),
    ['a defect', () => Promise.reject(new Error('defect'))] as const,
    [
      'a lost connection',
      (database: Database) => database.query(sql`select pg_terminate_backend(pg_backend_pid())`),
    ] as const,
  ])('that may pass is not kept: %s', async (_, refusal) => {
    const call = { text: uuid(), key: uuid() };
    works.now = async (database, text) => {
      await insertWork(database, text);
      return refusal(database);
    };
    const first = await send(call);
    expect([401, 403, 429, 500, 503]).toContain(first.status);
    works.now = insertWork;
    const again = await send(call);
    expect(again.status).toBe(201);
    expect(again.headers).not.toHaveProperty('idempotency-replayed');
    expect(await effects(call.text)).toBe(1);
  });
});

describe('the handler', () => {
  it('runs again whole where it stood in the way of another, and has one effect', async () => {
    const call = { text: uuid(), key: uuid() };
    let runs = 0;
    works.now = async (database, text) => {
      runs += 1;
      const answer = await insertWork(database, text);
      if (runs < 3) await database.query(sql`do $$ begin raise exception 'in the way' using errcode = '40001'; end $$`);
      return answer;
    };
    const first = await send(call);
    expect(first).toMatchObject({ status: 201, body: { text: call.text } });
    expect(runs).toBe(3);
    expect(visible(await send(call))).toEqual(visible(first));
    expect(runs).toBe(3);
    expect(await effects(call.text)).toBe(1);
  });

  it('whose connection dies in the middle leaves nothing, and the key is free', async () => {
    const call = { text: uuid(), key: uuid() };
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let begun = false;
    works.now = async (database, text) => {
      const answer = await insertWork(database, text);
      begun = true;
      await gate;
      return answer;
    };
    const first = send(call).then((answer) => answer);
    await until(() => begun);
    expect((await send(call)).body).toMatchObject({ code: 'idempotency_in_progress' });
    // It is waited for: a process on its way out holds its locks still.
    await app.database.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
         where datname = current_database() and state = 'idle in transaction'`,
    );
    open();
    expect((await first).status).toBe(503);
    works.now = insertWork;
    const again = await served(() => send(call));
    expect(again.status).toBe(201);
    expect(again.headers).not.toHaveProperty('idempotency-replayed');
    expect(await effects(call.text)).toBe(1);
  });

  describe('on another server', () => {
    let wire: PostgresWire;
    let server: NestFastifyApplication;
    let there: Client;

    beforeAll(async () => {
      wire = await PostgresWire.to(app.database.url('tenantry_app'));
      server = await startWorksBehind(wire, app);
      there = new Client(await server.getUrl());
    });

    afterEach(() => {
      wire.losesAnswers = false;
    });

    afterAll(async () => {
      await server.close();
      await wire.close();
    });

    it('whose commit arrived, and not its answer, has had its effect: the same key tells of it', async () => {
      const call = { text: uuid(), key: uuid() };
      works.now = async (database, text) => {
        const answer = await insertWork(database, text);
        wire.losesAnswers = true; // The next one is that of COMMIT.
        return answer;
      };
      const lost = await send({ ...call, caller: there.as(actor.api.token) });
      expect(lost).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      // The client was answered before the database had done it.
      await until(async () => (await effects(call.text)) === 1);
      const again = await served(() => send(call));
      expect(again).toMatchObject({ status: 201, body: { text: call.text } });
      expect(again.headers).toMatchObject({ 'idempotency-replayed': 'true' });
      expect(await effects(call.text)).toBe(1);
    });

    it('whose work arrived, and not its answer, has had no effect: the same key begins anew', async () => {
      const call = { text: uuid(), key: uuid() };
      works.now = async (database, text) => {
        wire.losesAnswers = true;
        return insertWork(database, text);
      };
      expect((await send({ ...call, caller: there.as(actor.api.token) })).status).toBe(503);
      works.now = insertWork;
      await until(async () => (await send(call)).status === 201);
      expect(await effects(call.text)).toBe(1);
    });

    it('has one effect with its twins here', async () => {
      const call = { text: uuid(), key: uuid() };
      const callers = [actor.api, there.as(actor.api.token)];
      const calls = Array.from({ length: 20 }, (_, i) => served(() => send({ ...call, caller: callers[i % 2]! })));
      const answers = await Promise.all(calls);
      for (const { status } of answers) expect([201, 409]).toContain(status);
      expect(await effects(call.text)).toBe(1);
    });
  });

  it('takes one round trip more, none without a key, and two for a replay', async () => {
    await send({});
    const plain = await app.roundTrips(async () => actor.api.post('/works', { text: 'a' }));
    const call = { key: uuid() };
    const keyed = await app.roundTrips(async () => send(call));
    const replay = await app.roundTrips(async () => send(call));
    expect({ plain, keyed, replay }).toEqual({ plain: 1, keyed: 3, replay: 2 });

    const found = (headers: Record<string, string>) =>
      app.roundTrips(async () => actor.api.post('/organizations', { name: uuid() }).set(headers));
    const founded = await found({});
    expect(await found({ 'idempotency-key': uuid() })).toBe(founded + 1);
  });
});

describe('a key', () => {
  const malformed = ['', 'ä', 'a\tb', 'k'.repeat(256)];
  const port = (): number => Number(new URL(app.url).port);
  const raw = (...lines: string[]): string => {
    const body = JSON.stringify({ text: 'raw' });
    const head = [
      'POST /api/v1/works HTTP/1.1',
      'Host: localhost',
      `Authorization: Bearer ${actor.api.token}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Connection: close',
      ...lines,
    ];
    return `${head.join('\r\n')}\r\n\r\n${body}`;
  };

  it.each(malformed)('that is malformed is refused: %j', async (key) => {
    const answer = await sendRaw(port(), Buffer.from(raw(`Idempotency-Key: ${key}`), 'latin1'));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'bad_request',
      errors: [{ parameter: 'Idempotency-Key', code: 'pattern' }],
    });
  });

  it('that is sent twice is refused, the same one too', async () => {
    for (const second of ['a', 'b']) {
      const answer = await sendRaw(port(), raw('Idempotency-Key: a', `idempotency-key: ${second}`));
      expect(answer.status).toBe(400);
    }
  });

  it.each(['k', '"8e03978e-40d5-43dd-bc93-6894a57f9324"', 'a, b', '~ !', 'k'.repeat(255)])(
    'is taken: %j',
    async (key) => {
      expect((await send({ key })).status).toBe(201);
    },
  );

  it('is judged after who calls and before what is in the body', async () => {
    const organization = await app.actors.organization();
    const powerless = await app.actors.member(organization, []);
    const path = `/works/${organization.id}/administration`;
    const post = (caller: Client): PromiseLike<Response> =>
      caller.post(path, { unknown: 1 }).set('idempotency-key', 'ä');
    const statuses = [];
    for (const caller of [app.anonymous, actor.api, powerless.api, organization.owner.api]) {
      statuses.push((await post(caller)).status);
    }
    expect(statuses).toEqual([401, 404, 403, 400]);
  });

  it.each([
    ['POST', '/works/of/nobody', 201],
    ['POST', '/works/of/single-use', 201],
    ['PATCH', '/works/of/change', 200],
  ])('means nothing to %s %s, not even a malformed one', async (method, path, status) => {
    const text = uuid();
    for (const key of ['same', 'same', 'k'.repeat(256)]) {
      const call = method === 'POST' ? actor.api.post(path, { text }) : actor.api.patch(path, { text });
      const answer = await call.set('idempotency-key', key);
      expect(answer.status).toBe(status);
      expect(answer.headers).not.toHaveProperty('idempotency-replayed');
    }
    expect(await effects(text)).toBe(3);
  });
});

describe('what is kept', () => {
  it('tells nobody what it holds, and belongs to one caller and key', async () => {
    const [mine, theirs] = [await app.actors.user(), await app.actors.user()];
    const [mineCall, theirCall] = [mine, theirs].map(({ api }) => ({ caller: api, text: uuid(), key: uuid() }));
    await send(mineCall!);
    await send(theirCall!);
    const kept = await app.database.query('select *, answer::text as text from kept_answers where user_id = $1', [
      mine.userId,
    ]);
    const { answer, key_hash: keyHash, fingerprint } = kept[0]!;
    for (const part of [answer, keyHash, fingerprint]) {
      expect(part.toString('latin1')).not.toContain(mineCall!.text);
      expect(part.toString('latin1')).not.toContain(mineCall!.key);
    }
    await app.database.query('update kept_answers set answer = $1 where user_id = $2', [answer, theirs.userId]);
    const moved = await send(theirCall!);
    expect(moved.status).toBe(500);
    expect(moved.text).not.toContain(mineCall!.text);
  });

  it('is swept when its day is over, however much it is, and not before', async () => {
    const call = { text: uuid(), key: uuid() };
    const first = await send(call);
    const fill = (count: number, age: string): Promise<unknown> =>
      app.database.query(
        `insert into kept_answers (user_id, key_hash, fingerprint, answer, expires_at)
           select $1, sha256(n::text::bytea), sha256('f'), 'a', clock_timestamp() - $3::interval
             from generate_series(1, $2::int) as n`,
        [uuid(), count, age],
      );
    await fill(2 * BATCH + 1, '1 second');
    await fill(2, '-1 minute');
    const kept = (): Promise<object[]> => app.database.query('select expires_at from kept_answers order by 1');
    const live = await app.database.query('select expires_at from kept_answers where expires_at > now() order by 1');
    expect((await kept()).length - live.length).toBeGreaterThan(2 * BATCH);
    await app.nest.get(Maintenance).run('sweep_kept_answers');
    expect(await kept()).toEqual(live);
    expect(visible(await send(call))).toEqual(visible(first));
  });

  it('is swept by a job that recurs', async () => {
    const jobs = (): Promise<object[]> =>
      app.database.query(`select run_at from graphile_worker._private_jobs where key = 'recurring sweep_kept_answers'`);
    await until(async () => (await jobs()).length === 1);
    await app.database.query(`update kept_answers set expires_at = now() where user_id = $1`, [actor.userId]);
    expect(await keptOf(actor)).toBeGreaterThan(0);
    await app.database.query(`update graphile_worker._private_jobs set run_at = now() - interval '1 minute'`);
    await app.database.query(`select pg_notify('jobs:insert', '{"count":1}')`);
    await until(async () => (await keptOf(actor)) === 0);
  });

  describe('in the database', () => {
    const opened: pg.Client[] = [];
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((client) => client.end()));
    });

    /** @returns a process of its own, as far as the database can tell */
    async function server(): Promise<pg.Client> {
      const client = new pg.Client(app.database.url('tenantry_app'));
      opened.push(client);
      await client.connect();
      return client;
    }

    const begin = (client: pg.Client, userId: string): Promise<unknown> =>
      client.query(`begin; select set_config('app.user_id', '${userId}', true)`);
    const claim = async (client: pg.Client, fingerprint = 'f'): Promise<unknown> => {
      const { rows } = await client.query(
        `select state, convert_from(answer, 'utf8') as answer from app.claim_idempotency_key(sha256('k'), sha256($1))`,
        [fingerprint],
      );
      return rows[0];
    };
    const keep = (client: pg.Client, answer: string): Promise<unknown> =>
      client.query(`select app.keep_answer(sha256('k'), sha256('f'), $1::bytea)`, [answer]);

    it('is gone with the process that was killed before its commit, and so is its claim', async () => {
      const [userId, killed, other] = [uuid(), await server(), await server()];
      killed.on('error', () => undefined);
      await begin(killed, userId);
      expect(await claim(killed)).toEqual({ state: 'claimed', answer: null });
      await keep(killed, 'of the killed one');
      const seen = async (): Promise<unknown> => {
        await begin(other, userId);
        const found = await claim(other);
        await other.query('rollback');
        return found;
      };
      expect(await seen()).toEqual({ state: 'running', answer: null });
      killed.connection.stream.destroy();
      await until(async () => isDeepStrictEqual(await seen(), { state: 'claimed', answer: null }));
    });

    it('is the answer of whoever has the key, and stays the first one', async () => {
      const [userId, one, twin] = [uuid(), await server(), await server()];
      await Promise.all([begin(one, userId), begin(twin, userId)]);
      expect(await claim(twin)).toEqual({ state: 'claimed', answer: null });
      await keep(one, 'of one that was refused');
      await one.query('commit');
      await keep(twin, 'of the twin');
      await twin.query('commit');
      await begin(one, userId);
      await keep(one, 'too late');
      expect(await claim(one)).toEqual({ state: 'kept', answer: 'of the twin' });
      expect(await claim(one, 'another')).toEqual({ state: 'reused', answer: null });
    });

    it('is there for all who ask at once, without a wait', async () => {
      const [userId, one, twin] = [uuid(), await server(), await server()];
      await begin(one, userId);
      await claim(one);
      await keep(one, 'kept');
      await one.query('commit');
      await Promise.all([begin(one, userId), begin(twin, userId)]);
      expect(await claim(one)).toEqual({ state: 'kept', answer: 'kept' });
      expect(await claim(twin)).toEqual({ state: 'kept', answer: 'kept' });
    });
  });
});
