import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { parseJson } from './json.ts';
import { Problem } from './problem.ts';
import { RouteOption } from './route-option.ts';

const MERGE_PATCH = 'application/merge-patch+json';

/** A charset other than UTF-8, the one that JSON has (RFC 8259, 8.1). */
const FOREIGN_CHARSET = /;\s*charset\s*=(?!\s*"?utf-?8"?\s*(?:;|$))/i;

const NEED_A_BODY = new Set(['PATCH', 'PUT']);

declare module 'fastify' {
  interface FastifyContextConfig {
    bodyLimit?: number;
  }
}

/** On a handler whose body may be longer, or has to be shorter, than the 256 KiB of every other: beyond, it is a 413. */
export function BodyLimit(bytes: number): MethodDecorator {
  return RouteOption({ bodyLimit: bytes });
}

/** Fastify's `onRoute`: what a handler says of its body. */
export function limitBody(route: RouteOptions): void {
  if (route.config?.bodyLimit !== undefined) route.bodyLimit = route.config.bodyLimit;
}

/** JSON is the only content type taken; every other one (forms, text, uploads) gets Fastify's 415. */
export function acceptJsonOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>(
    ['application/json', MERGE_PATCH],
    { parseAs: 'buffer' },
    (request, body, done) => {
      try {
        done(null, parsedBody(request, body));
      } catch (problem) {
        done(problem instanceof Error ? problem : new Problem('malformed_json'));
      }
    },
  );
  // Fastify asks no parser for it only where there is a route: this one is asked wherever a request leads.
  server.addContentTypeParser('*', (_request, _body, done) => done(new Problem('unsupported_media_type')));
}

/**
 * Fastify's `preValidation`, of a request whose body has been parsed. A PATCH says by its body what is to be, and so does a PUT:
 * one that came without has lost it on the way, and must not pass for one that changes nothing.
 * @returns what the parser would have said of it, had there been anything to parse
 */
export function missingBody({ method, headers, body, is404 }: FastifyRequest): Problem | undefined {
  const isMissing = NEED_A_BODY.has(method) && body === undefined && !is404;
  if (!isMissing) return undefined;
  return new Problem(headers['content-type'] === undefined ? 'unsupported_media_type' : 'malformed_json');
}

function parsedBody(request: FastifyRequest, body: Buffer): unknown {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
  const isMisplaced = type.toLowerCase().startsWith(MERGE_PATCH) && request.method !== 'PATCH';
  if (encoding !== 'identity' || isMisplaced || FOREIGN_CHARSET.test(type)) throw new Problem('unsupported_media_type');
  if (body.length === 0) return undefined;
  // To parse can cost as much as to answer.
  if (request.excess) throw request.excess;
  return parseJson(body);
}
