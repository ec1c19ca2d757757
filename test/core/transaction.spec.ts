import { v7 } from 'uuid';
import { connected } from '../../prisma/engine/connection.ts';
import { systemRoleIds } from '../../src/core/access/index.ts';
import { currentContext, runInContext } from '../../src/core/context/context.ts';
import type { RoundTrip } from '../../src/core/database/connection.ts';
import type { Connections } from '../../src/core/database/connections.ts';
import { Database, databaseFault, isRefusedByPolicy, Scope, sql, toProblem } from '../../src/core/database/index.ts';
import { sealedColumns, testConnections } from '../support/connections.ts';
import { TestDatabase } from '../support/database.ts';
import { tenant, type Tenant } from '../support/tenant.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let connections: Connections;
let service: Database;
let here: Tenant;
let elsewhere: Tenant;
let roundTrips: RoundTrip[] = [];

beforeAll(async () => {
  database = await TestDatabase.create();
  // A deadlock is looked for after a second otherwise, which is half of what a statement may take.
  await database.query(`alter database ${database.name} set deadlock_timeout = '50ms'`);
  await database.query(
    'create table plain (id int primary key, n int not null default 0); grant all on plain to tenantry_app',
  );
  connections = testConnections(database.url('tenantry_app'), {
    onRoundTrip: (roundTrip) => roundTrips.push(roundTrip),
  });
  service = new Database(connections, sealedColumns());
  here = await tenant(database);
  elsewhere = await tenant(database);
});

beforeEach(async () => {
  await database.query('truncate plain');
  roundTrips = [];
});

afterAll(async () => {
  await connections.end();
  await database.drop();
});

const asMember = (tenant: Tenant): Scope => Scope.admission({ ...tenant, permission: null, systemRoles: [] });
const ownOf = (tenant: Tenant): Scope =>
  Scope.admission({ ...tenant, organizationId: null, permission: null, systemRoles: [] });
const member = <T>(work: () => Promise<T>, who = here): Promise<T> =>
  runInContext({ scope: asMember(who) }, async () => await work());
const insert = (id: number): Promise<unknown> => service.query(sql`insert into plain (id) values (${id})`);
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

/** @returns how many wait for what another has locked */
async function waiting(): Promise<number> {
  const blocked = await database.query(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return blocked.length;
}

async function ids(): Promise<number[]> {
  const rows = await database.query<{ id: number }>('select id from plain order by id');
  return rows.map(({ id }) => id);
}

test('a statement that has one row answers it, and nothing when it has none or several', async () => {
  const numbers = (upTo: number) => member(() => service.one(sql`select n from generate_series(1, ${upTo}::int) as n`));
  expect(await numbers(1)).toEqual({ n: 1 });
  await expect(numbers(0)).rejects.toThrow('answered 0');
  await expect(numbers(2)).rejects.toThrow('answered 2');
});

describe('a transaction', () => {
  test('takes two round trips: BEGIN goes with the first statement, deferred ones with COMMIT', async () => {
    await member(() =>
      service.transaction(async () => {
        await insert(1);
        service.defer(sql`insert into plain (id) values (${2})`);
        service.defer(sql`insert into plain (id) values (${3})`);
      }),
    );
    expect(await ids()).toEqual([1, 2, 3]);
    expect(roundTrips.map(({ statements }) => statements.length)).toEqual([3, 3]);
  });

  test('that does nothing costs nothing, and one that only defers a single round trip', async () => {
    await member(() => service.transaction(async () => undefined));
    expect(roundTrips).toHaveLength(0);
    await member(() => service.transaction(async () => service.defer(sql`insert into plain (id) values (1)`)));
    expect(roundTrips).toHaveLength(1);
    expect(await ids()).toEqual([1]);
  });

  test('is undone whole when its work throws, at any point', async () => {
    const defect = new Error('defect');
    for (const statements of [0, 1, 2]) {
      const work = async (): Promise<void> => {
        for (let id = 0; id < statements; id += 1) await insert(id);
        service.defer(sql`insert into plain (id) values (9)`);
        throw defect;
      };
      expect(await failure(member(() => service.transaction(work)))).toBe(defect);
    }
    expect(await ids()).toEqual([]);
    expect(connections.counts.idle).toBe(connections.counts.total);
  });

  test('tells which field of a bare constraint was refused, behind row level security too', async () => {
    const rename = (column: string, value: string) =>
      failure(member(() => service.query({ text: `update organizations set ${column} = $1`, values: [value] })));
    expect(toProblem(await rename('slug', `s-${elsewhere.organizationId}`))).toMatchObject({
      code: 'already_exists',
      errors: [{ pointer: '/slug', code: 'taken' }],
    });
    expect(toProblem(await rename('name', ''))).toMatchObject({
      code: 'validation_failed',
      errors: [{ pointer: '/name', code: 'refused' }],
    });
  });

  test('tells the two ends of a foreign key apart', async () => {
    await database.query(`
      create table leaves (id int primary key, plain_id int constraint leaves_plain_id_fkey references plain);
      grant all on leaves to tenantry_app`);
    const stray = await failure(member(() => service.query(sql`insert into leaves values (1, 7)`)));
    expect(toProblem(stray)).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/plain_id' }] });
    await member(() => insert(7));
    await member(() => service.query(sql`insert into leaves values (1, 7)`));
    const gone = await failure(member(() => service.query(sql`delete from plain`)));
    expect(toProblem(gone)).toMatchObject({ code: 'conflict', errors: undefined });
    await database.query('drop table leaves');
  });

  test('is undone whole when a deferred statement fails', async () => {
    const work = async (): Promise<void> => {
      await insert(1);
      service.defer(sql`insert into plain (id) values (1)`);
    };
    const error = await failure(member(() => service.transaction(work)));
    expect(databaseFault(error)).toMatchObject({ sqlState: '23505', constraint: 'plain_pkey' });
    expect(await ids()).toEqual([]);
  });

  test('never claims a commit that did not happen: a failure that the work swallowed', async () => {
    const work = async (): Promise<void> => {
      await insert(1);
      await insert(1).catch(() => undefined);
    };
    expect(await failure(member(() => service.transaction(work)))).toMatchObject({
      message: expect.stringContaining('rolled back'),
    });
    expect(await ids()).toEqual([]);
  });

  test('joins the one around it', async () => {
    const work = async (): Promise<void> => {
      await service.transaction(() => insert(1));
      throw new Error('defect');
    };
    await failure(member(() => service.transaction(work)));
    expect(await ids()).toEqual([]);
  });

  test('takes statements that are started together, one after the other', async () => {
    await member(() => service.transaction(() => Promise.all([insert(1), insert(2), insert(3)])));
    expect(await ids()).toEqual([1, 2, 3]);
    expect(roundTrips.map(({ statements }) => statements.length)).toEqual([3, 1, 1, 1]);
  });

  test('refuses a statement that comes after its end', async () => {
    let late: () => Promise<unknown> = async () => undefined;
    await member(() =>
      service.transaction(async () => {
        const context = currentContext();
        late = () => runInContext(context, () => insert(2));
        await insert(1);
      }),
    );
    expect(await failure(late())).toMatchObject({ message: expect.stringContaining('after the end') });
    expect(await ids()).toEqual([1]);
  });

  test('refuses a statement that comes while it is being undone, or behind its commit', async () => {
    let late: Promise<unknown> | undefined;
    const failing = async (): Promise<void> => {
      await insert(1);
      await service.query(sql`select 1 / 0`);
    };
    const goingOn = async (): Promise<void> => {
      while (!roundTrips.some(({ error }) => error)) await new Promise((resolve) => setImmediate(resolve));
      late = failure(insert(2));
    };
    await failure(member(() => service.transaction(() => Promise.all([failing(), goingOn()]))));
    expect(await late).toMatchObject({ message: expect.stringContaining('after the end') });

    await member(() =>
      service.transaction(async () => {
        await insert(3);
        const { transaction } = currentContext();
        const committed = transaction!.commit();
        late = failure(insert(4));
        await committed;
      }),
    ).catch(() => undefined);
    expect(await late).toMatchObject({ message: expect.stringContaining('after the end') });
    expect(await ids()).toEqual([3]);
  });

  test('that did not begin runs nothing, whatever the work makes of the failure', async () => {
    const notSent = (): Promise<unknown> => failure(service.query(sql`select ${undefined as unknown as string}`));
    const refused = Scope.admission({ ...here, sessionId: elsewhere.sessionId, permission: null, systemRoles: [] });
    for (const scope of [asMember(here), refused]) {
      const work = async (): Promise<void> => {
        await notSent();
        await failure(insert(1));
        service.defer(sql`insert into plain (id) values (2)`);
      };
      const outcome = await failure(runInContext({ scope }, () => service.transaction(work)));
      expect(outcome).toMatchObject({ message: expect.stringContaining('did not begin') });
    }
    expect(roundTrips.filter(({ error }) => !error)).toEqual([]);
    expect(await ids()).toEqual([]);
  });

  test('is undone when its caller has to be answered before its COMMIT, and not cut once that is sent', async () => {
    const late = async (): Promise<void> => {
      await insert(1);
      await new Promise((resolve) => setTimeout(resolve, 150));
    };
    const inTime = async (): Promise<void> => {
      await insert(2);
      service.defer(sql`select pg_sleep(0.3)`);
    };
    const within = (work: () => Promise<void>): Promise<unknown> =>
      failure(member(() => runInContext({ deadline: performance.now() + 100 }, () => service.transaction(work))));
    expect(toProblem(await within(late))?.code).toBe('unavailable');
    expect(await within(inTime)).toBe('no failure');
    expect(await ids()).toEqual([2]);
  });

  test('is not committed when one of its own statements has ended it', async () => {
    const work = async (): Promise<void> => {
      await insert(1);
      await service.query(sql`rollback`);
      await insert(2);
    };
    expect(await failure(member(() => service.transaction(work)))).toMatchObject({
      message: expect.stringContaining('one of its own'),
    });
    expect(await ids()).toEqual([]);
  });

  test('stays in its scope', async () => {
    for (const scope of [
      asMember(elsewhere),
      asMember(here),
      Scope.user(here.userId),
      ownOf(elsewhere).joining(v7(), v7()),
    ]) {
      const work = (): Promise<unknown> => service.inScope(scope, () => insert(1));
      expect(await failure(member(() => service.transaction(work)))).toMatchObject({
        message: expect.stringContaining('stays in the scope'),
      });
    }
    expect(await ids()).toEqual([]);
  });

  test('is what a statement is deferred to the end of: without one there is no end', () => {
    expect(() => service.defer(sql`select 1`)).toThrow('only a transaction');
  });

  test('is undone when its connection is lost', async () => {
    const work = async (): Promise<void> => {
      await insert(1);
      const [backend] = await service.query<{ pid: number }>(sql`select pg_backend_pid() as pid`);
      await database.query('select pg_terminate_backend($1)', [backend!.pid]);
      await insert(2);
    };
    expect(toProblem(await failure(member(() => service.transaction(work))))?.code).toBe('unavailable');
    expect(await ids()).toEqual([]);
  });

  test('in a deadlock is begun again, and both happen', async () => {
    await database.query('insert into plain values (1), (2)');
    const begun: number[] = [];
    const holding: number[] = [];
    const move = async (from: number, to: number): Promise<void> => {
      begun.push(from);
      await service.query(sql`update plain set n = n + 1 where id = ${from}`);
      holding.push(from);
      await until(() => holding.length > 1);
      await service.query(sql`update plain set n = n + 1 where id = ${to}`);
    };
    await Promise.all([
      member(() => service.transaction(() => move(1, 2))),
      member(() => service.transaction(() => move(2, 1))),
    ]);
    expect(begun.length).toBeGreaterThan(2);
    const rows = await database.query('select n from plain');
    expect(rows).toEqual([{ n: 2 }, { n: 2 }]);
  });

  test('that is always in the way gives up, and says that the service is busy', async () => {
    let begun = 0;
    const work = async (): Promise<void> => {
      begun += 1;
      await insert(1);
      await service.query(sql`do $$ begin raise exception 'in the way' using errcode = '40001'; end $$`);
    };
    expect(toProblem(await failure(member(() => service.transaction(work))))?.code).toBe('unavailable');
    expect(begun).toBe(3);
    expect(await ids()).toEqual([]);
  });
});

describe("a transaction of a user's own scope", () => {
  const settings = (): Promise<unknown> =>
    service.one(sql`select app.user_id() as "userId", app.organization_id() as "organizationId"`);

  test.each([
    ['with its first statement', 0, [4, 2]],
    ['after others, with no round trip more', 1, [3, 2, 2]],
  ])('moves into the organisation that its user joins: %s', async (_, before, groups) => {
    const own = ownOf(here);
    const organizationId = v7();
    await runInContext({ scope: own }, () =>
      service.transaction(async () => {
        for (let id = 1; id <= before; id += 1) await insert(id);
        await service.inScope(own.joining(organizationId, v7()), async () => {
          expect(await settings()).toEqual({ userId: here.userId, organizationId });
          service.defer(sql`insert into plain (id) select 9 where app.organization_id() = ${organizationId}::uuid`);
        });
      }),
    );
    expect(roundTrips.map(({ statements }) => statements.length)).toEqual(groups);
    expect(await ids()).toEqual(before === 0 ? [9] : [1, 9]);
  });

  test('moves at its end, where nothing but what is deferred comes after', async () => {
    const own = ownOf(here);
    await runInContext({ scope: own }, () =>
      service.transaction(async () => {
        await insert(1);
        const defer = async (): Promise<void> =>
          service.defer(sql`insert into plain (id) select 9 where app.organization_id() is not null`);
        await service.inScope(own.joining(v7(), v7()), defer);
      }),
    );
    expect(roundTrips.map(({ statements }) => statements.length)).toEqual([3, 3]);
    expect(await ids()).toEqual([1, 9]);
  });

  test('does before it moves what was deferred until then, in the scope that it was deferred in', async () => {
    const own = ownOf(here);
    for (const before of [0, 1]) {
      await runInContext({ scope: own }, () =>
        service.transaction(async () => {
          for (let id = 1; id <= before; id += 1) await insert(id);
          service.defer(sql`insert into plain (id) select ${7 + before}::int where app.organization_id() is null`);
          await service.inScope(own.joining(v7(), v7()), async () => {
            service.defer(
              sql`insert into plain (id) select ${17 + before}::int where app.organization_id() is not null`,
            );
          });
        }),
      );
    }
    expect(await ids()).toEqual([1, 7, 8, 17, 18]);
  });

  test('moves out of the own scope of somebody who is new, too', async () => {
    const own = Scope.user(here.userId);
    const organizationId = v7();
    const join = () => service.inScope(own.joining(organizationId, v7()), settings);
    expect(await runInContext({ scope: own }, () => service.transaction(join))).toEqual({
      userId: here.userId,
      organizationId,
    });
  });

  test('stays there: what belongs to the scope before does not run in the new one', async () => {
    const own = ownOf(here);
    const found = (): Promise<unknown> => service.inScope(own.joining(v7(), v7()), settings);
    const afterwards = async (): Promise<void> => {
      await insert(1);
      await found();
      await insert(2);
    };
    const beside = (): Promise<unknown> => Promise.all([insert(1), found(), insert(2)]);
    const twice = async (): Promise<void> => {
      await found();
      await found();
    };
    for (const work of [afterwards, beside, twice]) {
      const outcome = await failure(runInContext({ scope: own }, () => service.transaction<unknown>(work)));
      expect(outcome).toMatchObject({ message: expect.stringMatching(/has moved|stays in the scope/) });
    }
    expect(await ids()).toEqual([]);
  });

  test('judges the founder once, as it began', async () => {
    const own = Scope.admission({
      ...here,
      sessionId: elsewhere.sessionId,
      organizationId: null,
      permission: null,
      systemRoles: [],
    });
    const found = (): Promise<unknown> => service.inScope(own.joining(v7(), v7()), settings);
    expect(await failure(runInContext({ scope: own }, () => service.transaction(found)))).toMatchObject({
      code: 'unauthenticated',
    });
    expect(own.refusal?.code).toBe('unauthenticated');
  });
});

describe('a lock', () => {
  const lock = (): Promise<void> => service.lock(sql`select from organizations for no key update`);

  test('travels with the next statement, and the request is judged again behind it', async () => {
    const work = async (): Promise<void> => {
      await lock();
      await insert(1);
      await lock();
      await insert(2);
      await insert(3);
    };
    await member(() => service.transaction(work));
    expect(await ids()).toEqual([1, 2, 3]);
    const kinds = ['begin', 'app.enter', 'for no key update', 'insert', 'commit'];
    const sent = roundTrips.map(({ statements }) =>
      statements.map(({ text }) => kinds.find((kind) => text.toLowerCase().includes(kind))),
    );
    expect(sent).toEqual([
      ['begin', 'app.enter', 'for no key update', 'app.enter', 'insert'],
      ['for no key update', 'app.enter', 'insert'],
      ['insert'],
      ['commit'],
    ]);
  });

  test.each([0, 1])('behind which the request is refused undoes what came before it: %s statements', async (before) => {
    const { organizationId } = await tenant(database);
    const who = { ...(await tenant(database)), organizationId };
    await database.query('insert into members (organization_id, user_id) values ($1, $2)', [
      organizationId,
      who.userId,
    ]);
    const scope = asMember(who);
    const work = async (): Promise<void> => {
      if (before > 0) await insert(1);
      await lock();
      await insert(2);
    };
    const refused = await connected(database.url(), async (holder) => {
      await holder.query('begin');
      await holder.query('select from organizations where id = $1 for no key update', [organizationId]);
      await holder.query('select app.remove_member($1, id) from members where organization_id = $1 and user_id = $2', [
        organizationId,
        who.userId,
      ]);
      const refusal = failure(runInContext({ scope }, () => service.transaction(work)));
      await until(async () => (await waiting()) > 0);
      await holder.query('commit');
      return refusal;
    });
    expect(refused).toMatchObject({ code: 'not_found' });
    expect(scope.refusal?.code).toBe('not_found');
    expect(await ids()).toEqual([]);
  });

  test('is taken in a transaction alone, whose end is its own', async () => {
    expect(await failure(member(lock))).toMatchObject({ message: 'only a transaction holds a lock' });
  });
});

describe('Prisma', () => {
  const rename = (name: string): Promise<unknown> =>
    service.prisma.organization.update({ where: { id: here.organizationId }, data: { name } });

  test('sees its scope, and shares the transaction with SQL', async () => {
    const found = await member(() => service.prisma.organization.findMany({ select: { id: true } }));
    expect(found).toEqual([{ id: here.organizationId }]);
    const work = async (): Promise<void> => {
      await insert(1);
      await rename('Renamed');
      expect(await service.query(sql`select name from organizations`)).toEqual([{ name: 'Renamed' }]);
      throw new Error('defect');
    };
    await failure(member(() => service.transaction(work)));
    expect(await member(() => service.prisma.organization.findMany({ select: { name: true } }))).toEqual([
      { name: 'Somewhere' },
    ]);
    expect(await ids()).toEqual([]);
  });

  test.each([
    ['in a transaction of its own', (work: () => Promise<unknown>) => work()],
    ['in a savepoint of the ambient one', (work: () => Promise<unknown>) => service.transaction(work)],
  ])('writes nested rows %s, whole or not at all', async (_, around) => {
    const { userId } = await tenant(database);
    const join = (...roleIds: string[]): Promise<unknown> =>
      service.prisma.member.create({ data: { userId, roles: { create: roleIds.map((roleId) => ({ roleId })) } } });
    const joined = async (): Promise<number> =>
      member(() => service.prisma.memberRole.count({ where: { member: { userId } } }));

    const caught = member(() => around(() => failure(join(systemRoleIds.member, elsewhere.memberId))));
    expect(databaseFault(await caught)?.sqlState).toBe('23503');
    expect(await member(() => service.prisma.member.count({ where: { userId } }))).toBe(0);
    await member(() => around(() => join(systemRoleIds.member)));
    expect(await joined()).toBe(1);
    const joinedHere = 'select id from members where user_id = $1 and organization_id = $2';
    const { organizationId } = here;
    await database.query(`delete from member_roles where member_id in (${joinedHere})`, [userId, organizationId]);
    await database.query(`delete from members where id in (${joinedHere})`, [userId, organizationId]);
  });

  test('begins a batch of its own in the ambient scope, and undoes it whole', async () => {
    const { prisma } = service;
    const [a, b] = await member(() => prisma.$transaction([prisma.organization.count(), prisma.team.count()]));
    expect([a, b]).toEqual([1, 0]);
    const work = (): Promise<unknown> =>
      prisma.$transaction(async (tx) => {
        await tx.organization.updateMany({ data: { name: 'Half' } });
        throw new Error('defect');
      });
    await failure(member(work));
    await member(() => service.transaction(() => failure(work())));
    expect(await member(() => prisma.organization.findMany({ select: { name: true } }))).toEqual([
      { name: 'Somewhere' },
    ]);
    const inside = (): Promise<unknown> =>
      service.transaction(() => prisma.$transaction((tx) => tx.organization.updateMany({ data: { name: 'Whole' } })));
    await member(inside);
    expect(await member(() => prisma.organization.findMany({ select: { name: true } }))).toEqual([{ name: 'Whole' }]);
    await member(() => prisma.$transaction((tx) => tx.organization.updateMany({ data: { name: 'Somewhere' } })));
  });

  test('gives its connection back however a COMMIT of its own fails', async () => {
    const { prisma } = service;
    const backIdle = (): Promise<void> => until(() => connections.counts.idle === connections.counts.total);
    const late = (): Promise<unknown> =>
      prisma.$transaction(async (tx) => {
        await tx.team.count();
        await new Promise((resolve) => setTimeout(resolve, 150));
      });
    const cutShort = (): Promise<unknown> =>
      runInContext({ deadline: performance.now() + 100 }, async () => await late());
    expect(await failure(member(cutShort))).toBeInstanceOf(Error);
    await backIdle();
    const killed = (): Promise<unknown> =>
      prisma.$transaction(async (tx) => {
        const [backend] = await tx.$queryRaw<{ pid: number }[]>`select pg_backend_pid() as pid`;
        await database.query('select pg_terminate_backend($1)', [backend!.pid]);
      });
    expect(await failure(member(killed))).toBeInstanceOf(Error);
    await backIdle();
    const notBegun = (): Promise<unknown> =>
      prisma.$transaction(async (tx) => void (await failure(tx.$queryRaw`select 1 / 0`)));
    expect(await failure(member(notBegun))).toBeInstanceOf(Error);
    await backIdle();
  });

  test("may not choose another isolation level than the scope's", async () => {
    const work = (): Promise<unknown> =>
      service.prisma.$transaction((tx) => tx.team.count(), { isolationLevel: 'Serializable' });
    expect(String(await failure(member(work)))).toContain('read committed');
  });

  test('tells a refusal of the scope as the scope', async () => {
    const scope = Scope.admission({ ...here, permission: 'x:y', systemRoles: [] });
    await failure(runInContext({ scope }, async () => await service.prisma.team.count()));
    expect(scope.refusal?.code).toBe('permission_denied');
  });

  test('tells a fault of the database like SQL does', async () => {
    const taken = `s-${elsewhere.organizationId}`;
    const work = (): Promise<unknown> => service.prisma.organization.updateMany({ data: { slug: taken } });
    const error = await failure(member(work));
    expect(databaseFault(error)).toMatchObject({ sqlState: '23505', constraint: 'organizations_slug_key' });
    expect(toProblem(error)).toMatchObject({ code: 'already_exists', errors: [{ pointer: '/slug', code: 'taken' }] });
    const stranger = { userId: v7(), roles: { create: [{ roleId: systemRoleIds.member }] } };
    const lost = await failure(member(() => service.prisma.member.create({ data: stranger })));
    expect(toProblem(lost)).toMatchObject({ code: 'validation_failed' });
    const denied = await failure(member(() => service.prisma.team.deleteMany()));
    expect(isRefusedByPolicy(denied)).toBe(true);
    expect(toProblem(denied)?.code).toBe('not_found');
    const bad = await failure(member(() => service.prisma.organization.updateMany({ data: { slug: 'Not A Slug' } })));
    expect(toProblem(bad)).toMatchObject({ code: 'validation_failed', detail: expect.not.stringContaining('Slug') });
    expect(toProblem(new Error('defect'))).toBeUndefined();
    expect(toProblem(await failure(member(() => service.query(sql`selekt`))))).toBeUndefined();
  });

  test('findUnique takes compound keys and more conditions, and refuses what it can not unmerge', async () => {
    const { organizationId, memberId: id } = here;
    const key = { organizationId_id: { organizationId, id } };
    const { prisma } = service;
    expect(await member(() => prisma.member.findUnique({ where: key, select: { id: true } }))).toEqual({ id });
    expect(await member(() => prisma.member.findUnique({ where: { ...key, status: 'removed' } }))).toBeNull();
    expect(
      await member(() =>
        prisma.member.findUniqueOrThrow({ where: { ...key, AND: [{ status: 'active' }] }, select: { id: true } }),
      ),
    ).toEqual({ id });
    expect(await failure(member(() => prisma.member.findUniqueOrThrow({ where: key }), elsewhere))).toMatchObject({
      code: 'P2025',
    });
    const related = member(() => prisma.member.findUnique({ where: { ...key, organization: { is: { name: 'x' } } } }));
    expect(String(await failure(related))).toContain('use findFirst');
  });
});
