import type { FastifyReply, FastifyRequest } from 'fastify';
import { varyBy } from './headers.ts';

const EXPOSED_HEADERS = [
  'ETag',
  'Location',
  'Link',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'X-Request-Id',
  'Idempotency-Replayed',
];

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** What a browser may remember a preflight; more than this, Chromium does not. */
const PREFLIGHT_MAX_AGE_SECONDS = 7200;

/** Which sites' pages may read what we answer: the configured origins alone, with credentials. */
export class Cors {
  readonly #allowed: ReadonlySet<string>;

  /** @param origins `*`, which production refuses, means any */
  constructor(origins: readonly string[]) {
    this.#allowed = new Set(origins);
  }

  /** For every answer, of whoever refused: without these headers a page is told that there was none. */
  share({ headers }: FastifyRequest, reply: FastifyReply): void {
    varyBy(reply, 'Origin');
    if (!this.#allows(headers.origin)) return;
    void reply.headers({
      'access-control-allow-origin': headers.origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': EXPOSED_HEADERS.join(', '),
    });
  }

  #allows(origin: string | undefined): boolean {
    return origin !== undefined && (this.#allowed.has(origin) || this.#allowed.has('*'));
  }

  /** A browser asks whether it may send what it has been told to; any other OPTIONS gets the router's 405. */
  isPreflight({ method, headers }: FastifyRequest): boolean {
    return method === 'OPTIONS' && headers.origin !== undefined && 'access-control-request-method' in headers;
  }

  answerPreflight({ headers }: FastifyRequest, reply: FastifyReply): void {
    varyBy(reply, 'Access-Control-Request-Headers');
    const asked = headers['access-control-request-headers'];
    if (this.#allows(headers.origin)) {
      void reply.headers({
        'access-control-allow-methods': METHODS.join(', '),
        'access-control-max-age': String(PREFLIGHT_MAX_AGE_SECONDS),
        ...(asked !== undefined && { 'access-control-allow-headers': asked }),
      });
    }
    void reply.code(204).send();
  }
}
