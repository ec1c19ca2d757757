import { isDeepStrictEqual } from 'node:util';
import { Dice } from '../fuzz/dice.ts';
import type { Answer, Call, Kind } from './calls.ts';
import { Generator } from './generator.ts';
import { violations } from './property.ts';
import { Reference } from './reference.ts';
import type { Server } from './server.ts';
import type { Stage } from './stage.ts';
import { someStart } from './start.ts';
import { described, type State } from './state.ts';

const FEWEST_CALLS = 10;
const MOST_CALLS = 20;

/** Some calls of one organisation, with what was found at the last of them. */
interface Played {
  readonly calls: readonly Call[];
  readonly found: readonly string[];
}

/** How often each kind of call came to what. */
export type Tally = Map<string, number>;

/** A sequence of calls that a seed and a number stand for: the same each time that it is played. */
export class Sequence {
  constructor(
    private readonly stage: Stage,
    private readonly seed: number,
    private readonly number: number,
    private readonly kinds: readonly Kind[],
  ) {}

  /** @returns undefined where nothing is wrong; else the fewest calls that show it, and what it is */
  async play(tally: Tally = new Map()): Promise<string | undefined> {
    const dice = this.#dice();
    const state = someStart(dice);
    const length = FEWEST_CALLS + dice.below(MOST_CALLS - FEWEST_CALLS + 1);
    const server = await this.stage.set(state);
    const reference = new Reference(state);
    const generator = new Generator(dice, reference, this.kinds);
    const game = new Game(server, reference, tally);
    const calls: Call[] = [];
    while (calls.length <= length) {
      const call = calls.length < length ? generator.next() : generator.survey();
      calls.push(call);
      const found = await game.call(call);
      if (found.length > 0) return this.#report(await this.#shrunk({ calls, found }));
    }
    return undefined;
  }

  #dice(): Dice {
    return new Dice(this.seed, this.number);
  }

  /** Leaves out one call after another that it does not take. */
  async #shrunk(played: Played): Promise<Played> {
    let least = played;
    for (let index = played.calls.length - 2; index >= 0; index -= 1) {
      const again = await this.#again(least.calls.toSpliced(index, 1));
      if (again.found.length > 0) least = again;
    }
    return least;
  }

  async #again(calls: readonly Call[]): Promise<Played> {
    const state = someStart(this.#dice());
    const game = new Game(await this.stage.set(state), new Reference(state));
    for (const [index, call] of calls.entries()) {
      const found = await game.call(call);
      if (found.length > 0) return { calls: calls.slice(0, index + 1), found };
    }
    return { calls, found: [] };
  }

  #report({ calls, found }: Played): string {
    const start = described(someStart(this.#dice()));
    const lines = [start, ...calls].map((line) => JSON.stringify(line));
    return [`sequence ${this.number} of MODEL_SEED=${this.seed}:`, ...lines, ...found].join('\n  ');
  }
}

/** One organisation, called call by call, and the reference beside it. */
class Game {
  #snapshot = '';
  #state: State | undefined;

  constructor(
    private readonly server: Server,
    private readonly reference: Reference,
    private readonly tally: Tally = new Map(),
  ) {}

  /** @returns what is wrong with what the server makes of it */
  async call(call: Call): Promise<string[]> {
    const was = this.#state ?? (await this.#look());
    const before = this.#snapshot;
    const { answer: expected, change } = this.reference.judge(call);
    const answer = await this.server.answer(call);
    this.#count(call, answer);
    const is = await this.#look();
    const found = differences('answer', answer, expected);
    if (answer.status >= 300)
      return this.#snapshot === before ? found : [...found, 'what was refused has changed something'];
    found.push(...violations(was, is, call));
    if (found.length > 0 || !change) return found;
    change();
    return differences('state', described(is), described(this.reference.state));
  }

  async #look(): Promise<State> {
    const snapshot = await this.server.snapshot();
    if (snapshot === this.#snapshot && this.#state) return this.#state;
    this.#snapshot = snapshot;
    this.#state = this.server.read(snapshot);
    return this.#state;
  }

  #count({ kind }: Call, { status, code = '' }: Answer): void {
    const outcome = `${kind} ${status} ${code}`;
    this.tally.set(outcome, (this.tally.get(outcome) ?? 0) + 1);
  }
}

function differences(what: string, is: unknown, expected: unknown): string[] {
  if (isDeepStrictEqual(is, expected)) return [];
  if (typeof is !== 'object' || typeof expected !== 'object' || !is || !expected || Array.isArray(is))
    return [`${what}: ${JSON.stringify(is)}, and not ${JSON.stringify(expected)}`];
  const [one, other] = [new Map(Object.entries(is)), new Map(Object.entries(expected))];
  return [...new Set([...one.keys(), ...other.keys()])].flatMap((key) =>
    differences(`${what} ${key}`, one.get(key), other.get(key)),
  );
}
