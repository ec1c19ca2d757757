import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { entityTag, matchesAny } from './etag.ts';
import { Page } from './page.ts';
import { pathOf } from './problem-answer.ts';

/** A body that brings headers: return it from a handler in place of the body. */
export class Answer<Body> {
  constructor(
    readonly body: Body,
    readonly headers: { readonly version?: number; readonly createdId?: string },
  ) {}
}

/** The answer of a versioned resource: gets an `ETag`, and 304 where the caller has it already. */
export function versioned<Body>(version: number, body: Body): Answer<Body> {
  return new Answer(body, { version });
}

/** The answer of a POST to a collection: its `Location` is the id below the path of the POST, and it has an `ETag`. */
export function created<Body>(id: string, body: Body, version: number): Answer<Body> {
  return new Answer(body, { createdId: id, version });
}

declare module 'fastify' {
  interface FastifyReply {
    /** Of the resource in the body, where it has one. */
    version?: number;
  }
}

/** Fastify's `preSerialization`: sets the headers and leaves the body. */
export function decorateAnswer(reply: FastifyReply, payload: unknown): unknown {
  if (payload instanceof Page) {
    void reply.header('link', payload.links(reply.request.url));
    return payload;
  }
  if (!(payload instanceof Answer)) return payload;
  const { version, createdId } = payload.headers;
  if (createdId !== undefined) void reply.header('location', `${pathOf(reply.request)}/${createdId}`);
  if (version !== undefined) reply.version = version;
  return payload.body;
}

/** Fastify's `onSend`: the tag is over the bytes that are sent, so it differs whenever they do. */
export function tagAnswer(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  if (reply.version === undefined || typeof payload !== 'string') return payload;
  const tag = entityTag(reply.version, createHash('sha256').update(payload).digest());
  void reply.header('etag', tag);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (!isRead || !matchesAny(request.headers['if-none-match'], tag)) return payload;
  void reply.code(304).removeHeader('content-type');
  return request.method === 'HEAD' ? payload : null; // Fastify drops it on HEAD, and keeps its length (RFC 9110, 8.6).
}
