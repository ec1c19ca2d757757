import { isDeepStrictEqual } from 'node:util';
import { FIRST_CLIENT_ERROR } from '../http/translation.ts';
import { codesIn } from './problems.ts';
import { type Components, isReference, type Operation, type PlacedOperation, type Response } from './types.ts';

type Responses = NonNullable<Components['responses']>;

/** Most routes refuse in the same few ways: each way is written once, under its status and codes. */
export class SharedResponses {
  readonly #known: Record<string, Response> = {};

  /** @returns the operation with references in place of its refusals */
  of({ operation }: PlacedOperation): Operation {
    const responses = Object.entries(operation.responses).map(([status, response]) => {
      if (!response || isReference(response) || Number(status) < FIRST_CLIENT_ERROR) return [status, response] as const;
      return [status, { $ref: `#/components/responses/${this.#nameOf(status, response)}` }] as const;
    });
    return { ...operation, responses: Object.fromEntries(responses) };
  }

  /** @throws Error where two that differ have the same name: it has to tell by what */
  #nameOf(status: string, response: Response): string {
    const name = [status, ...codesIn(response), ...variantsOf(response)].join('.');
    const known = (this.#known[name] ??= response);
    if (!isDeepStrictEqual(known, response)) throw new Error(`two answers that differ are called ${name}`);
    return name;
  }

  components(): Responses {
    return Object.fromEntries(Object.entries(this.#known).toSorted(([a], [b]) => a.localeCompare(b, 'en')));
  }
}

/** By which headers the same codes differ, from one operation to another. */
function variantsOf({ headers = {} }: Response): string[] {
  return [
    ...('RateLimit' in headers ? [] : ['unlimited']),
    ...('Idempotency-Replayed' in headers ? ['replayable'] : []),
    ...('Sunset' in headers ? ['deprecated'] : []),
  ];
}
