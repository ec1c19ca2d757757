import type { FastifyInstance } from 'fastify';
import { setTimeout as delay } from 'node:timers/promises';

/** What is still running after this is cut off. */
const FINISH_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 10;

/**
 * When the server closes, the requests that run are finished first; then Fastify's `forceCloseConnections` cuts every
 * connection, also one on which no request ever came, which would otherwise hold the process until it times out.
 */
export function finishBeforeClosing(server: FastifyInstance): void {
  let running = 0;
  server.addHook('onRequest', (_request, reply, done) => {
    running += 1;
    reply.raw.once('close', () => (running -= 1));
    done();
  });
  server.addHook('preClose', async () => {
    const start = performance.now();
    while (running > 0 && performance.now() - start < FINISH_WITHIN_MS) await delay(LOOK_EVERY_MS);
  });
}
