import { seededRandom } from '../support/random.ts';

/** Mixes a number of the run into its seed, so that the neighbours' dice have nothing in common. */
const SPREAD = 0x9e3779b1;

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const DRAWN = 16;

/** What is left to chance, the same for the same seed: a request can be thrown again without those before it. */
export class Dice {
  readonly #random: () => number;

  constructor(seed: number, number = 0) {
    this.#random = seededRandom(seed ^ Math.imul(number + 1, SPREAD));
  }

  /** @returns a whole number from 0 up to the limit, without it */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new Error('there is nothing to choose from');
    return values[this.below(values.length)]!;
  }

  /** @returns one of the makers' values; only the one that is drawn is made */
  make<T>(makers: readonly (() => T)[]): T {
    return this.pick(makers)();
  }

  some<T>(count: number, make: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, index) => make(index));
  }

  /** @returns so many letters and digits; a long text repeats itself, so that it costs little */
  text(length: number): string {
    const drawn = this.some(Math.min(length, DRAWN), () => LETTERS[this.below(LETTERS.length)]).join('');
    return drawn.repeat(Math.ceil(length / DRAWN)).slice(0, length);
  }

  bytes(length: number): Buffer {
    return Buffer.from(this.some(length, () => this.below(256)));
  }
}
