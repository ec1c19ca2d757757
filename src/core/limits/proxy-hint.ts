import { Logger } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Whoever forgot to name a proxy sees all that come through it refused as one address, and nothing else that says why. */
export class ProxyHint {
  readonly #logger = new Logger('Limits');
  #isGiven = false;

  /** Once: the header of a request that is refused for its address may be anybody's. */
  give({ headers, ip, socket }: FastifyRequest): void {
    const isForwarded = headers['x-forwarded-for'] !== undefined && ip === socket.remoteAddress;
    if (this.#isGiven || !isForwarded) return;
    this.#isGiven = true;
    this.#logger.warn(
      'An address that forwards for others is refused. If it is a proxy of yours, name it in TRUSTED_PROXIES.',
    );
  }
}
