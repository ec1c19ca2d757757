import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addHeader } from './headers.ts';
import { RouteOption } from './route-option.ts';

/** What the contract gives clients to move on: at least half a year, months being of any length. */
const SHORTEST_NOTICE_MS = 184 * 24 * 60 * 60 * 1000;
const MS_PER_SECOND = 1000;

interface DeprecationOptions {
  /** The day (UTC) from which it is not to be used in anything new, such as `2027-01-01`. */
  readonly since: string;
  /** The day (UTC) from which it may be gone. */
  readonly sunset: string;
  /** Where it says what to use in its place. */
  readonly link?: string;
}

/** Of an operation: the day from which it may be gone. Whatever has it is marked as deprecated. */
export const SUNSET = 'x-sunset';

declare module 'fastify' {
  interface FastifyContextConfig {
    deprecation?: Readonly<Record<string, string>>;
  }
}

/**
 * On a handler that will go: its operation is `deprecated` in the document, and every answer tells since when (RFC 9745), when
 * it goes (RFC 8594), and where there is more about it.
 * @throws Error for a day that is none, and where the two are not half a year apart
 */
export function Deprecated({ since, sunset, link }: DeprecationOptions): MethodDecorator {
  const [begins, ends] = [timeOf(since), timeOf(sunset)];
  if (ends - begins < SHORTEST_NOTICE_MS)
    throw new Error(`${sunset} is too soon: clients have half a year from ${since}`);
  const headers = {
    deprecation: `@${begins / MS_PER_SECOND}`,
    sunset: new Date(ends).toUTCString(),
    ...(link !== undefined && { link: `<${link}>; rel="deprecation"` }),
  };
  return applyDecorators(RouteOption({ deprecation: headers }), ApiExtension(SUNSET, sunset));
}

function timeOf(day: string): number {
  const time = Date.parse(`${day}T00:00:00.000Z`);
  if (Number.isNaN(time)) throw new Error(`${day} is no day such as 2027-01-01`);
  return time;
}

/** Fastify's `onSend`: who is refused is to know, too. */
export function tellDeprecation({ routeOptions }: FastifyRequest, reply: FastifyReply): void {
  const { link, ...headers } = routeOptions.config.deprecation ?? {};
  void reply.headers(headers);
  if (link !== undefined) addHeader(reply, 'link', link);
}
