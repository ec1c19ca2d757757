import { TestApp } from '../support/app.ts';
import { size } from '../support/size.ts';
import { KINDS } from './generator.ts';
import { Sequence, type Tally } from './sequence.ts';
import { Stage } from './stage.ts';

const sequences = size(40, 5_000);
/** Another one each time at the full size; the test's name tells it, and `MODEL_SEED` sets it. */
const seed = Number(process.env['MODEL_SEED'] ?? size(1, Date.now() % 2 ** 32));
/** Organisations that are played in at once. */
const LANES = 4;

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(() => app.stop());

test(
  `${sequences} sequences of calls give nobody more than the rules do, and are answered by them (MODEL_SEED=${seed})`,
  async () => {
    const tally: Tally = new Map();

    expect((await played(tally)).join('\n\n')).toBe('');

    // A run in which nothing is granted, or nothing refused, has tried nothing.
    const untried = KINDS.filter((kind) => ![...tally.keys()].some((outcome) => outcome.startsWith(`${kind} 2`)));
    expect(untried.slice(UNTRIED)).toEqual([]);
    const refused = [...tally].filter(([outcome]) => outcome.endsWith(' grant_exceeds_own'));
    expect(refused.length).toBeGreaterThanOrEqual(GRANTING);
  },
  size(60_000, 1_800_000),
);

/** A few sequences may do without what is seldom. */
const UNTRIED = size(3, 0);
/** Kinds of call by which somebody gives, takes or touches power: each was refused for that. */
const GRANTING = size(8, 13);

/** @returns what is wrong; once anything is, no other sequence is begun */
async function played(tally: Tally): Promise<string[]> {
  const numbers = Array.from({ length: sequences }, (_, index) => index + 1).values();
  const found: string[] = [];
  const play = async (): Promise<void> => {
    const stage = await Stage.open(app);
    for (const number of numbers) {
      const wrong = await new Sequence(stage, seed, number, KINDS).play(tally);
      if (wrong !== undefined) found.push(wrong);
      if (found.length > 0) break;
    }
    await stage.close();
  };
  await Promise.all(Array.from({ length: LANES }, play));
  return found;
}
