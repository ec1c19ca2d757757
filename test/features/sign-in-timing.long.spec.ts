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

/** The state of the known address, as it is made: `$1` is the address, `$2` a hash of its password. */
const people: Record<string, string> = {
  'has a password': 'insert into passwords (user_id, hash) select id, $2 from users where email_key = $1',
  'has none': 'select $1, $2',
  'has one with a weaker hash': `insert into passwords (user_id, hash) select id, '$weak' from users where email_key = $1 and $2 <> ''`,
  'is suspended': `update users set suspended_at = now() where email_key = $1 and $2 <> ''`,
};

/** ASVS 5.0, 6.3.8: nobody learns who has an account, neither by an answer nor by how long it takes. */
describe('a known address and an unknown one, in turns', () => {
  let app: TestApp;
  let strong: string;
  let weak: string;
  const lines: string[] = [];

  beforeAll(async () => {
    app = await TestApp.start();
    strong = await app.nest.get(Passwords, { strict: false }).hash(PASSWORD);
    weak = await hash(PASSWORD, { memoryCost: 4096, timeCost: 1, parallelism: 1 });
  });

  afterAll(async () => {
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
    await app.stop();
  });

  let addresses = 0;
  const newAddress = (): string => `timed.${(addresses += 1)}@example.com`;

  async function knownAddress(state: string): Promise<string> {
    const email = newAddress();
    await app.database.query('insert into users (id, email, email_key, name) values (uuidv7(), $1, $1, $2)', [
      email,
      'Ada',
    ]);
    await app.database.query(people[state]!.replace('$weak', weak), [email, strong]);
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
        const emails = { known: await knownAddress(state), unknown: newAddress() };
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
      lines.push(`${name}, of who ${state}: ${told('median', median)}; ${told('p90', compared(times, 0.9))}`);
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
