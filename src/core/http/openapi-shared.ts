import { isDeepStrictEqual } from 'node:util';
import { codesIn } from './openapi-problems.ts';
import {
  type Components,
  FIRST_ERROR,
  isReference,
  type Operation,
  type PlacedOperation,
  type Response,
} from './openapi-types.ts';

type Responses = NonNullable<Components['responses']>;

/** Most routes refuse in the same few ways: each way is written once, under its status and codes. */
export class SharedResponses {
  readonly #known: Record<string, Response> = {};

  /** @returns the operation with references in place of its refusals */
  of({ operation }: PlacedOperation): Operation {
    const responses = Object.entries(operation.responses).map(([status, response]) => {
      if (!response || isReference(response) || Number(status) < FIRST_ERROR) return [status, response] as const;
      return [status, { $ref: `#/components/responses/${this.#nameOf(status, response)}` }] as const;
    });
    return { ...operation, responses: Object.fromEntries(responses) };
  }

  /** Where two have the same codes and other headers (one has no limit, one is deprecated), they are counted. */
  #nameOf(status: string, response: Response): string {
    const codes = [status, ...codesIn(response)].join('.');
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? codes : `${codes}.${count}`;
      const known = (this.#known[name] ??= response);
      if (isDeepStrictEqual(known, response)) return name;
    }
  }

  components(): Responses {
    return Object.fromEntries(Object.entries(this.#known).toSorted(([a], [b]) => a.localeCompare(b, 'en')));
  }
}
