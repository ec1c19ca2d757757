import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { entityTag, matchesAny } from './etag.ts';
import { pathOf } from './problem-answer.ts';
import { WrittenAnswer } from './written-answer.ts';

/** A body that brings headers: return it from a handler in place of the body. */
export class Answer<Body> {
  constructor(
    readonly body: Body,
    readonly headers: { readonly version?: number; readonly createdId?: string; readonly link?: string },
  ) {}
}

/** The answer of a versioned resource: gets an `ETag`, and 304 where the caller has it already. */
export function versioned<Body>(version: number, body: Body): Answer<Body> {
  return new Answer(body, { version });
}

/** The answer of a POST to a collection: its `Location` is the id below the path of the POST, and it has an `ETag` where it is versioned. */
export function created<Body>(id: string, body: Body, version?: number): Answer<Body> {
  return new Answer(body, { createdId: id, ...(version !== undefined && { version }) });
}

declare module 'fastify' {
  interface FastifyReply {
    /** Of the resource in the body, where it has one. */
    version?: number;
  }
}

/** Fastify's `preSerialization`: sets the headers and leaves the body. */
export function decorateAnswer(reply: FastifyReply, payload: unknown): unknown {
  if (payload instanceof WrittenAnswer) return sendAsWritten(reply, payload);
  const { headers, version, body } = partsOf(reply.request, payload);
  void reply.headers(headers);
  if (version !== undefined) reply.version = version;
  return body;
}

/** @returns what the reply would send of a handler's answer; the reply itself stays as it is */
export function written(reply: FastifyReply, payload: unknown): WrittenAnswer {
  const { headers, version, body } = partsOf(reply.request, payload);
  return new WrittenAnswer({ status: reply.statusCode, headers, version, body: serialized(reply, body) });
}

interface Parts {
  readonly headers: Readonly<Record<string, string>>;
  readonly version?: number | undefined;
  readonly body: unknown;
}

function partsOf(request: FastifyRequest, payload: unknown): Parts {
  if (!(payload instanceof Answer)) return { headers: {}, body: payload };
  const { version, createdId, link } = payload.headers;
  const headers = {
    ...(createdId !== undefined && { location: `${pathOf(request)}/${createdId}` }),
    ...(link !== undefined && { link }),
  };
  return { headers, version, body: payload.body };
}

function serialized(reply: FastifyReply, body: unknown): string {
  const text = body === undefined ? '' : reply.serialize(body);
  if (typeof text !== 'string') throw new TypeError('an answer that is written down is JSON');
  return text;
}

function sendAsWritten(reply: FastifyReply, { status, headers, version, body }: WrittenAnswer): string {
  void reply.code(status).headers(headers);
  if (version !== undefined) reply.version = version;
  if (body === '') void reply.removeHeader('content-type');
  void reply.serializer(String); // It is a text already, and would be put in quotes.
  return body;
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
