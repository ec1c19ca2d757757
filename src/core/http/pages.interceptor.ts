import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { SecretBox, type SealContext } from '../crypto/index.ts';
import { Position } from '../lists/index.ts';
import { Answer } from './answer.ts';
import { Page } from './page.ts';
import { Problem } from './problem.ts';
import { isObject } from './rules.ts';

/** Of a list's query: what says where in the list one is, and not what is in it. */
const PLACE = new Set(['page', 'page_size', 'cursor']);

/**
 * Opens the cursor that a list is asked for, and seals those that it answers. A cursor holds the sort keys of a row, names and
 * addresses among them, and URLs are logged: so nobody but a server can read one, or make one.
 */
@Injectable()
export class PagesInterceptor implements NestInterceptor {
  constructor(private readonly box: SecretBox) {}

  /** @throws Problem invalid_cursor */
  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (!request.routeOptions.config.answersPages) return next.handle();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const sealContext = contextOf(request);
    const { query } = request;
    if (isObject(query) && query['cursor'] !== undefined) {
      request.query = { ...query, cursor: this.#open(query['cursor'], sealContext) };
    }
    return next.handle().pipe(map((answer) => this.#answer(answer, reply, sealContext)));
  }

  #open(cursor: unknown, context: SealContext): Position {
    const sealed = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url') : undefined;
    // What Buffer overlooks is an edit all the same: another alphabet, padding, stray characters.
    const text = sealed?.toString('base64url') === cursor && sealed ? this.box.open(sealed, context) : undefined;
    if (text === undefined) throw new Problem('invalid_cursor');
    return positionOf(text);
  }

  #answer(page: unknown, reply: FastifyReply, context: SealContext): unknown {
    if (!(page instanceof Page)) return page;
    const seal = (position: Position) => this.box.seal(textOf(position), context).toString('base64url');
    const { body, link } = page.answer(reply.request.url, seal);
    reply.compressible = true;
    // Only a page that is sent has neighbours: whoever may not be here is told of none.
    return new Answer(body, { link });
  }
}

/** Whose list it is, which one, and what is in it. */
function contextOf({ scope, routeOptions, params, query }: FastifyRequest): SealContext {
  const caller = scope?.organizationId ?? scope?.userId ?? '';
  const filters = Object.entries(query ?? {}).filter(([name]) => !PLACE.has(name));
  const inOrder = filters.toSorted(([one], [other]) => (one < other ? -1 : 1));
  return ['cursor', caller, String(routeOptions.url), JSON.stringify(params), JSON.stringify(inOrder)];
}

function textOf({ order, direction, keys }: Position): string {
  return JSON.stringify([order, direction, keys]);
}

/** @param text as this server, or one that ran another version, has sealed it */
function positionOf(text: string): Position {
  const parts: unknown = JSON.parse(text);
  const [order, direction, keys] = Array.isArray(parts) ? parts.map(String) : [];
  if (order === undefined || keys === undefined) throw new Problem('invalid_cursor');
  return new Position(order, direction === 'before' ? 'before' : 'after', keys);
}
