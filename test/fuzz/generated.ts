import { setTimeout as delay } from 'node:timers/promises';
import { createDocument } from '../../src/core/openapi/index.ts';
import type { TestApp } from '../support/app.ts';
import { Contract } from '../support/contract.ts';
import { Cast, type Stranger } from './cast.ts';
import { Dice } from './dice.ts';
import { Found } from './found.ts';
import { type Operation, Operations, outsideTheDocument } from './operations.ts';
import { encoded, type FuzzedRequest, fuzzedRequest } from './request.ts';
import { Seen } from './seen.ts';
import type { AnswerJudge } from './verdict.ts';
import { type Answer, Wire } from './wire.ts';

const REQUESTS_OF_A_CAST = 2_500;
const WIRES = 8;

/** Where the machine has other work, the server may be too busy to begin. What it can never answer stays a fault. */
const TRIES = 20;
const AGAIN_AFTER_MS = 100;

/** An operation that costs a mail, a hash of a password or a large answer is called once in so many calls of another. */
const RARE = 4;
const DEAR = /^auth_register|^magicLinks_(?!verify)|^passwords_forgot|openapi|docs|mailbox/;

/** Requests that are made from the OpenAPI document and spoiled by chance, sent over several connections at a time. */
export class GeneratedRequests {
  readonly found = new Found();
  /** By operation, every status that it answered with. */
  readonly statuses = new Map<string, Set<number>>();
  /** How often a request was sent again because the server was too busy (503), as it asks its clients to. */
  busy = 0;
  readonly #operations: Operations;
  readonly #contract: Contract;
  readonly #callable: readonly Operation[];
  readonly #seen = new Seen();
  #next = 0;

  constructor(
    private readonly app: TestApp,
    private readonly stranger: Stranger,
    private readonly judge: AnswerJudge,
    private readonly seed: number,
  ) {
    const document = createDocument(app.nest);
    this.#operations = new Operations(document);
    this.#contract = new Contract(document);
    this.#callable = [...this.#operations.all, ...outsideTheDocument].flatMap((operation) =>
      Array.from({ length: DEAR.test(operation.id) ? 1 : RARE }, () => operation),
    );
    for (const { id } of this.#callable) this.statuses.set(id, new Set());
  }

  async send(count: number): Promise<void> {
    while (this.#next < count) {
      const cast = await Cast.of(this.app, this.stranger);
      const end = Math.min(this.#next + REQUESTS_OF_A_CAST, count);
      await Promise.all(Array.from({ length: WIRES }, () => this.#sendUntil(end, cast)));
    }
  }

  async #sendUntil(end: number, cast: Cast): Promise<void> {
    const wire = new Wire(Number(new URL(this.app.url).port));
    while (this.#next < end) {
      const number = this.#next;
      this.#next += 1;
      await this.#sendOne(number, cast, wire);
    }
    wire.close();
  }

  async #sendOne(number: number, cast: Cast, wire: Wire): Promise<void> {
    const dice = new Dice(this.seed, number);
    const operation = dice.pick(this.#callable);
    const request = fuzzedRequest(operation, { operations: this.#operations, cast, seen: this.#seen }, dice);
    const bytes = encoded(request, new URL(this.app.url).host);
    try {
      const answer = await this.#exchange(bytes, request.method === 'HEAD', wire);
      this.#seen.note(answer);
      // A preflight is answered for any path.
      if (request.method !== 'OPTIONS') this.statuses.get(operation.id)?.add(answer.status);
      const { method, target } = request;
      const found = [
        ...this.judge.faultsIn(request, answer),
        ...this.#contract.faultsIn(method, target, answer),
        ...(isRepeatable(request, answer) ? twinFaults(answer, await this.#exchange(bytes, false, wire)) : []),
      ];
      for (const fault of found) this.found.add(fault, { number, request, bytes, answer });
    } catch (error) {
      this.found.add(String(error), { number, request, bytes });
    }
  }

  async #exchange(bytes: Buffer, isHead: boolean, wire: Wire): Promise<Answer> {
    for (let tries = 1; tries < TRIES; tries += 1) {
      const answer = await wire.exchange(bytes, isHead);
      if (answer.status !== 503) return answer;
      this.busy += 1;
      await delay(AGAIN_AFTER_MS);
    }
    return wire.exchange(bytes, isHead);
  }
}

/** Whether the same bytes once more would have the same effect, and not another one. */
function isRepeatable({ method, headers }: FuzzedRequest, { status }: Answer): boolean {
  return method === 'POST' && status === 201 && headers.filter(([name]) => name === 'Idempotency-Key').length === 1;
}

function twinFaults(first: Answer, second: Answer): string[] {
  const told = ({ status, headers, body }: Answer): string =>
    JSON.stringify([status, body, headers['location'], headers['etag']]);
  const isReplay = second.headers['idempotency-replayed'] === 'true' && told(first) === told(second);
  return isReplay ? [] : [`has another effect when it comes again: ${second.status}`];
}
