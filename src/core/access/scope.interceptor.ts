import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { runInContext } from '../context/context.ts';
import { Database, Scope } from '../database/index.ts';
import { requestInfo, WITHIN_MS } from './request-info.ts';

/**
 * Runs every handler in the scope that the guard wrote down. A handler that asked the database nothing, or whose body was
 * refused, is entered before its answer leaves: what may not be entered is told first, and the happy path pays nothing.
 */
@Injectable()
export class ScopeInterceptor implements NestInterceptor {
  constructor(private readonly database: Database) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    // A route that no guard has seen has no scope of anybody's.
    const scope = request.scope ?? Scope.public();
    const deadline = request.deadline ?? performance.now() + WITHIN_MS;
    const handle = () => handled(next, request);
    return from(runInContext({ request: requestInfo(request), scope, deadline }, () => this.#answer(scope, handle)));
  }

  async #answer(scope: Scope, handle: () => Promise<unknown>): Promise<unknown> {
    try {
      const answer = await handle();
      await this.#settle(scope);
      return answer;
    } catch (error) {
      await this.#settle(scope);
      throw error;
    }
  }

  /** @throws Problem when the caller may not be here, whatever else is wrong with the request */
  async #settle(scope: Scope): Promise<void> {
    if (scope.refusal) throw scope.refusal;
    if (!scope.settled) await this.database.enter();
  }
}

async function handled(next: CallHandler<unknown>, { refusal }: FastifyRequest): Promise<unknown> {
  if (refusal) throw refusal;
  return lastValueFrom(next.handle(), { defaultValue: undefined });
}
