import type { Filled } from './fill.ts';
import type { Size } from './population.ts';

const WIDTH = 30;
/** Lines where there is no terminal, as in a log. */
const LINES = 10;

/** Shows how far it is: a bar on a terminal, some lines elsewhere. */
export class Progress {
  readonly #size: Size;
  readonly #output: NodeJS.WriteStream;
  readonly #began = performance.now();
  #lines = 0;

  constructor(size: Size, output: NodeJS.WriteStream) {
    this.#size = size;
    this.#output = output;
  }

  show(filled: Filled): void {
    const done = filled.members / (this.#size.organizations * this.#size.members);
    if (this.#output.isTTY) this.#bar(done, filled);
    else if (Math.floor(done * LINES) > this.#lines) this.#line(done, filled);
  }

  #bar(done: number, filled: Filled): void {
    const bar = '█'.repeat(Math.floor(done * WIDTH)).padEnd(WIDTH, '░');
    this.#output.write(`\r${bar} ${this.#text(filled)}${done === 1 ? '\n' : ''}`);
  }

  #line(done: number, filled: Filled): void {
    this.#lines = Math.floor(done * LINES);
    this.#output.write(`${this.#text(filled)}\n`);
  }

  #text({ organizations, members }: Filled): string {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(1);
    return `${count(organizations)} of ${count(this.#size.organizations)} organisations, ${count(members)} members, ${seconds} s`;
  }
}

function count(value: number): string {
  return value.toLocaleString('en');
}
