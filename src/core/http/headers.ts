import type { FastifyReply, FastifyRequest } from 'fastify';

/** Two years, as browsers' preload lists ask for. */
export const STRICT_TRANSPORT_SECURITY = 'max-age=63072000; includeSubDomains';

/**
 * The headers of every answer, given as it is sent: a preflight, for one, is answered before any code of ours runs.
 * `no-store` is the default because almost every answer is somebody's own.
 */
export function setStandardHeaders(request: FastifyRequest, reply: FastifyReply, isProduction: boolean): void {
  void reply.header('x-request-id', request.id);
  void reply.header('x-content-type-options', 'nosniff');
  if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
  if (isProduction) void reply.header('strict-transport-security', STRICT_TRANSPORT_SECURITY);
}

/** Adds to a header that is a list, whatever is in it already. */
export function addHeader(reply: FastifyReply, name: string, value: string): void {
  const others = reply.getHeader(name);
  void reply.header(name, others === undefined ? value : `${String(others)}, ${value}`);
}

/** Tells caches that the answer depends on the header as well (RFC 9110, 12.5.5). */
export function varyBy(reply: FastifyReply, name: string): void {
  addHeader(reply, 'vary', name);
}

/** @returns what a header such as Accept names, in lower case, each with how much it is wanted (RFC 9110, 12.4.2) */
export function weightsIn(header: string): ReadonlyMap<string, number> {
  return new Map(header.toLowerCase().split(',').map(weightOf));
}

function weightOf(item: string): [name: string, weight: number] {
  const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
  const weight = parameters.find((parameter) => parameter.startsWith('q=')) ?? 'q=1';
  return [name, Number(weight.slice('q='.length))];
}
