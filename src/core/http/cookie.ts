import type { FastifyReply, FastifyRequest } from 'fastify';

interface Reach {
  readonly path: string;
  readonly sameSite: 'Lax' | 'Strict';
}

/** What may stand before a name (RFC 6265, 5.4); whatever else JavaScript takes for space is part of another name. */
const LEADING_SPACE = /^[ \t]+/;

/** A cookie that no script reads and no connection carries in the clear (RFC 6265bis; ASVS 5.0, 3.3). */
export class Cookie {
  constructor(
    readonly name: string,
    private readonly reach: Reach,
  ) {}

  /** @returns its value; undefined where there is none, and where there are several: a neighbour of our domain may have set one */
  read({ headers }: FastifyRequest): string | undefined {
    const prefix = `${this.name}=`;
    const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.replace(LEADING_SPACE, ''));
    const found = pairs.filter((pair) => pair.startsWith(prefix));
    return found.length === 1 ? found[0]?.slice(prefix.length).trimEnd() : undefined;
  }

  /** @param value characters of a token (RFC 6750, 2.1), none of which has a meaning in a cookie */
  set(reply: FastifyReply, value: string, maxAgeSeconds: number): void {
    const { path, sameSite } = this.reach;
    const attributes = `Max-Age=${maxAgeSeconds}; Path=${path}; HttpOnly; Secure; SameSite=${sameSite}`;
    void reply.header('set-cookie', `${this.name}=${value}; ${attributes}`);
  }

  clear(reply: FastifyReply): void {
    this.set(reply, '', 0);
  }
}
