import { runInContext } from '../../src/core/context/context.ts';
import { Connection, GroupError, type RoundTrip } from '../../src/core/database/connection.ts';
import type { Connections, ConnectionsOptions } from '../../src/core/database/connections.ts';
import { databaseFault, Database, Scope, sql, toProblem } from '../../src/core/database/index.ts';
import { PREPARED_STATEMENT_LIMIT } from '../../src/core/database/prepared-statements.ts';
import type { Statement } from '../../src/core/database/statement.ts';
import { Problem } from '../../src/core/http/problem.ts';
import { sealedColumns, testConnections } from '../support/connections.ts';
import { TestDatabase } from '../support/database.ts';
import { tenant, type Tenant } from '../support/tenant.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let here: Tenant;
let elsewhere: Tenant;
const opened: Connections[] = [];
let roundTrips: RoundTrip[] = [];

beforeAll(async () => {
  database = await TestDatabase.create();
  await database.query(`
    create table notes (organization_id uuid not null default app.organization_id(), id int, text text,
      primary key (organization_id, id));
    select app.protect_table('notes', 'organization', 'organization_id');
    grant select, insert, update, delete on notes to tenantry_app;
    create table plain (id int primary key, n int not null default 0);
    grant all on plain to tenantry_app`);
  here = await tenant(database);
  elsewhere = await tenant(database);
});

beforeEach(async () => {
  roundTrips = [];
  await database.query('truncate notes, plain');
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((connections) => connections.end()));
});

afterAll(() => database.drop());

function connections(changes: Partial<ConnectionsOptions> = {}): Connections {
  const made = testConnections(database.url('tenantry_app'), {
    size: 2,
    onRoundTrip: (roundTrip) => roundTrips.push(roundTrip),
    ...changes,
  });
  opened.push(made);
  return made;
}

const statement = (text: string, ...values: unknown[]): Statement => ({ text, values });
const insert = (id: number): Statement => statement('insert into plain (id) values ($1)', id);

async function count(table: 'notes' | 'plain'): Promise<number> {
  const rows = await database.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return rows[0]!.n;
}

async function withConnection<T>(pool: Connections, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await pool.acquire();
  try {
    return await work(connection);
  } finally {
    connection.release();
  }
}

async function backend(pool: Connections): Promise<number> {
  const [result] = await withConnection(pool, (connection) =>
    connection.send([statement('select pg_backend_pid() as pid')]),
  );
  return Number(Object.values(result!.rows[0]!)[0]);
}

const asMember = (tenant: Tenant, permission: string | null = null): Scope =>
  Scope.admission({ ...tenant, permission, systemRoles: ['owner'] });

const inScope = <T>(scope: Scope, work: () => Promise<T>): Promise<T> =>
  runInContext({ scope }, async () => await work());

describe.each([
  ['named statements', true],
  ['unnamed statements', false],
])('a group with %s', (_, named) => {
  test('answers every statement in one round trip', async () => {
    const results = await withConnection(connections({ named }), (connection) =>
      connection.send([
        insert(1),
        statement('select id, n from plain'),
        statement('select $1::text as a, $2::int[] as b, $3::jsonb as c', 'x', [1, 2], { y: [null, 'é'] }),
        statement('select 1 where false'),
        statement(''),
      ]),
    );
    expect(results.map(({ command, rowCount, rows }) => ({ command, rowCount, rows }))).toEqual([
      { command: 'INSERT', rowCount: 1, rows: [] },
      { command: 'SELECT', rowCount: 1, rows: [{ id: 1, n: 0 }] },
      { command: 'SELECT', rowCount: 1, rows: [{ a: 'x', b: [1, 2], c: { y: [null, 'é'] } }] },
      { command: 'SELECT', rowCount: 0, rows: [] },
      { command: '', rowCount: null, rows: [] },
    ]);
    expect(roundTrips).toHaveLength(1);
  });

  const faults = {
    'that does not parse': statement('selekt 1'),
    'that names no table': statement('select * from nowhere'),
    'with a bad parameter': statement('select $1::uuid', 'no uuid'),
    'with too few parameters': statement('select $1::int + $2::int', 1),
    'that fails while it runs': statement('select 1 / $1::int', 0),
    'that breaks a constraint': insert(7),
  };
  for (const [kind, fault] of Object.entries(faults)) {
    test.each([0, 1, 2, 3])(`undoes everything for a statement ${kind} at place %i`, async (place) => {
      await database.query('insert into plain values (7)');
      const pool = connections({ named, size: 1 });
      await withConnection(pool, async (connection) => {
        const group = [insert(1), insert(2), insert(3)].toSpliced(place, 0, fault);
        for (let round = 0; round < 3; round += 1) {
          const error = await connection.send(group).catch((caught: unknown) => caught);
          expect(error).toBeInstanceOf(GroupError);
          expect(error).toMatchObject({ statementIndex: place });
        }
        expect(await count('plain')).toBe(1);
        const [result] = await connection.send([insert(1), insert(2)]);
        expect(result!.rowCount).toBe(1);
      });
      expect(await count('plain')).toBe(3);
    });
  }

  test('sends nothing when a parameter can not be converted', async () => {
    const pool = connections({ named, size: 1 });
    const bad = {
      toPostgres: (): never => {
        throw new Error('no such form');
      },
    };
    await withConnection(pool, async (connection) => {
      for (const value of [undefined, bad]) {
        await expect(connection.send([insert(1), statement('select $1::text', value)])).rejects.toThrow(
          /undefined|no such form/,
        );
      }
      await expect(
        connection.send([statement('select 1', ...Array.from({ length: 65_536 }, () => 1))]),
      ).rejects.toThrow('65536 parameters');
      expect(await connection.send([statement('select 1 as one')])).toMatchObject([{ rows: [{ one: 1 }] }]);
    });
    expect(await count('plain')).toBe(0);
  });

  test('runs the same statement twice in a group, from the first time on', async () => {
    await withConnection(connections({ named }), async (connection) => {
      for (const first of [1, 3]) {
        const read = statement('select $1::int as n', first);
        const results = await connection.send([read, insert(first), insert(first + 1), read]);
        expect(results.map(({ rows }) => rows)).toEqual([[{ n: first }], [], [], [{ n: first }]]);
      }
    });
  });

  test('reports a row that its reader refuses, and stays usable', async () => {
    await withConnection(connections({ named, size: 1 }), async (connection) => {
      const types = {
        getTypeParser: () => (): never => {
          throw new Error('unreadable');
        },
      };
      const unreadable = { ...statement('select generate_series(1, 3)'), types };
      await expect(connection.send([unreadable])).rejects.toThrow('a row could not be read');
      expect(await connection.send([statement('select 2 as two')])).toMatchObject([{ rows: [{ two: 2 }] }]);
    });
  });

  test('survives a change of the schema under it', async () => {
    await database.query(
      'create table shape (a int); insert into shape values (1); grant select on shape to tenantry_app',
    );
    const service = new Database(connections({ named, size: 1 }), sealedColumns());
    const read = (): Promise<object[]> => service.query(sql`select * from shape`);
    await inScope(Scope.public(), async () => {
      expect(await read()).toEqual([{ a: 1 }]);
      await database.query(`alter table shape add b text default 'x'`);
      expect(await read()).toEqual([{ a: 1, b: 'x' }]);
      await database.query('alter table shape drop a');
      expect(await service.transaction(read)).toEqual([{ b: 'x' }]);
    });
    await database.query('drop table shape');
  });
});

describe('a connection', () => {
  test('keeps a bounded number of named statements', async () => {
    await withConnection(connections(), async (connection) => {
      for (let i = 0; i < PREPARED_STATEMENT_LIMIT + 50; i += 1) await connection.send([statement(`select ${i}`)]);
      const [known] = await connection.send([statement('select count(*)::int as n from pg_prepared_statements')]);
      // One too many is closed with the group after it: this one's own.
      expect(known!.rows).toEqual([{ n: PREPARED_STATEMENT_LIMIT + 1 }]);
    });
  });

  test('does not name a statement so long that many of it would fill the server', async () => {
    await withConnection(connections(), async (connection) => {
      const long = statement(`select ${'1 + '.repeat(3000)} 1 as n`);
      for (const _ of [1, 2]) expect(await connection.send([long])).toMatchObject([{ rows: [{ n: 3001 }] }]);
      const [known] = await connection.send([statement('select count(*)::int as n from pg_prepared_statements')]);
      expect(known!.rows).toEqual([{ n: 1 }]);
    });
  });

  test('is asked nothing once the caller has to be answered, and cut when that moment comes', async () => {
    const pool = connections({ size: 1 });
    await backend(pool);
    const start = performance.now();
    await runInContext({ deadline: start + 150 }, async () => {
      const slow = withConnection(pool, (connection) => connection.send([statement('select pg_sleep(5)')]));
      expect(toProblem(await slow.catch((caught: unknown) => caught))?.code).toBe('unavailable');
      expect(performance.now() - start).toBeLessThan(1000);
      roundTrips = [];
      const late = withConnection(pool, (connection) => connection.send([insert(1)]));
      expect(toProblem(await late.catch((caught: unknown) => caught))?.code).toBe('unavailable');
      expect(roundTrips).toEqual([]);
    });
    expect(await count('plain')).toBe(0);
  });

  test('is destroyed when it comes back in a transaction', async () => {
    const pool = connections({ size: 1 });
    const before = await backend(pool);
    await withConnection(pool, (connection) => connection.send([statement('begin'), insert(1)]));
    expect(await backend(pool)).not.toBe(before);
    expect(await count('plain')).toBe(0);
  });

  test('is cut when the database takes too long, and replaced', async () => {
    const pool = connections({ size: 1, groupTimeout: 200 });
    const start = performance.now();
    const error = await withConnection(pool, (connection) => connection.send([statement('select pg_sleep(5)')])).catch(
      (caught: unknown) => caught,
    );
    expect(performance.now() - start).toBeLessThan(1000);
    expect(toProblem(error)?.code).toBe('unavailable');
    expect(await backend(pool)).toBeGreaterThan(0);
  });

  test('that could not send a group is destroyed, and nothing waits for it', async () => {
    const pool = connections({ size: 1, groupTimeout: 100, named: false });
    const before = await backend(pool);
    const unsendable: Statement = {
      get text(): string {
        throw new Error('no text');
      },
      values: [],
    };
    await expect(withConnection(pool, (connection) => connection.send([unsendable]))).rejects.toThrow(
      'could not be sent',
    );
    const after = await backend(pool);
    expect(after).not.toBe(before);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await backend(pool)).toBe(after);
  });

  test('killed in mid-statement is an answer, not the end of the process, and is replaced', async () => {
    const pool = connections({ size: 1 });
    const pid = await backend(pool);
    const failing = withConnection(pool, (connection) =>
      connection.send([insert(1), statement('select pg_sleep(5)')]),
    ).catch((caught: unknown) => caught);
    const sleeps = `select from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'`;
    await until(async () => (await database.query(sleeps, [pid])).length > 0);
    await database.query('select pg_terminate_backend($1)', [pid]);
    expect(toProblem(await failing)?.code).toBe('unavailable');
    expect(await backend(pool)).not.toBe(pid);
    expect(await count('plain')).toBe(0);
  });

  test('killed while it is idle is replaced unseen', async () => {
    const lost = Promise.withResolvers<Error>();
    const pool = connections({ size: 1, onIdleError: lost.resolve });
    const pid = await backend(pool);
    await database.query('select pg_terminate_backend($1)', [pid]);
    await lost.promise;
    expect(await backend(pool)).not.toBe(pid);
  });

  test('that nobody gives back in time is told, and the next callers are served', async () => {
    const pool = connections({ size: 2, acquireTimeout: 150 });
    const held = await Promise.all([pool.acquire(), pool.acquire()]);
    const waiting = pool.acquire().catch((caught: unknown) => caught);
    expect(pool.counts).toEqual({ total: 2, idle: 0, waiting: 1 });
    expect(toProblem(await waiting)?.code).toBe('unavailable');
    for (const connection of held) connection.release();
    expect(await backend(pool)).toBeGreaterThan(0);
  });
});

describe('a scope', () => {
  const note = (id: number): Statement => sql`insert into notes (id, text) values (${id}, 'x')`;
  const notes = async (service: Database): Promise<unknown[]> =>
    (await service.query<{ id: number }>(sql`select id from notes order by id`)).map(({ id }) => id);

  test('is what a statement sees and writes, with no organisation named', async () => {
    const service = new Database(connections(), sealedColumns());
    await inScope(asMember(here), async () => void (await service.query(note(1))));
    await inScope(asMember(elsewhere), async () => void (await service.query(note(2))));
    expect(await inScope(asMember(here), () => notes(service))).toEqual([1]);
    expect(await inScope(asMember(elsewhere), () => notes(service))).toEqual([2]);
    expect(await inScope(Scope.public(), () => notes(service))).toEqual([]);
    expect(await inScope(Scope.user(here.userId), () => notes(service))).toEqual([]);
  });

  test('is gone from the connection after each group, good or bad', async () => {
    const service = new Database(connections({ size: 1 }), sealedColumns());
    await inScope(asMember(here), () => service.query(note(1)));
    await inScope(Scope.user(here.userId), () => service.query(sql`select 1`));
    await inScope(asMember(here), () => service.query(sql`select 1 / 0`)).catch(() => undefined);
    await inScope(asMember(here), () => service.transaction(() => notes(service)));
    const settings = sql`select current_setting('app.organization_id', true) as o, current_setting('app.user_id', true) as u`;
    expect(await inScope(Scope.public(), () => service.query(settings))).toEqual([{ o: '', u: '' }]);
  });

  test('is required', async () => {
    const service = new Database(connections(), sealedColumns());
    await expect(service.query(sql`select 1`)).rejects.toThrow('no scope');
    await expect(service.transaction(() => notes(service))).rejects.toThrow('no scope');
    await expect(service.enter()).rejects.toThrow('no scope');
  });

  test('can not be written out of', async () => {
    const service = new Database(connections(), sealedColumns());
    const foreign = sql`insert into notes (organization_id, id) values (${elsewhere.organizationId}::uuid, 3)`;
    const error = await inScope(asMember(here), () => service.query(foreign)).catch((caught: unknown) => caught);
    expect(databaseFault(error)?.sqlState).toBe('42501');
    expect(await count('notes')).toBe(0);
  });

  test('is refused with the words of the contract, and nothing of the group happens', async () => {
    const service = new Database(connections(), sealedColumns());
    const plainMember = await tenant(database, 'member');
    const cases: [Scope, string][] = [
      [Scope.admission({ ...plainMember, permission: 'x:y', systemRoles: ['owner'] }), 'permission_denied'],
      [
        Scope.admission({ ...here, organizationId: elsewhere.organizationId, permission: null, systemRoles: [] }),
        'not_found',
      ],
      [
        Scope.admission({ ...here, sessionId: elsewhere.sessionId, permission: null, systemRoles: [] }),
        'unauthenticated',
      ],
    ];
    for (const [scope, code] of cases) {
      await expect(inScope(scope, () => service.query(note(1)))).rejects.toMatchObject({ code });
      expect(scope.refusal?.code).toBe(code);
      await expect(inScope(scope, () => service.transaction(() => notes(service)))).rejects.toMatchObject({ code });
      await expect(inScope(scope, () => service.enter())).rejects.toMatchObject({ code });
    }
    expect(await count('notes')).toBe(0);
  });

  test('that can not be entered for a fault is a fault, and no refusal', async () => {
    const service = new Database(connections(), sealedColumns());
    const scope = Scope.admission({ ...here, userId: 'no uuid', permission: null, systemRoles: [] });
    const error = await inScope(scope, () => service.query(note(1))).catch((caught: unknown) => caught);
    expect(databaseFault(error)?.sqlState).toBe('22P02');
    expect(scope.refusal).toBeUndefined();
    expect(scope.refuse(new Error('the connection was lost'))).toBeUndefined();
    const undefinedParameter = (): Promise<unknown> => service.query(sql`select ${undefined as unknown as string}`);
    await expect(inScope(asMember(here), undefinedParameter)).rejects.toThrow('a parameter is undefined');
    const inside = (): Promise<unknown> =>
      service.transaction(async () => (await notes(service), undefinedParameter()));
    await expect(inScope(asMember(here), inside)).rejects.toThrow('a parameter is undefined');
  });

  test('is judged by session, account, organisation and membership as they are now', async () => {
    const service = new Database(connections(), sealedColumns());
    const someone = await tenant(database, 'admin');
    const change = (text: string): Promise<unknown> =>
      database.query(text.replaceAll('$u', `'${someone.userId}'`).replaceAll('$o', `'${someone.organizationId}'`));
    const code = (): Promise<string> =>
      inScope(asMember(someone), () => notes(service)).then(
        () => 'in',
        (error: unknown) => (error instanceof Problem ? error.code : 'fault'),
      );
    const steps = [
      [`update members set status = 'suspended' where user_id = $u`, 'member_suspended'],
      [`update members set status = 'removed' where user_id = $u`, 'not_found'],
      [`update members set status = 'active' where user_id = $u`, 'in'],
      [`update organizations set suspended_at = now() where id = $o`, 'organization_suspended'],
      [`update organizations set suspended_at = null, deleted_at = now() where id = $o`, 'not_found'],
      [`update organizations set deleted_at = null where id = $o`, 'in'],
      [`update users set suspended_at = now() where id = $u`, 'unauthenticated'],
      [`update users set suspended_at = null where id = $u`, 'in'],
      [`update sessions set expires_at = now() where user_id = $u`, 'unauthenticated'],
      [
        `update sessions set expires_at = now() + interval '1 hour', ended_at = now() where user_id = $u`,
        'unauthenticated',
      ],
    ] as const;
    expect(await code()).toBe('in');
    for (const [text, expected] of steps) {
      await change(text);
      expect(await code()).toBe(expected);
    }
  });

  test('is checked with every statement until one came back good, and then set without the check', async () => {
    const pool = connections();
    await Promise.all([backend(pool), backend(pool)]);
    roundTrips = [];
    const service = new Database(pool, sealedColumns());
    const scope = asMember(here);
    await inScope(scope, async () => {
      await Promise.all([notes(service), notes(service)]);
      await notes(service);
      await service.transaction(() => notes(service));
    });
    expect(scope.memberId).toBe(here.memberId);
    const entries = roundTrips.map(
      ({ statements }) => statements.filter(({ text }) => text.includes('app.enter')).length,
    );
    expect(entries).toEqual([1, 1, 0, 1, 0]);
    expect(roundTrips.map(({ statements }) => statements.length)).toEqual([2, 2, 2, 3, 1]);
  });

  test("of an organisation is joined from the person's own", async () => {
    const service = new Database(connections(), sealedColumns());
    const own = Scope.admission({ ...here, organizationId: null, permission: null, systemRoles: [] });
    const id = '01890000-0000-7000-8000-000000000001';
    await inScope(own, () =>
      service.inScope(own.joining(id, here.memberId), async () => {
        await service.query(
          sql`insert into organizations (id, name, slug) values (${id}::uuid, 'New', 'founded-here')`,
        );
        expect(await service.query(sql`select scope || ' ' || key as role from roles order by id`)).toEqual([
          { role: 'organization owner' },
          { role: 'organization admin' },
          { role: 'organization member' },
          { role: 'team admin' },
          { role: 'team member' },
          { role: 'team viewer' },
        ]);
      }),
    );
    expect(own.settled).toBe(true);
    expect(() => asMember(here).joining(id, here.memberId)).toThrow();
    expect(() => Scope.public().joining(id, here.memberId)).toThrow();
    const ended = Scope.admission({
      ...here,
      sessionId: elsewhere.sessionId,
      organizationId: null,
      permission: null,
      systemRoles: [],
    });
    await expect(
      inScope(ended, () => service.inScope(ended.joining(id, here.memberId), () => service.query(sql`select 1`))),
    ).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(ended.refusal?.code).toBe('unauthenticated');
  });
});
