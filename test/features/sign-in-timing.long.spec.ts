import { hash } from '@node-rs/argon2';
import { Passwords } from '../../src/core/crypto/index.ts';
import { TestApp } from '../support/app.ts';
import { seededRandom } from '../support/random.ts';
import { size } from '../support/size.ts';

const PAIRS = size(3, 500);
/** Fewer tell nothing: then it is what the answers say that is compared. */
const ENOUGH_TO_TIME = 100;
const TIMEOUT_MS = size(30_000, 10 * 60_000);
const LARGEST_DIFFERENCE_MS = 5;
const WARM_UP = 5;
const RESAMPLES = 1000;
const PASSWORD = 'correct horse battery';

interface Answer {
  readonly ms: number;
  /** All that whoever asked can see, but for what names the request. */
  readonly seen: object;
}

interface Difference {
  readonly known: number;
  readonly unknown: number;
  /** Of the difference, 95 %, by bootstrap. */
  readonly interval: readonly [number, number];
}

/** What anybody may ask about an address, or anybody who is signed in. */
interface Flow {
  readonly path: string;
  readonly body: object;
  readonly isSignedIn?: true;
}

const flows: Record<string, Flow> = {
  'a wrong password': { path: '/auth/login', body: { password: 'not the password' } },
  'a magic link': { path: '/auth/magic-links', body: {} },
  registration: { path: '/auth/register', body: { name: 'Eve' } },
  'a forgotten password': { path: '/auth/password/forgot', body: {} },
  'a change of address': { path: '/me/email', body: {}, isSignedIn: true },
};

interface Person {
  readonly password?: 'strong' | 'weak';
  readonly isSuspended?: true;
}

const people: Record<string, Person> = {
  'has a password': { password: 'strong' },
  'has none': {},
  'has one with a weaker hash': { password: 'weak' },
  'is suspended': { password: 'strong', isSuspended: true },
};

/** ASVS 5.0, 6.3.8: nobody learns who has an account, neither by an answer nor by how long it takes. */
describe('a known address and an unknown one, in turns', () => {
  let app: TestApp;
  let hashes: Readonly<Record<'strong' | 'weak', string>>;

  beforeAll(async () => {
    app = await TestApp.start();
    const strong = await app.nest.get(Passwords, { strict: false }).hash(PASSWORD);
    hashes = { strong, weak: await hash(PASSWORD, { memoryCost: 4096, timeCost: 1, parallelism: 1 }) };
  });

  afterAll(() => app.stop());

  let addresses = 0;
  const newAddress = (): string => `timed.${(addresses += 1)}@example.com`;

  async function knownAddress({ password, isSuspended }: Person): Promise<string> {
    const email = newAddress();
    await app.database.query(
      `insert into users (id, email, email_key, name, suspended_at)
         values (uuidv7(), $1, $1, 'Ada', case when $2 then now() end)`,
      [email, isSuspended ?? false],
    );
    if (password) {
      const insert = 'insert into passwords (user_id, hash) select id, $2 from users where email_key = $1';
      await app.database.query(insert, [email, hashes[password]]);
    }
    return email;
  }

  async function ask({ path, body, isSignedIn }: Flow, email: string): Promise<Answer> {
    const token = isSignedIn && (await app.actors.user()).api.token;
    const start = performance.now();
    const response = await fetch(`${app.url}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ ...body, email }),
    });
    const { request_id: _, ...rest } = JSON.parse(await response.text());
    const ms = performance.now() - start;
    return { ms, seen: { status: response.status, headers: [...response.headers.keys()].toSorted(), body: rest } };
  }

  it.each([
    ...Object.keys(flows).map((flow) => [flow, 'has a password']),
    ...Object.keys(people)
      .slice(1)
      .map((state) => ['a wrong password', state]),
  ])(
    'are answered alike, and as soon: %s, of who %s',
    async (name, state) => {
      const flow = flows[name]!;
      for (let count = 0; count < WARM_UP; count++) await ask(flow, newAddress());
      const times = { known: [] as number[], unknown: [] as number[] };
      for (let pair = 0; pair < PAIRS; pair++) {
        const emails = { known: await knownAddress(people[state]!), unknown: newAddress() };
        const order = pair % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const);
        const seen = [];
        for (const who of order) {
          const answer = await ask(flow, emails[who]);
          times[who].push(answer.ms);
          seen.push(answer.seen);
        }
        expect(seen[0]).toEqual(seen[1]);
      }
      if (PAIRS < ENOUGH_TO_TIME) return;
      const median = compared(times, 0.5);
      const p90 = compared(times, 0.9);
      process.stdout.write(`${name}, of who ${state}: ${told('median', median)}; ${told('p90', p90)}\n`);
      expect(Math.abs(median.known - median.unknown)).toBeLessThan(LARGEST_DIFFERENCE_MS);
    },
    TIMEOUT_MS,
  );
});

function compared({ known, unknown }: Record<'known' | 'unknown', number[]>, share: number): Difference {
  const random = seededRandom(1);
  const again = (values: number[]) => values.map(() => values[Math.floor(random() * values.length)]!);
  const differences = Array.from(
    { length: RESAMPLES },
    () => quantile(again(known), share) - quantile(again(unknown), share),
  );
  return {
    known: quantile(known, share),
    unknown: quantile(unknown, share),
    interval: [quantile(differences, 0.025), quantile(differences, 0.975)],
  };
}

function quantile(values: number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;
}

function told(what: string, { known, unknown, interval }: Difference): string {
  const [low, high] = interval.map((ms) => ms.toFixed(2));
  return `${what} ${known.toFixed(2)} and ${unknown.toFixed(2)} ms, difference ${(known - unknown).toFixed(2)} (${low} to ${high})`;
}
