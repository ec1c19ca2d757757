import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJson } from './json.ts';
import { Problem } from './problem.ts';

const MERGE_PATCH = 'application/merge-patch+json';

/** A charset other than UTF-8, the one that JSON has (RFC 8259, 8.1). */
const FOREIGN_CHARSET = /;\s*charset\s*=(?!\s*"?utf-?8"?\s*(?:;|$))/i;

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
}

function parsedBody(request: FastifyRequest, body: Buffer): unknown {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
  const isMisplaced = type.toLowerCase().startsWith(MERGE_PATCH) && request.method !== 'PATCH';
  if (encoding !== 'identity' || isMisplaced || FOREIGN_CHARSET.test(type)) throw new Problem('unsupported_media_type');
  return body.length === 0 ? undefined : parseJson(body);
}
