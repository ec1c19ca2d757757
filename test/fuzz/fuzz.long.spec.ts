import { Registry } from 'prom-client';
import { TestApp } from '../support/app.ts';
import { size } from '../support/size.ts';
import { until } from '../support/until.ts';
import { ALLOWED_ORIGIN, createStranger, METRICS_TOKEN, rowsOf, type Stranger } from './cast.ts';
import { GeneratedRequests } from './generated.ts';
import { sendRawConnections } from './raw-connections.ts';
import { AnswerJudge } from './verdict.ts';

const requests = size(8_000, 200_000);
const connections = size(300, 20_000);
/** Another one each time at the full size; the test's name tells it, and `FUZZ_SEED` sets it. */
const seed = Number(process.env['FUZZ_SEED'] ?? size(1, Date.now() % 2 ** 32));
const SECRET_KEY = Buffer.from('a secret that is long enough for it').toString('base64url');
/** Refusing is all that there is to do here. */
const NEVER_GRANTED = ['/dev/mailbox/{mail_id}', '/api/v1/nothing'];

let app: TestApp;
let stranger: Stranger;
let judge: AnswerJudge;
const logged: unknown[] = [];

beforeAll(async () => {
  app = await TestApp.start({ environment: { CORS_ORIGINS: ALLOWED_ORIGIN, METRICS_TOKEN, SECRET_KEY } });
  stranger = await createStranger(app);
  judge = new AnswerJudge(stranger, [SECRET_KEY, new URL(app.database.url('tenantry_app')).password]);
  const note = (...line: unknown[]): void => void (isOfBusyServer(line) || logged.push(line));
  app.nest.useLogger({ log: () => undefined, warn: () => undefined, error: note, fatal: note });
});

afterAll(() => app.stop());

afterEach(async () => {
  expect(logged.splice(0)).toEqual([]);
  await expectWhole();
});

test(
  `${requests} generated requests are answered as promised, whatever is wrong with them (FUZZ_SEED=${seed})`,
  async () => {
    const generated = new GeneratedRequests(app, stranger, judge, seed);
    const before = await rowsOf(stranger, app.database);

    await generated.send(requests);

    expect(generated.found.report()).toEqual([]);
    expect(generated.busy).toBeLessThanOrEqual(size(requests, 0));
    expect(await rowsOf(stranger, app.database)).toEqual(before);
    // A run in which nothing gets through, or nothing is refused, has tried nothing.
    const all = [...generated.statuses];
    expect(idsWhere(all, (status) => status < 300)).toEqual(NEVER_GRANTED);
    expect(idsWhere(all, (status) => status >= 400)).toEqual([]);
  },
  size(180_000, 3_600_000),
);

test(
  `${connections} connections with bytes of any kind are answered and closed (FUZZ_SEED=${seed})`,
  async () => {
    const { owner } = await app.actors.organization();
    const { host, port } = new URL(app.url);

    const found = await sendRawConnections(Number(port), { host, token: owner.api.token ?? '' }, seed, connections);

    expect(found).toEqual([]);
  },
  size(180_000, 3_600_000),
);

/** Every 503 is logged; how many there may be, the tests say. */
function isOfBusyServer([line]: unknown[]): boolean {
  return typeof line === 'object' && line !== null && 'msg' in line && line.msg === 'unavailable';
}

/** @returns the ids of the operations that never answered with such a status */
function idsWhere(statuses: [id: string, found: ReadonlySet<number>][], isSuch: (status: number) => boolean): string[] {
  return statuses.flatMap(([id, found]) => ([...found].some(isSuch) ? [] : [id]));
}

/** The server answers, nothing is left running, and every connection to the database has come back. */
async function expectWhole(): Promise<void> {
  await app.anonymous.outside('get', '/health/ready').expect(200);
  await until(async () => (await gauge('http_requests_in_flight')) === 0);
  const connections = (state: string): Promise<number> => gauge(`database_connections{state="${state}"}`);
  await until(async () => (await connections('total')) === (await connections('idle')));
  expect(await connections('waiting')).toBe(0);
  const stuck = await app.database.query(
    `select query from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
  );
  expect(stuck).toEqual([]);
}

async function gauge(name: string): Promise<number> {
  const exposition = await app.nest.get(Registry).metrics();
  const sample = exposition.split('\n').find((line) => line.startsWith(`${name} `));
  return Number(sample?.split(' ').at(-1));
}
