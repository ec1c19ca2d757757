import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { RequestMetrics } from './request-metrics.ts';

/** Who called, by id. Whoever finds it out (the guard) writes it on the request, for the line that is logged at its end. */
export interface Caller {
  readonly userId?: string | null;
  readonly organizationId?: string | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller?: Caller;
  }
}

const UNKNOWN_ROUTE = 'none';
const MS_PER_SECOND = 1_000;

/** One line and one measurement for each request, whatever became of it. */
export class RequestObserver {
  constructor(
    private readonly metrics: RequestMetrics,
    private readonly logger: Logger,
  ) {}

  observe(request: FastifyRequest, reply: FastifyReply): void {
    const start = performance.now();
    this.metrics.started();
    // `close` also comes when the client went away before the answer; Fastify's onResponse does not.
    reply.raw.once('close', () => this.#ended(request, reply, performance.now() - start));
  }

  /** The route's pattern and never the URL, which may hold personal data; no address, no user agent. */
  #ended(request: FastifyRequest, reply: FastifyReply, milliseconds: number): void {
    const { method, caller } = request;
    const route = request.routeOptions.url ?? UNKNOWN_ROUTE;
    const status = reply.raw.statusCode;
    this.metrics.ended(method, route, status, milliseconds / MS_PER_SECOND);
    this.logger.info({
      msg: 'request',
      request_id: request.id,
      method,
      route,
      status,
      duration_ms: Math.round(milliseconds),
      ...(!reply.raw.writableFinished && { aborted: true }),
      ...(caller?.userId && { user_id: caller.userId }),
      ...(caller?.organizationId && { organization_id: caller.organizationId }),
    });
  }
}
