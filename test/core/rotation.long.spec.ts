import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { connected } from '../../prisma/engine/connection.ts';
import { rotateData } from '../../prisma/keys/data.ts';
import { rotateMaster } from '../../prisma/keys/master.ts';
import { keyStatus, type KeyStatus } from '../../prisma/keys/status.ts';
import { masterKeys } from '../../src/config/variables.ts';
import { runInContext } from '../../src/core/context/context.ts';
import { MasterKeys } from '../../src/core/crypto/index.ts';
import { Database, Scope } from '../../src/core/database/index.ts';
import type { Actor, Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { createPayees, Payees } from '../support/payees.ts';
import { seededRandom } from '../support/random.ts';
import { connectedWork, NO_CONNECTION, served } from '../support/served.ts';
import { size } from '../support/size.ts';

const people = size(12, 400);
const organizationCount = size(3, 40);
const payeesEach = size(30, 500);
const REMEMBERED_MS = 10_000;

const newSecret = () => randomBytes(32).toString('base64url');
const [first, second] = [`first:${newSecret()}`, `second:${newSecret()}`];

/** Lines of the log, but for those that tell of a machine that is too busy to connect. */
const errors: string[] = [];
const faults = (): string[] => errors.filter((line) => !NO_CONNECTION.test(line));

let app: TestApp;
let users: Actor[];
let members: { organization: Organization; member: Member }[];
let payees: Payees;

beforeAll(
  async () => {
    const ignore = (): void => undefined;
    Logger.overrideLogger({
      log: ignore,
      warn: ignore,
      error: (line: unknown) => void errors.push(inspect(line, { depth: 9 })),
    });
    // The new master key is known everywhere before it is the first, as docs/encryption.md says.
    app = await TestApp.start({
      environment: { ENCRYPTION_KEYS: `${first},${second}`, DATABASE_POOL_SIZE: '16' },
      prepare: createPayees,
    });
    payees = new Payees(app.nest.get(Database));
    users = await Promise.all(Array.from({ length: people }, () => app.actors.user()));
    for (const [index, { api }] of users.entries()) await api.patch('/me', { phone: phoneOf(index) }).expect(200);
    members = await Promise.all(
      Array.from({ length: organizationCount }, async () => {
        const organization = await app.actors.organization();
        return { organization, member: await app.actors.member(organization) };
      }),
    );
    for (const membership of members) {
      await inside(membership, async () => {
        for (let index = 0; index < payeesEach; index += 1) {
          await payees.add({ bankAccount: `account ${index}`, taxNumber: String(index) });
        }
      });
    }
  },
  size(60_000, 600_000),
);

afterAll(() => app.stop());

const phoneOf = (index: number, round = 0): string => `+49${1_000_000 + index}${round}`;

function inside<T>({ organization, member }: (typeof members)[number], work: () => Promise<T>): Promise<T> {
  const scope = Scope.admission({ ...member, organizationId: organization.id, permission: null, systemRoles: [] });
  return connectedWork(() => runInContext({ scope }, async () => await work()));
}

const asKeeper = <T>(work: Parameters<typeof connected<T>>[1]): Promise<T> =>
  connected(app.database.url('tenantry_keys'), work);
const status = (): Promise<KeyStatus> => asKeeper(keyStatus);
const keys = (...given: string[]) => new MasterKeys(masterKeys(given.join()));

/** Everybody reads and changes what is theirs for as long as the work takes. @returns how many requests there were, and what went wrong */
async function underLoad(work: () => Promise<unknown>): Promise<{ requests: number; failures: unknown[] }> {
  let isOver = false;
  let requests = 0;
  const failures: unknown[] = [];
  const check = async (what: string, right: () => Promise<boolean>): Promise<void> => {
    requests += 1;
    const outcome = await right().catch((error: unknown) => error);
    if (outcome !== true) failures.push([what, outcome]);
  };
  const random = seededRandom(7);
  const person = async (index: number): Promise<void> => {
    const { api } = users[index]!;
    for (let round = 1; !isOver; round += 1) {
      const phone = phoneOf(index, round);
      await check('PATCH', async () => (await served(() => api.patch('/me', { phone }))).body.phone === phone);
      await check('GET', async () => {
        const answer = await served(() => api.get('/me'));
        // Moving a row to another key changes nothing that a client could see.
        const again = await served(() => api.get('/me').set('if-none-match', answer.headers['etag']!));
        return answer.body.phone === phone && again.status === 304;
      });
    }
  };
  const member = async (membership: (typeof members)[number]): Promise<void> => {
    while (!isOver) {
      const number = Math.floor(random() * payeesEach);
      await check('list', () =>
        inside(membership, async () =>
          (await payees.list()).every(({ bankAccount }) => bankAccount?.startsWith('account')),
        ),
      );
      await check('look-up', () =>
        inside(membership, async () => (await payees.findByTaxNumber(String(number))).length === 1),
      );
      await check('write', () =>
        inside(membership, async () => {
          const [id] = await payees.findByTaxNumber(String(number));
          await payees.setBankAccount(id!, `account ${random()}`);
          return true;
        }),
      );
    }
  };
  const load = Promise.all([...users.slice(0, 8).keys()].map(person).concat(members.slice(0, 4).map(member)));
  await work();
  isOver = true;
  await load;
  return { requests, failures };
}

/** Lets servers forget what they remember of keys; they ask for them anew. */
const settled = async (): Promise<void> => app.clock.advance(REMEMBERED_MS);

test(
  'new data keys for everybody: no request fails, no row is left under an old one',
  async () => {
    const before = await status();
    expect(before.underDataKeys).toEqual({
      'payees.bank_account': { current: organizationCount * payeesEach },
      'payees.national_id': {},
      'payees.tax_number': { current: organizationCount * payeesEach },
      'totp_secrets.secret': {},
      'users.phone': { current: people },
    });
    const { requests, failures } = await underLoad(async () => {
      const done = await asKeeper((client) => rotateData(client, keys(first, second), { before: new Date(), settled }));
      expect(done.map(({ moved, passed, failed }) => moved + passed + failed)).toEqual([0, 0, 0, 0, 0]);
    });
    expect([failures, faults()]).toEqual([[], []]);
    expect(requests).toBeGreaterThan(size(50, 2_000));
    const after = await status();
    expect(after.underDataKeys).toEqual(before.underDataKeys);
    expect(after.supersededKeys).toEqual({});
    expect(after.underMasterKeys).toMatchObject({
      'organization keys': { first: 2 * organizationCount },
      'user keys': { first: 2 * people },
    });
  },
  size(60_000, 900_000),
);

test(
  'a new master key: no request fails, and nothing is left under the old one, which can go',
  async () => {
    const waiting = { sealed: keys(first).seal('{}', ['job']) };
    await app.database.query(`select app.enqueue('nobody_does_this', $1)`, [waiting]);
    expect((await status()).underMasterKeys['jobs']).toEqual({ first: 1 });
    const { requests, failures } = await underLoad(() =>
      asKeeper((client) => rotateMaster(client, keys(second, first))),
    );
    expect([failures, faults()]).toEqual([[], []]);
    expect(requests).toBeGreaterThan(0);
    const { underMasterKeys } = await status();
    expect(underMasterKeys).toMatchObject({
      'organization keys': { second: 2 * organizationCount },
      'user keys': { second: 2 * people },
      jobs: { second: 1 },
    });
    for (const counts of Object.values(underMasterKeys)) expect(counts).not.toHaveProperty('first');
  },
  size(60_000, 900_000),
);
