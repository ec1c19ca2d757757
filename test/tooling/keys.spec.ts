import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { connected } from '../../prisma/engine/connection.ts';
import { rotateData } from '../../prisma/keys/data.ts';
import { rotateMaster } from '../../prisma/keys/master.ts';
import { keyStatus } from '../../prisma/keys/status.ts';
import { masterKeys } from '../../src/config/variables.ts';
import { runInContext } from '../../src/core/context/context.ts';
import { MasterKeys } from '../../src/core/crypto/index.ts';
import type { Connections } from '../../src/core/database/connections.ts';
import { Database, Scope } from '../../src/core/database/index.ts';
import { sealedColumns, testConnections } from '../support/connections.ts';
import { TestDatabase } from '../support/database.ts';
import { testConfig } from '../support/environment.ts';
import { createPayees, Payees } from '../support/payees.ts';
import { tenant, type Tenant } from '../support/tenant.ts';

const PAGE = 500;
const [first, second] = ['first', 'second'].map((id) => `${id}:${randomBytes(32).toString('base64url')}`) as [
  string,
  string,
];
const keys = (...given: string[]) => new MasterKeys(masterKeys(given.join()));
const settled = async (): Promise<void> => undefined;

let database: TestDatabase;
let here: Tenant;
const opened: Connections[] = [];

beforeEach(async () => {
  database = await TestDatabase.create();
  await createPayees(database);
  here = await tenant(database);
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((connections) => connections.end()));
  await database.drop();
});

/** A server with these master keys. */
async function start(...given: string[]): Promise<Database> {
  const connections = testConnections(database.url('tenantry_app'));
  opened.push(connections);
  const columns = sealedColumns(testConfig({ ENCRYPTION_KEYS: given.join() }));
  // Of the declared fields, users.phone is not among those of this file: all that the catalogue has is learned.
  await columns.learn(connections);
  return new Database(connections, columns);
}

const inside = <T>(work: () => Promise<T>, of = here): Promise<T> =>
  runInContext({ scope: Scope.admission({ ...of, permission: null, systemRoles: [] }) }, async () => await work());
const asKeeper = <T>(work: Parameters<typeof connected<T>>[1]): Promise<T> =>
  connected(database.url('tenantry_keys'), work);
const status = () => asKeeper(keyStatus);

const rotate = (before = new Date()) =>
  asKeeper((client) => rotateData(client, keys(first, second), { before, settled }));

async function add(payees: Payees, count: number, of = here): Promise<void> {
  await inside(async () => {
    for (let index = 0; index < count; index += 1) await payees.add({ bankAccount: `account ${index}` });
  }, of);
}

function run(...given: string[]): Promise<{ code: number; output: string }> {
  const environment = {
    ...process.env,
    ENCRYPTION_KEYS: `${second},${first}`,
    KEYS_DATABASE_URL: database.url('tenantry_keys'),
  };
  return new Promise((done) => {
    execFile(
      process.execPath,
      ['prisma/keys/cli.ts', ...given],
      { env: { ...environment, NODE_OPTIONS: '' } },
      (error, stdout, stderr) => done({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

describe('new data keys', () => {
  it('are made once for a moment, so that what was stopped goes on; more rows than a page are all moved', async () => {
    const payees = new Payees(await start(first));
    await add(payees, PAGE + 20);
    const before = new Date();
    await rotate(before);
    const [key] = await database.query('select id from organization_keys where superseded_at is null');
    await rotate(before);
    expect(await database.query('select id from organization_keys where superseded_at is null')).toEqual([key]);
    expect((await status()).underDataKeys['payees.bank_account']).toEqual({ current: PAGE + 20 });
    const fresh = new Payees(await start(first));
    const accounts = (await inside(() => fresh.list())).map(({ bankAccount }) => bankAccount);
    expect(accounts).toEqual(Array.from({ length: PAGE + 20 }, (_, index) => `account ${index}`));
  });

  it('move what a killed rotation left', async () => {
    const payees = new Payees(await start(first));
    await add(payees, 3);
    const before = new Date();
    const killed = asKeeper((client) =>
      rotateData(client, keys(first), { before, settled: () => Promise.reject(new Error('killed')) }),
    );
    await expect(killed).rejects.toThrow('killed');
    const between = await status();
    expect(between.underDataKeys['payees.bank_account']).toEqual({ superseded: 3 });
    expect(Object.values(between.supersededKeys)).toEqual([3]);
    expect(await inside(() => payees.list())).toHaveLength(3);
    await rotate(before);
    expect((await status()).underDataKeys['payees.bank_account']).toEqual({ current: 3 });
    expect((await database.query('select id from organization_keys')).length).toBe(2);
  });

  it('are made once, however far ahead the clock is that was asked', async () => {
    await add(new Payees(await start(first)), 1);
    await rotate(new Date(Date.now() + 3_600_000));
    expect(await database.query('select from organization_keys')).toHaveLength(2);
  });

  it('are not made under a master key that servers may not have', async () => {
    await add(new Payees(await start(first)), 1);
    const before = await database.query('select * from organization_keys');
    const rotation = asKeeper((client) => rotateData(client, keys(second, first), { before: new Date(), settled }));
    await expect(rotation).rejects.toThrow('rotate-master comes first');
    expect(await database.query('select * from organization_keys')).toEqual(before);
  });

  it('keep indexed texts found, before, between and after', async () => {
    const payees = new Payees(await start(first));
    const id = await inside(() => payees.add({ taxNumber: '42' }));
    const find = async () => inside(async () => new Payees(await start(first)).findByTaxNumber('42'));
    const rotation = { before: new Date(), settled: async () => expect(await find()).toEqual([id]) };
    await asKeeper((client) => rotateData(client, keys(first), rotation));
    expect(await find()).toEqual([id]);
  });

  it('leave what somebody is at to the next sweep, what was forgotten, and what can not be read', async () => {
    const payees = new Payees(await start(first));
    await add(payees, 3);
    const gone = await tenant(database);
    await add(payees, 2, gone);
    await inside(async () => (await start(first)).forget(), gone);
    const [broken] = await inside(() => payees.list());
    await database.query(`begin; set local session_replication_role = replica;
      update payees set bank_account = regexp_replace(bank_account, '.{4}$', 'AAAA') where id = '${broken!.id}'; commit`);
    const reports: string[] = [];
    const done = await connected(database.url(), async (client) => {
      await client.query('begin; select from payees for update');
      const rotation = asKeeper((keeper) =>
        rotateData(keeper, keys(first), {
          before: new Date(),
          settled,
          report: ({ name, moved, passed, failed }) => {
            if (passed > 0) void client.query('commit');
            reports.push(`${name} ${moved} ${passed} ${failed}`);
          },
        }),
      );
      return rotation;
    });
    expect(reports).toContain('payees.bank_account 0 2 1');
    expect(done).toContainEqual({ name: 'payees.bank_account', rows: 5, moved: 0, passed: 0, failed: 1 });
    expect((await status()).underDataKeys['payees.bank_account']).toEqual({ current: 2, superseded: 1, destroyed: 2 });
  });

  it('go on where somebody is forgotten in the midst of a page, and seal nothing of theirs anew', async () => {
    const service = await start(first);
    await add(new Payees(service), 2);
    const gone = await tenant(database);
    await add(new Payees(service), 1, gone);
    const done = await asKeeper(async (client) => {
      const query = client.query.bind(client);
      let isForgotten = false;
      const interrupted = async (text: string, values?: unknown[]): Promise<unknown> => {
        if (text.includes('update "payees"') && !isForgotten) {
          isForgotten = true;
          await inside(() => service.forget(), gone);
        }
        return query(text, values);
      };
      Object.assign(client, { query: interrupted });
      return rotateData(client, keys(first), { before: new Date(), settled });
    });
    expect(done).toContainEqual({ name: 'payees.bank_account', rows: 3, moved: 0, passed: 0, failed: 0 });
    expect((await status()).underDataKeys['payees.bank_account']).toEqual({ current: 2, destroyed: 1 });
  });

  it('count as nothing a reader would notice: version and time of a row stay', async () => {
    const service = await start(first);
    await database.query(`alter table payees add version int not null default 1, add updated_at timestamptz default now();
      select app.track_changes('payees')`);
    await add(new Payees(service), 1);
    const before = await database.query('select version, updated_at from payees');
    await rotate();
    expect(await database.query('select version, updated_at from payees')).toEqual(before);
    await database.query(`update payees set name = 'N'`);
    expect(await database.query('select version from payees')).toEqual([{ version: 2 }]);
  });
});

describe('a new master key', () => {
  it('takes over from the old one, which can go then', async () => {
    await add(new Payees(await start(first)), 2);
    const [done] = await asKeeper((client) => rotateMaster(client, keys(second, first)));
    expect(done).toEqual({ name: 'organization keys', rows: 1, moved: 1, passed: 0, failed: 0 });
    expect((await status()).underMasterKeys).toEqual({ 'organization keys': { second: 1 }, 'user keys': {}, jobs: {} });
    const without = new Payees(await start(second));
    expect(await inside(() => without.list())).toMatchObject([
      { bankAccount: 'account 0' },
      { bankAccount: 'account 1' },
    ]);
  });

  it('leaves what is under a master key that is not given, and says so', async () => {
    await add(new Payees(await start(first)), 1);
    const before = await database.query('select * from organization_keys');
    const [done] = await asKeeper((client) => rotateMaster(client, keys(second)));
    expect(done).toMatchObject({ moved: 0, failed: 1 });
    expect(await database.query('select * from organization_keys')).toEqual(before);
  });
});

describe('npm run keys', () => {
  it('says how it is used', async () => {
    for (const given of [[], ['nonsense']]) {
      const { code, output } = await run(...given);
      expect(code).toBe(1);
      expect(output).toContain('Usage: npm run keys -- <command>');
    }
    expect(await run('rotate-data', 'tomorrow')).toEqual({
      code: 1,
      output: 'rotate-data takes a moment in time, not "tomorrow"\n',
    });
  });

  it('rotates the master key, counts, and fails where something is left', async () => {
    await add(new Payees(await start(first)), 2);
    expect(await run('rotate-master')).toMatchObject({
      code: 0,
      output: expect.stringContaining('organization keys: 1 rows, 1 moved'),
    });
    const { code, output } = await run('status');
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      underMasterKeys: { 'organization keys': { second: 1 } },
      underDataKeys: { 'payees.bank_account': { current: 2 } },
    });
    await database.query(`update organization_keys set wrapped_key = 'v1.third.AAAA'`);
    expect(await run('rotate-master')).toMatchObject({
      code: 1,
      output: expect.stringContaining('1 could not be read'),
    });
  });

  it('works as the keeper of keys, who sees neither names nor plain text', async () => {
    await add(new Payees(await start(first)), 1);
    await asKeeper(async (client) => {
      for (const text of [
        'select name from payees',
        'select email from users',
        'delete from payees',
        'select * from members',
      ]) {
        await expect(client.query(text)).rejects.toMatchObject({ code: '42501' });
      }
    });
  });
});
