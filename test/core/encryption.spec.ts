import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { Registry } from 'prom-client';
import { v7 as uuid } from 'uuid';
import { connected } from '../../prisma/engine/connection.ts';
import { runInContext } from '../../src/core/context/context.ts';
import { DataKey, Forgotten, MasterKeys, Undecipherable } from '../../src/core/crypto/index.ts';
import type { Connections } from '../../src/core/database/connections.ts';
import { SEALED_COLUMNS } from '../../src/core/database/sealed-catalogue.ts';
import { declaredFields, Plaintext } from '../../src/core/database/encrypted-field.ts';
import { type PrismaArgs, sealedArgs } from '../../src/core/database/prisma-sealing.ts';
import { Database, encrypted, Scope, sql } from '../../src/core/database/index.ts';
import { TestClock } from '../support/clock.ts';
import { sealedColumns, testConnections } from '../support/connections.ts';
import { TestDatabase } from '../support/database.ts';
import { testConfig } from '../support/environment.ts';
import { createPayees, Payees } from '../support/payees.ts';
import { tenant, type Tenant } from '../support/tenant.ts';
import { until } from '../support/until.ts';

const FORGOTTEN_AFTER_MS = 10_000;
const phone = encrypted({ model: 'User', table: 'users', column: 'phone' });

/** One server process, as far as encryption goes. */
interface Server {
  readonly database: Database;
  readonly payees: Payees;
  readonly clock: TestClock;
  readonly metrics: Registry;
  roundTrips: number;
}

let database: TestDatabase;
let here: Tenant;
let elsewhere: Tenant;
let server: Server;
const config = testConfig();
const opened: Connections[] = [];
const alarms: Record<string, unknown>[] = [];

beforeAll(async () => {
  database = await TestDatabase.create();
  await createPayees(database);
  const ignore = (): void => undefined;
  Logger.overrideLogger({
    log: ignore,
    warn: ignore,
    error: (line: Record<string, unknown>) => void alarms.push(line),
  });
});

beforeEach(async () => {
  alarms.length = 0;
  [here, elsewhere, server] = await Promise.all([tenant(database), tenant(database), start()]);
});

afterEach(() => Promise.all(opened.splice(0).map((connections) => connections.end())));

afterAll(() => database.drop());

async function start(keys = config): Promise<Server> {
  const connections = testConnections(database.url('tenantry_app'), {
    size: 20,
    onRoundTrip: () => void (made.roundTrips += 1),
  });
  opened.push(connections);
  const [clock, metrics] = [new TestClock(), new Registry()];
  const columns = sealedColumns(keys, clock, metrics);
  const service = new Database(connections, columns);
  const made: Server = { database: service, payees: new Payees(service), clock, metrics, roundTrips: 0 };
  await columns.learn(connections);
  return made;
}

const inScope = <T>(scope: Scope, work: () => Promise<T>): Promise<T> =>
  runInContext({ scope }, async () => await work());
const member = (of: Tenant): Scope => Scope.admission({ ...of, permission: null, systemRoles: [] });
const inside = <T>(work: () => Promise<T>, of = here): Promise<T> => inScope(member(of), work);
const asUser = <T>(work: () => Promise<T>, of = here): Promise<T> =>
  inScope(Scope.admission({ ...of, organizationId: null, permission: null, systemRoles: [] }), work);

const everything = { bankAccount: 'DE89 3704 0044 0532 0130 00', nationalId: '12 345678 ü', taxNumber: '86095742719' };
const kept = (id: string) => database.query('select * from payees where id = $1', [id]).then((rows) => rows[0]!);
/** Another data key seals from now on, as after `rotate-data`. */
const supersede = (by: { query(text: string, values: unknown[]): Promise<unknown> } = database) => {
  const key = DataKey.generate({ kind: 'organization', id: here.organizationId });
  return by.query(
    `with old as (update organization_keys set superseded_at = now() where organization_id = $1 and superseded_at is null returning id)
     insert into organization_keys (organization_id, id, wrapped_key) select $1::uuid, $2::uuid, $3 from old`,
    [here.organizationId, key.id, key.wrap(new MasterKeys(config.encryptionKeys))],
  );
};
const keysOf = (of = here) =>
  database.query('select * from organization_keys where organization_id = $1 order by created_at', [of.organizationId]);

async function roundTrips(work: () => Promise<unknown>, of = server): Promise<number> {
  const before = of.roundTrips;
  await work();
  return of.roundTrips - before;
}

describe('an encrypted column', () => {
  it('is written and read as plain text in SQL, and kept as none', async () => {
    const id = await inside(() => server.payees.add(everything));
    expect(await inside(() => server.payees.list())).toEqual([{ id, ...everything }]);
    const row = await kept(id);
    for (const column of ['bank_account', 'national_id', 'tax_number']) {
      expect(row[column]).toMatch(/^v1\.[0-9a-f-]{36}\.[\w-]{38,}$/);
    }
    expect(inspect(row)).not.toMatch(/DE89|345678|86095742719/);
  });

  it.each(['', 'a', 'x'.repeat(100_000), '\u0000', '🜚 ü'])('holds any text (%#)', async (text) => {
    const id = await inside(() => server.payees.add({ bankAccount: text }));
    expect((await inside(() => server.payees.list()))[0]).toMatchObject({ id, bankAccount: text, nationalId: null });
  });

  it('shows nothing of two texts being the same', async () => {
    const ids = await inside(async () => [await server.payees.add(everything), await server.payees.add(everything)]);
    const [one, other] = [await kept(ids[0]!), await kept(ids[1]!)];
    expect(one['bank_account']).not.toBe(other['bank_account']);
    expect(one['tax_number_index']).toEqual(other['tax_number_index']);
  });

  it('is one column like others in a transaction, alone, through a sub-select, and in what a write returns', async () => {
    await inside(() =>
      server.database.transaction(async () => {
        const id = await server.payees.add({ bankAccount: 'one' });
        expect(await server.payees.list()).toMatchObject([{ bankAccount: 'one' }]);
        await server.payees.setBankAccount(id, 'two');
        expect(await server.payees.list()).toMatchObject([{ bankAccount: 'two' }]);
      }),
    );
    const rows = await inside(() =>
      server.database.query(sql`select p.account from (select id, bank_account as account from payees) p, payees q`),
    ).catch((error: unknown) => error);
    expect(rows).toMatchObject({ message: 'select payees.id once, beside what is encrypted there' });
    expect(
      await inside(() =>
        server.database.query(sql`with few as (select id, bank_account as account from payees) select * from few`),
      ),
    ).toMatchObject([{ account: 'two' }]);
    expect(
      await inside(() => server.database.query(sql`update payees set name = 'N' returning id, bank_account`)),
    ).toMatchObject([{ bank_account: 'two' }]);
    await expect(
      inside(() => server.database.query(sql`select p.id, q.id, p.bank_account from payees p, payees q`)),
    ).rejects.toThrow('once');
  });

  it('refuses plain text, whoever writes it, and a key that its owner has not', async () => {
    const id = await inside(() => server.payees.add(everything));
    const set = (value: unknown, of = here) =>
      inside(() => server.database.query(sql`update payees set bank_account = ${value} where id = ${id}::uuid`), of);
    await expect(set('DE89370400440532013000')).rejects.toMatchObject({ code: '23514', constraint: 'sealed_form' });
    const foreign = await kept(await inside(() => server.payees.add(everything), elsewhere));
    await expect(set(foreign['bank_account'])).rejects.toMatchObject({ code: '40001' });
    await expect(database.query(`update payees set bank_account = 'plain'`)).rejects.toMatchObject({ code: '23514' });
    await expect(
      inside(() => server.database.query(sql`insert into payees (tax_number_index) values (${Buffer.alloc(32)})`)),
    ).rejects.toMatchObject({ code: '23514' });
  });

  it('takes its text with an id of the row, in any letter case, and with none of another form', async () => {
    const id = uuid();
    await inside(() => server.payees.add({ id: id.toUpperCase(), bankAccount: 'x' }));
    expect(await inside(() => server.payees.list())).toMatchObject([{ id, bankAccount: 'x' }]);
    for (const bad of ['', 'row', `${id}0`]) {
      await expect(inside(() => server.payees.setBankAccount(bad, 'x'))).rejects.toThrow('say which, by its id');
    }
  });

  it('takes no text where nothing would seal it, and shows none to whoever prints it', async () => {
    await expect(
      inside(() => server.database.transaction(async () => server.payees.deferUnsealed(uuid()))),
    ).rejects.toThrow('payees.bank_account is sealed by Database.query alone');
    const text = new Plaintext({ table: 'payees', column: 'bank_account' }, 'column', 'secret', uuid());
    expect(() => JSON.stringify({ text })).toThrow(TypeError);
    expect(inspect({ text })).not.toContain('secret');
  });

  it('has neither rows nor keys in a scope that is not its owners', async () => {
    const other = asUser(() => server.payees.add(everything));
    await expect(other).rejects.toThrow('payees belongs to an organisation, and this scope is none');
    const users = inside(() => server.database.query(sql`update users set phone = ${phone.of('+491')}`));
    await expect(users).rejects.toThrow('users belongs to a user, and this scope is none');
    await expect(inScope(Scope.public(), () => server.payees.add(everything))).rejects.toThrow('none');
    await inside(() => server.payees.add(everything));
    const seen = (of: Tenant) => inside(() => server.database.query(sql`select id from organization_keys`), of);
    expect(await seen(here)).toHaveLength(1);
    expect(await seen(elsewhere)).toEqual([]);
  });
});

describe('an encrypted field of Prisma', () => {
  const user = () => server.database.prisma.user;
  const phoneOf = () => asUser(async () => (await user().findFirstOrThrow()).phone);
  const keptPhone = async () =>
    (await database.query('select phone from users where id = $1', [here.userId]))[0]!['phone'];

  it('is written and read as plain text, and kept as none', async () => {
    const where = { id: here.userId };
    const written = await asUser(() => user().update({ where, data: { phone: '+4915112345678', name: 'N' } }));
    expect(written).toMatchObject({ phone: '+4915112345678', name: 'N' });
    expect(await keptPhone()).toMatch(/^v1\./);
    expect(await asUser(() => user().findFirst({ where, select: { phone: true } }))).toEqual({
      phone: '+4915112345678',
    });
    await asUser(() => user().updateMany({ data: { phone: { set: '+49' } } }));
    expect(await phoneOf()).toBe('+49');
    await asUser(() =>
      user().upsert({ where, update: { phone: '+33' }, create: { email: 'x', emailKey: 'x', name: 'x' } }),
    );
    expect(await phoneOf()).toBe('+33');
    await asUser(() => server.database.transaction(() => user().update({ where, data: { phone: '+1' } })));
    expect(await phoneOf()).toBe('+1');
    expect(await asUser(() => user().update({ where, data: { phone: null } }))).toMatchObject({ phone: null });
    expect(await keptPhone()).toBeNull();
  });

  it('is sealed in a row that is made, by each way to make one', async () => {
    const id = uuid();
    const made = { id, email: id, emailKey: id, name: 'N', phone: '+49' };
    const asNew = <T>(work: () => Promise<T>): Promise<T> => inScope(Scope.user(id), work);
    expect(await asNew(() => user().create({ data: made }))).toMatchObject({ phone: '+49' });
    const ways: (() => Promise<unknown>)[] = [
      () => user().createMany({ data: [made] }),
      () => user().createManyAndReturn({ data: made }),
      () => user().upsert({ where: { id }, create: made, update: {} }),
    ];
    for (const way of ways) {
      await database.query('delete from users where id = $1', [id]);
      await asNew(way);
      expect(await asNew(() => user().findMany())).toMatchObject([{ phone: '+49' }]);
    }
  });

  it('is opened in what comes with another row, and in a transaction of Prisma', async () => {
    await asUser(() => user().update({ where: { id: here.userId }, data: { phone: '+49' } }));
    const session = await asUser(() => server.database.prisma.session.findFirst({ include: { user: true } }));
    expect(session).toMatchObject({ user: { phone: '+49' } });
    const { prisma } = server.database;
    const [found] = await asUser(() => prisma.$transaction([prisma.user.findFirst(), prisma.session.count()]));
    expect(found).toMatchObject({ phone: '+49' });
  });

  it('is sealed for its row, whose id is made where none is given', async () => {
    const secret = { field: { table: 't', column: 'a_secret' }, name: 'aSecret', rowName: 'id' };
    const seal = (args: PrismaArgs, isNew: boolean) =>
      sealedArgs(args, [secret], isNew, async ({ column }, text, row) => `${column} ${text} ${row}`);
    const id = uuid();
    expect(await seal({ data: { id, aSecret: 'x' } }, true)).toEqual({ data: { id, aSecret: `a_secret x ${id}` } });
    const { data } = (await seal({ data: [{ aSecret: 'x' }, { aSecret: null, n: 1 }] }, true)) as { data: object[] };
    expect(data).toEqual([
      { id: expect.stringMatching(/^[0-9a-f-]{36}$/), aSecret: expect.stringMatching(/^a_secret x [0-9a-f-]{36}$/) },
      { id: expect.any(String), aSecret: null, n: 1 },
    ]);
    expect(await seal({ where: { id }, data: { aSecret: { set: 'x' } } }, false)).toMatchObject({
      data: { aSecret: `a_secret x ${id}` },
    });
    const key = { organizationId_id: { organizationId: uuid(), id } };
    expect(await seal({ where: key, data: { aSecret: 'x' } }, false)).toMatchObject({
      data: { aSecret: `a_secret x ${id}` },
    });
    for (const where of [{ owner: { id } }, { owner: { is: { id } } }, { NOT: { id } }]) {
      expect(await seal({ where, data: { aSecret: 'x' } }, false)).toMatchObject({
        data: { aSecret: 'a_secret x undefined' },
      });
    }
    // Which row it is, is not known: the place refuses that.
    expect(await seal({ where: { id: { in: [id] } }, data: { aSecret: 'x' } }, false)).toMatchObject({
      data: { aSecret: 'a_secret x undefined' },
    });
  });

  it('refuses a filter by it, wherever it stands, and plain text in a nested write', async () => {
    for (const where of [{ phone: '+49' }, { AND: [{ phone: '+49' }] }, { NOT: { OR: [{ phone: null }] } }]) {
      await expect(asUser(() => user().findMany({ where }))).rejects.toThrow('users.phone is encrypted');
      await expect(asUser(() => user().updateMany({ where, data: {} }))).rejects.toThrow('users.phone is encrypted');
    }
    const nested = asUser(() =>
      server.database.prisma.session.update({
        where: { userId_id: { userId: here.userId, id: here.sessionId } },
        data: { user: { update: { phone: '+49' } } },
      }),
    );
    await expect(nested).rejects.toThrow();
    expect(await keptPhone()).toBeNull();
  });
});

describe('a ciphertext that is not what was written there', () => {
  let id: string;
  let other: string;
  beforeEach(async () => {
    [id, other] = await inside(async () => [
      await server.payees.add(everything),
      await server.payees.add({ bankAccount: 'B' }),
    ]);
  });

  /** Past every policy and trigger, as somebody with the disk would. */
  const tamper = (text: string) =>
    database.query(`begin; set local session_replication_role = replica; ${text}; commit`);
  const edited = (change: string) => `update payees set bank_account = ${change} where id = '${id}'`;

  it.each<[string, () => Promise<unknown>]>([
    ['of another row', () => tamper(edited(`(select bank_account from payees where id = '${other}')`))],
    ['of another column', () => tamper(edited('national_id'))],
    [
      'of another owner',
      async () => {
        const foreign = await inside(() => server.payees.add({ id, bankAccount: 'F' }), elsewhere);
        await tamper(
          `update payees set bank_account = (select bank_account from payees where id = '${foreign}' and
             organization_id = '${elsewhere.organizationId}') where organization_id = '${here.organizationId}' and id = '${id}'`,
        );
      },
    ],
    ['with one bit changed', () => tamper(edited(`regexp_replace(bank_account, '.{4}$', 'AAAA')`))],
    ['that is cut', () => tamper(edited(`left(bank_account, 83)`))],
    ['that is longer', () => tamper(edited(`bank_account || 'AAAA'`))],
    ['under a key that is nobody’s', () => tamper(edited(`overlay(bank_account placing '${uuid()}' from 4 for 36)`))],
    [
      'whose key was removed',
      () => tamper(`delete from organization_keys where organization_id = '${here.organizationId}'`),
    ],
    [
      'whose key was swapped for another',
      async () => {
        await inside(() => server.payees.add(everything), elsewhere);
        await tamper(`update organization_keys set wrapped_key = (select wrapped_key from organization_keys
          where organization_id = '${elsewhere.organizationId}') where organization_id = '${here.organizationId}'`);
      },
    ],
  ])('fails, and sounds the alarm: %s', async (_, change) => {
    await change();
    const fresh = await start();
    const error = await inside(() => fresh.payees.list()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Undecipherable);
    expect(error).not.toBeInstanceOf(Forgotten);
    expect(alarms).toEqual([
      expect.objectContaining({ msg: expect.stringMatching(/^alarm/), table: 'payees', row: id }),
    ]);
    expect(inspect([error, alarms], { depth: 9 })).not.toMatch(/DE89|345678|86095742719/);
    expect(await fresh.metrics.metrics()).toMatch(/undecipherable_values_total\{reason="(altered|lost_key)"\} 1/);
  });

  it('is no alarm where it was the database that failed', async () => {
    const fresh = await start();
    const failed = inside(() =>
      fresh.database.transaction(async () => {
        await fresh.database.query(sql`select 1`);
        await fresh.database.query(sql`select 1 / 0`).catch(() => undefined);
        await fresh.payees.add(everything);
      }),
    );
    await expect(failed).rejects.toMatchObject({ code: '25P02' });
    expect(alarms).toEqual([]);
  });

  it('fails where the master key of its data key is not configured', async () => {
    const stranger = await start(testConfig());
    await expect(inside(() => stranger.payees.list())).rejects.toMatchObject({ reason: 'altered' });
    const lost = await start(testConfig({ ENCRYPTION_KEYS: `other:${Buffer.alloc(32, 7).toString('base64url')}` }));
    await expect(inside(() => lost.payees.list())).rejects.toMatchObject({ reason: 'lost_key' });
    await expect(inside(() => lost.payees.add(everything))).rejects.toMatchObject({ reason: 'lost_key' });
    expect(await keysOf()).toHaveLength(1);
  });
});

describe('a data key', () => {
  it('is made with the first text, one for each owner, whatever races on however many servers', async () => {
    const servers = await Promise.all([start(), start()]);
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        inside(() => servers[index % 2]!.payees.add({ bankAccount: String(index) })),
      ),
    );
    expect(await keysOf()).toHaveLength(1);
    const list = await inside(() => server.payees.list());
    for (const [index, id] of ids.entries()) {
      expect(list.find((payee) => payee.id === id)).toMatchObject({ bankAccount: String(index) });
    }
    await inside(() => server.payees.add(everything), elsewhere);
    expect((await keysOf(elsewhere))[0]!['id']).not.toBe((await keysOf())[0]!['id']);
  });

  it('costs one round trip with its first use in a process, and none after that', async () => {
    expect(await roundTrips(() => inside(() => server.payees.add(everything)))).toBe(2);
    expect(await roundTrips(() => inside(() => server.payees.add(everything)))).toBe(1);
    expect(await roundTrips(() => inside(() => server.payees.list()))).toBe(1);
    const fresh = await start();
    expect(await roundTrips(() => inside(() => fresh.payees.list()), fresh)).toBe(2);
    // Another server may have given the owner a new key.
    expect(await roundTrips(() => inside(() => fresh.payees.findByTaxNumber('1')), fresh)).toBe(2);
    expect(await roundTrips(() => inside(() => fresh.payees.list(), elsewhere), fresh)).toBe(1);
    fresh.clock.advance(FORGOTTEN_AFTER_MS);
    expect(await roundTrips(() => inside(() => fresh.payees.list()), fresh)).toBe(2);
  });

  it('that was made in a transaction is good there, and for others once it is committed', async () => {
    const undone = inside(() =>
      server.database.transaction(async () => {
        await server.payees.add(everything);
        await server.payees.add(everything);
        expect(await server.payees.list()).toHaveLength(2);
        expect(await server.payees.findByTaxNumber(everything.taxNumber)).toHaveLength(2);
        throw new Error('undone');
      }),
    );
    await expect(undone).rejects.toThrow('undone');
    expect(await keysOf()).toEqual([]);
    await inside(() => server.database.transaction(() => server.payees.add(everything)));
    expect(await keysOf()).toHaveLength(1);
    expect(await inside(() => server.payees.list())).toMatchObject([everything]);
  });

  it('of a new organisation is made in the transaction that founds it', async () => {
    const [organizationId, memberId] = [uuid(), uuid()];
    const own = Scope.admission({ ...here, organizationId: null, permission: null, systemRoles: [] });
    await inScope(own, () =>
      server.database.transaction(() =>
        server.database.inScope(own.joining(organizationId, memberId), async () => {
          await server.database.query(
            sql`insert into organizations (id, name, slug) values (${organizationId}, 'N', ${memberId})`,
          );
          await server.database.query(sql`insert into members (id, user_id) values (${memberId}, ${here.userId})`);
          await server.payees.add(everything);
          expect(await server.payees.list()).toMatchObject([everything]);
        }),
      ),
    );
    const founded = { ...here, organizationId, memberId };
    expect(await keysOf(founded)).toHaveLength(1);
    expect(await inside(() => server.payees.list(), founded)).toMatchObject([everything]);
  });

  it('can be destroyed by the server, and neither replaced nor revived', async () => {
    await inside(() => server.payees.add(everything));
    for (const text of [
      `update organization_keys set wrapped_key = 'v1.test.AAAA'`,
      `update organization_keys set id = '${uuid()}'`,
      'update organization_keys set superseded_at = now()',
      'delete from organization_keys',
      `insert into organization_keys (organization_id, id) values ('${elsewhere.organizationId}', '${uuid()}')`,
    ]) {
      await expect(inside(() => server.database.query({ text, values: [] }))).rejects.toMatchObject({ code: '42501' });
    }
    await inside(() => server.database.forget());
    await expect(
      inside(() =>
        server.database.query({
          text: `update organization_keys set wrapped_key = 'v1.test.AAAA', destroyed_at = null`,
          values: [],
        }),
      ),
    ).rejects.toMatchObject({ code: '42501' });
  });
});

describe('what is to be forgotten', () => {
  it('is, for everybody within seconds, and says so; what others keep stays', async () => {
    const other = await start();
    await inside(() => server.payees.add(everything));
    await inside(() => other.payees.list());
    await inside(() => server.payees.add(everything), elsewhere);
    await inside(() => server.database.forget());
    other.clock.advance(FORGOTTEN_AFTER_MS);
    for (const one of [other, await start()]) {
      await expect(inside(() => one.payees.list())).rejects.toBeInstanceOf(Forgotten);
      expect(await inside(() => one.payees.list(), elsewhere)).toMatchObject([everything]);
    }
    expect(alarms).toContainEqual(expect.objectContaining({ reason: 'forgotten' }));
    expect(await keysOf()).toMatchObject([{ wrapped_key: null, destroyed_at: expect.any(Date) }]);
  });

  it('is not written under the key that is gone by a server that remembers it, and under a new one afterwards', async () => {
    await inside(() => server.payees.add(everything));
    const other = await start();
    await inside(() => other.database.forget());
    await expect(inside(() => server.payees.add(everything))).rejects.toMatchObject({ code: '40001' });
    await database.query('delete from payees where organization_id = $1', [here.organizationId]);
    server.clock.advance(FORGOTTEN_AFTER_MS);
    await inside(() => server.payees.add(everything));
    expect(await inside(() => server.payees.list())).toMatchObject([everything]);
    expect(await keysOf()).toHaveLength(2);
  });

  it('is under no key that takes the place of another at that moment', async () => {
    await inside(() => server.payees.add(everything));
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await connected(database.url(), async (rotation) => {
      await rotation.query('begin');
      await supersede(rotation);
      const forgotten = inside(() => server.database.forget());
      await until(async () => (await database.query(waiting)).length > 0);
      await rotation.query('commit');
      await forgotten;
    });
    expect(await keysOf()).toMatchObject([{ wrapped_key: null }, { wrapped_key: null }]);
  });

  it('is one person, and no other', async () => {
    for (const one of [here, elsewhere]) {
      await asUser(() => server.database.query(sql`update users set phone = ${phone.of('+49')}`), one);
    }
    await asUser(() => server.database.transaction(() => server.database.forget()));
    server.clock.advance(FORGOTTEN_AFTER_MS);
    const phoneOf = (one: Tenant) => asUser(() => server.database.query(sql`select phone from users`), one);
    await expect(phoneOf(here)).rejects.toBeInstanceOf(Forgotten);
    expect(await phoneOf(elsewhere)).toEqual([{ phone: '+49' }]);
  });
});

describe('a blind index', () => {
  it('finds equal texts of one owner, and tells nothing across owners or columns', async () => {
    const id = await inside(() => server.payees.add(everything));
    await inside(() => server.payees.add({ taxNumber: 'another' }));
    const foreign = await inside(() => server.payees.add(everything), elsewhere);
    expect(await inside(() => server.payees.findByTaxNumber(everything.taxNumber))).toEqual([id]);
    expect(await inside(() => server.payees.findByTaxNumber('nobody'))).toEqual([]);
    expect((await kept(id))['tax_number_index']).not.toEqual((await kept(foreign))['tax_number_index']);
  });

  it('finds what was written a moment ago, under a key that this server does not remember', async () => {
    const other = await start();
    const find = () => inside(() => server.payees.findByTaxNumber(everything.taxNumber));
    expect(await find()).toEqual([]);
    const id = await inside(() => other.payees.add(everything));
    expect(await find()).toEqual([id]);
    await supersede();
    other.clock.advance(FORGOTTEN_AFTER_MS);
    const later = await inside(() => other.payees.add(everything));
    expect(await find()).toEqual([id, later]);
  });

  it('finds what its own server wrote, where it had asked in vain before', async () => {
    for (const asked of [1, 2]) {
      const found = await inside(() =>
        server.database.transaction(async () => {
          const before = await server.payees.findByTaxNumber(everything.taxNumber);
          if (before.length === 0) await server.payees.add(everything);
          return before;
        }),
      );
      expect(found).toHaveLength(asked - 1);
    }
  });

  it('is no answer where a key can not be read, and one without what is forgotten', async () => {
    await inside(() => server.payees.add(everything));
    const lost = await start(testConfig({ ENCRYPTION_KEYS: `other:${Buffer.alloc(32, 7).toString('base64url')}` }));
    const find = (from: Server) => inside(() => from.payees.findByTaxNumber(everything.taxNumber));
    await expect(find(lost)).rejects.toMatchObject({ reason: 'lost_key' });
    expect(alarms).toMatchObject([{ table: 'payees', column: 'tax_number', reason: 'lost_key' }]);
    await inside(() => server.database.forget());
    for (const one of [lost, await start()]) expect(await find(one)).toEqual([]);
  });

  it('finds nothing where the owner has no keys yet, and makes none', async () => {
    expect(await inside(() => server.payees.findByTaxNumber('1'))).toEqual([]);
    expect(await keysOf()).toEqual([]);
  });
});

describe('the application', () => {
  it('does not start where a field is declared encrypted and its column is not', async () => {
    for (const [column, fault] of [
      ['name', 'is no column of type app.sealed'],
      ['nowhere', 'is no column of type app.sealed'],
    ]) {
      encrypted({ table: 'payees', column: column! });
      await expect(start()).rejects.toThrow(`payees.${column} is declared encrypted and ${fault}`);
      undeclare();
    }
  });

  it('does not start where a row is told by more than one id', async () => {
    await database.query(`
      create table pairs (user_id uuid default app.user_id(), a uuid, b uuid, primary key (user_id, a, b));
      select app.protect_table('pairs', 'user', 'user_id'), app.add_encrypted_column('pairs', 'secret')`);
    encrypted({ table: 'pairs', column: 'secret' });
    await expect(start()).rejects.toThrow('pairs has rows that one id does not tell apart');
    undeclare();
    await database.query('drop table pairs');
  });
});

describe('an encrypted column', () => {
  it.each([
    ['user_organizations', 'user_id', 'user'],
    ['all_users', 'organization_id', 'organization'],
  ])("of %s is under the key of its %s, whatever the table's name", async (table, owner, kind) => {
    const fixture = `
      create table ${table} (${owner} uuid not null, id uuid not null, primary key (${owner}, id));
      select app.protect_table('${table}', '${kind}', '${owner}'), app.add_encrypted_column('${table}', 'note')`;
    await database.query(fixture);
    const [checked] = await database.query(
      `select encode(tgargs, 'escape') as arguments from pg_trigger where tgrelid = $1::regclass and tgname = 'check_key_of_note'`,
      [table],
    );
    const columns = await database.query(SEALED_COLUMNS);
    await database.query(`drop table ${table}`);
    expect(checked!['arguments'].split('\\000')).toEqual(['note', owner, kind, '']);
    expect(columns).toContainEqual(
      expect.objectContaining({ table, column: 'note', owner: kind, owner_column: owner }),
    );
  });
});

/** Takes the last declaration back. */
function undeclare(): void {
  (declaredFields() as unknown[]).pop();
}
