import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { MS_PER_SECOND } from './metrics.ts';
import type { RequestMetrics } from './request-metrics.ts';

const UNKNOWN_ROUTE = 'none';

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
    const { method, scope } = request;
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
      ...(scope?.userId && { user_id: scope.userId }),
      ...(scope?.organizationId && { organization_id: scope.organizationId }),
    });
  }
}
