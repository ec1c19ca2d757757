import type { Clock } from '../clock/clock.ts';

/** Twice as many take 15 MB, with keys as short as an address or an id. */
const CAPACITY = 50_000;

/**
 * A map that forgets what nobody has written to for a while: at once, without a timer, and at the latest after twice that
 * while. It never holds more than twice its capacity: beyond, what was not written to for longest goes early.
 */
export class ShortMemory<Value> {
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  #turnsAt = 0;

  /** @param keptFor milliseconds that what was written is certainly kept */
  constructor(
    private readonly clock: Clock,
    private readonly keptFor: number,
    private readonly capacity = CAPACITY,
  ) {}

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Value | undefined {
    this.#turn();
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: string, value: Value): void {
    this.#turn();
    this.#young.set(key, value);
  }

  #turn(): void {
    const now = this.clock.now().getTime();
    if (now < this.#turnsAt && this.#young.size < this.capacity) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#turnsAt = now + this.keptFor;
  }
}
