import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { varyBy, weightsIn } from './headers.ts';

/** Below, it all fits into one packet anyway. */
const WORTHWHILE_BYTES = 1024;

const CODING = 'gzip';

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Set by code that knows that the body is long and holds no secret: whoever sees how long it is compressed, and can have
     * something of their own put in beside a secret, guesses the secret letter by letter (BREACH).
     */
    compressible?: boolean;
  }
}

/**
 * Fastify's `onSend`: compresses what is marked so, where the client asks. Only gzip, which everybody takes: the others save
 * a few bytes more, and cost more than they save. At once, and not in a thread of Node's pool, where passwords are hashed.
 */
export function compressAnswer(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  if (!reply.compressible || typeof payload !== 'string' || reply.statusCode !== 200) return payload;
  varyBy(reply, 'Accept-Encoding');
  if (payload.length < WORTHWHILE_BYTES || !prefersGzip(request.headers['accept-encoding'])) return payload;
  void reply.header('content-encoding', CODING);
  return gzipSync(payload);
}

/** RFC 9110, 12.5.3. */
function prefersGzip(header: string | string[] = ''): boolean {
  const weights = weightsIn(String(header));
  const gzip = weights.get(CODING) ?? weights.get('*') ?? 0;
  return gzip > 0 && gzip >= (weights.get('identity') ?? 0);
}
