import { v7 as uuid } from 'uuid';
import { runInContext } from '../../src/core/context/context.ts';
import type { Connections } from '../../src/core/database/connections.ts';
import { Database, Scope, sql } from '../../src/core/database/index.ts';
import { Problem, validationProblem } from '../../src/core/http/index.ts';
import type { Actor } from '../support/actors.ts';
import type { TestApp } from '../support/app.ts';
import { sealedColumns, testConnections } from '../support/connections.ts';
import { insertWork, startWorks, works } from '../support/works.ts';

let app: TestApp;
let database: Database;
let actor: Actor;

beforeAll(async () => {
  app = await startWorks();
  database = app.nest.get(Database);
  actor = await app.actors.user();
});

afterEach(() => {
  works.now = insertWork;
});

afterAll(() => app.stop());

const asActor = <T>(work: () => Promise<T>): Promise<T> =>
  runInContext(
    {
      scope: Scope.admission({
        userId: actor.userId,
        sessionId: actor.sessionId,
        organizationId: null,
        permission: null,
        systemRoles: [],
      }),
    },
    async () => await work(),
  );
const write = (text: string): Promise<unknown> => database.query(sql`insert into works (text) values (${text})`);
const seen = (text: string): Promise<unknown[]> => database.query(sql`select 1 from works where text = ${text}`);

async function count(text: string): Promise<number> {
  return (await app.database.query('select 1 from works where text = $1', [text])).length;
}

describe('what goes apart from a transaction', () => {
  it('stays done when that is undone', async () => {
    const [undone, done] = [uuid(), uuid()];
    const work = async (): Promise<void> => {
      await write(undone);
      await database.apart(() => write(done));
      throw new Error('refused');
    };
    await expect(asActor(() => database.transaction(work))).rejects.toThrow('refused');
    expect([await count(undone), await count(done)]).toEqual([0, 1]);
  });

  it('sees nothing of it, and is seen by it', async () => {
    const [before, apart] = [uuid(), uuid()];
    await asActor(() =>
      database.transaction(async () => {
        await write(before);
        await database.apart(async () => {
          expect(await seen(before)).toEqual([]);
          await write(apart);
        });
        expect(await seen(apart)).toHaveLength(1);
      }),
    );
    expect(await count(before)).toBe(1);
  });

  it('is in the same scope, through Prisma too', async () => {
    const [scope, profile] = await asActor(() =>
      database.transaction(async () => {
        await write(uuid());
        return database.apart(async () => [
          await database.one(sql`select app.user_id() as "userId"`),
          await database.prisma.user.findFirst({ select: { id: true } }),
        ]);
      }),
    );
    expect(scope).toEqual({ userId: actor.userId });
    expect(profile).toEqual({ id: actor.userId });
  });

  it('has the scope judged where the transaction has not: of a session that is over, it does nothing', async () => {
    const text = uuid();
    const scope = Scope.admission({
      userId: actor.userId,
      sessionId: uuid(),
      organizationId: null,
      permission: null,
      systemRoles: [],
    });
    const work = () => database.transaction(() => database.apart(() => write(text)));
    await expect(runInContext({ scope }, work)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await count(text)).toBe(0);
  });

  it('may be a transaction of its own, which fails alone', async () => {
    const [around, apart] = [uuid(), uuid()];
    const failing = async (): Promise<void> => {
      await write(apart);
      await database.query(sql`select 1 / 0`);
    };
    await asActor(() =>
      database.transaction(async () => {
        await write(around);
        const failed = database.apart(() => database.transaction(failing));
        await expect(failed).rejects.toMatchObject({ code: '22012' });
      }),
    );
    expect([await count(around), await count(apart)]).toEqual([1, 0]);
  });

  it('has nothing that goes apart from it in turn', async () => {
    const text = uuid();
    const nested = () => database.apart(() => database.transaction(() => database.apart(() => write(text))));
    await expect(asActor(() => database.transaction(nested))).rejects.toThrow('nothing that goes apart');
    expect(await count(text)).toBe(0);
  });

  it('gives its connection back, whatever becomes of it', async () => {
    const work = async (index: number): Promise<void> => {
      await write(uuid());
      await database.apart(() => database.query(sql`select 1 / ${index % 2}::int`));
    };
    for (let index = 0; index < 6; index += 1) {
      await asActor(() => database.transaction(() => work(index))).catch(() => undefined);
    }
    const [row] = await app.database.query<{ busy: number }>(
      `select count(*)::int as busy from pg_stat_activity
         where datname = current_database() and usename = 'tenantry_app' and state <> 'idle'`,
    );
    expect(row).toEqual({ busy: 0 });
  });
});

test('outside of a transaction it is the statement itself: one round trip', async () => {
  const text = uuid();
  expect(await app.roundTrips(() => asActor(() => database.apart(() => write(text))))).toBe(1);
  expect(await count(text)).toBe(1);
});

describe('a POST with an Idempotency-Key', () => {
  const refuseAfterCounting = async (service: Database, text: string): Promise<never> => {
    await insertWork(service, text);
    await service.apart(() => insertWork(service, `${text} was wrong`));
    throw validationProblem([{ pointer: '/text', code: 'wrong', detail: 'is wrong' }]);
  };
  const send = (text: string, key = uuid()) => actor.api.post('/works', { text }).set('idempotency-key', key);

  it('that is refused leaves what went apart, once for all that is sent with the key', async () => {
    works.now = refuseAfterCounting;
    const [text, key] = [uuid(), uuid()];
    const [first, again] = [await send(text, key), await send(text, key)];
    expect([first.status, again.status]).toEqual([422, 422]);
    expect(again.headers).toMatchObject({ 'idempotency-replayed': 'true' });
    expect([await count(text), await count(`${text} was wrong`)]).toEqual([0, 1]);
  });

  it('that is refused and not kept leaves it each time', async () => {
    works.now = async (service, text) => {
      await service.apart(() => insertWork(service, text));
      throw new Problem('rate_limited');
    };
    const [text, key] = [uuid(), uuid()];
    for (const answer of [await send(text, key), await send(text, key)]) expect(answer.status).toBe(429);
    expect(await count(text)).toBe(2);
  });
});

describe('many at once, on four connections', () => {
  let connections: Connections;
  let service: Database;

  beforeAll(() => {
    // Whoever waited for somebody who waits would do so until the test is given up.
    connections = testConnections(app.database.url('tenantry_app'), { size: 4, acquireTimeout: 60_000 });
    service = new Database(connections, sealedColumns());
  });

  afterAll(() => connections.end());

  const together = (work: () => Promise<unknown>): Promise<unknown> =>
    Promise.all(
      Array.from({ length: 20 }, () =>
        asActor(() =>
          service.transaction(async () => {
            await service.query(sql`select 1`);
            await service.apart(work);
          }),
        ),
      ),
    );

  it('wait for nobody who waits for them: 20 in five rounds', async () => {
    const text = uuid();
    for (let round = 0; round < 5; round += 1) await together(() => insertWork(service, text));
    expect(await count(text)).toBe(100);
  });

  it('hold no more than two besides', async () => {
    let most = 0;
    const watch = async (): Promise<unknown> => {
      most = Math.max(most, connections.counts.total);
      return service.query(sql`select pg_sleep(0.01)`);
    };
    await together(watch);
    expect(most).toBe(4 + 2);
  });
});
