import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Refuses } from './problem.dto.ts';
import { Problem } from './problem.ts';
import { text } from './rules.ts';
import { withHandler } from './with-handler.ts';

/** Enough of the hash that two bodies of one version never share it. */
const HASH_LENGTH = 16;

/** Of all headers of a request together. */
const HEADER_LENGTH = 16_384;

/** One tag of a list (RFC 9110, 8.8.3); `W/` because a proxy that compresses weakens ours, and the version stays true. */
const TAG = /^(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;

/** @returns `"<version>.<hash of the body>"` */
export function entityTag(version: number, hash: Buffer): string {
  return `"${version}.${hash.toString('base64url').slice(0, HASH_LENGTH)}"`;
}

/** `If-None-Match`: weak comparison with the whole tag (RFC 9110, 13.1.2). */
export function matchesAny(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === tag);
}

/** What `If-Match` asks of the row that a write is about to change; without the header, nothing. */
export class Precondition {
  constructor(private readonly header: string | undefined) {}

  /**
   * Call it in the transaction, on the locked row, so that of several writers with one tag a single one gets through. It
   * compares the version alone: a change elsewhere in the answer (a count, a name) refuses no write.
   * @throws Problem bad_request for a header that is no list of tags, precondition_failed for another version
   */
  verify(version: number): void {
    if (this.header === undefined || this.header.trim() === '*') return;
    if (!tagsOf(this.header).some((tag) => tag.startsWith(`${version}.`))) throw new Problem('precondition_failed');
  }
}

function tagsOf(header: string): string[] {
  return header.split(',').map((part) => {
    const tag = TAG.exec(part.trim())?.[1];
    if (tag === undefined) throw malformed();
    return tag;
  });
}

function malformed(): Problem {
  const fault = { parameter: 'If-Match', code: 'pattern', detail: 'must be an ETag as the server sent it' } as const;
  return new Problem('bad_request', {
    detail: 'The If-Match header is not an entity tag. Send one as it came.',
    errors: [fault],
  });
}

const readPrecondition = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  return new Precondition(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']);
});

const PRECONDITION_KEY = 'tenantry:precondition';

/** @returns whether the handler has an `@IfMatch` */
export function takesPrecondition(handler: Function): boolean {
  return Reflect.getMetadata(PRECONDITION_KEY, handler) === true;
}

const header = {
  name: 'If-Match',
  required: false,
  description: 'The ETag of what you read: the change is refused when it has another version by now.',
  schema: { ...text({ max: HEADER_LENGTH }).schema },
};

/**
 * `@IfMatch() precondition: Precondition` on a PATCH, PUT or DELETE of a versioned resource; documents itself. Its `@Resource`
 * tells the version where the input is refused and the handler never gets to compare it.
 */
export function IfMatch(): ParameterDecorator {
  return withHandler(
    readPrecondition(),
    SetMetadata(PRECONDITION_KEY, true),
    ApiHeader(header),
    Refuses('precondition_failed'),
  );
}
