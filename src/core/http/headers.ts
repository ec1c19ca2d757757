import type { FastifyReply, FastifyRequest } from 'fastify';

/** Two years, as browsers' preload lists ask for. */
const STRICT_TRANSPORT_SECURITY = 'max-age=63072000; includeSubDomains';

/** The headers of every answer. `no-store` is the default because almost every answer is somebody's own. */
export function setStandardHeaders(request: FastifyRequest, reply: FastifyReply, isProduction: boolean): void {
  void reply.header('x-request-id', request.id);
  void reply.header('x-content-type-options', 'nosniff');
  void reply.header('cache-control', 'no-store');
  if (isProduction) void reply.header('strict-transport-security', STRICT_TRANSPORT_SECURITY);
}
