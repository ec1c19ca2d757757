import type { FuzzedRequest } from './request.ts';
import type { Answer } from './wire.ts';

/** A fault is told this often; after that it is only counted. */
const EXAMPLES = 2;
const SHOWN = 600;

interface Example {
  /** Of the request: with the seed it is thrown again the same. */
  readonly number: number;
  readonly request: FuzzedRequest;
  readonly bytes: Buffer;
  readonly answer?: Answer;
}

/** What a run has found, each kind of fault with examples to go by. */
export class Found {
  readonly #examples = new Map<string, Example[]>();

  add(fault: string, example: Example): void {
    const kind = `${fault} (${example.request.operation})`;
    this.#examples.set(kind, [...(this.#examples.get(kind) ?? []), example]);
  }

  report(): object[] {
    return [...this.#examples].map(([fault, examples]) => ({
      fault,
      times: examples.length,
      examples: examples.slice(0, EXAMPLES).map(({ number, request, bytes, answer }) => ({
        number,
        caller: request.caller.name,
        sent: bytes.toString('latin1', 0, SHOWN),
        answer: answer && { ...answer, body: answer.body.slice(0, SHOWN) },
      })),
    }));
  }
}
