import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Config } from '../../config/index.ts';

/** They change nothing (RFC 9110, 9.2.1), and what they answer is kept from other sites by CORS. */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** The sites whose pages may act by cookie: those of CORS_ORIGINS by name, and our own. */
@Injectable()
export class Origins {
  readonly #allowed: ReadonlySet<string>;

  constructor({ corsOrigins, apiUrl }: Config) {
    // `*`, for development, opens reading by CORS to any site, and never what cookies are the key to.
    this.#allowed = new Set([...corsOrigins.filter((origin) => origin !== '*'), new URL(apiUrl).origin]);
  }

  /**
   * Every browser names the origin of an unsafe request, and no page can have it name another. That a body is JSON has been
   * seen to by the parser, which takes nothing else.
   * @returns false for what another site has made a browser send
   */
  allows({ method, headers }: FastifyRequest): boolean {
    return SAFE_METHODS.includes(method) || this.#allowed.has(headers.origin ?? '');
  }
}
