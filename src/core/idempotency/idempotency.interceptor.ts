import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { currentContext } from '../context/context.ts';
import { Database } from '../database/index.ts';
import { written } from '../http/answer.ts';
import { Judgement } from '../http/judgement.ts';
import { writtenProblem } from '../http/problem-answer.ts';
import { Problem } from '../http/problem.ts';
import type { ProblemCode } from '../http/problems.ts';
import { problemOf } from '../http/translation.ts';
import { WrittenAnswer } from '../http/written-answer.ts';
import { hasIdempotencyKey, type IdempotentCall, idempotentCallOf, malformedKey } from './idempotent-call.ts';
import { KeptAnswers } from './kept-answers.ts';
import { isKeptStatus } from './kept-status.ts';
import { READING_KEY } from './reading.decorator.ts';
import { SINGLE_USE_KEY } from './single-use.decorator.ts';

/** What is said of the key, and not of what the call asks for. */
const OF_THE_KEY: ReadonlySet<ProblemCode> = new Set(['idempotency_in_progress', 'idempotency_key_reused']);

/** Characters. A longer one repeats what was sent, and whoever sends that again is refused again. */
const LONGEST_REFUSAL = 8_192;

/**
 * Lets a POST with an Idempotency-Key have one effect, however often it is sent. The handler runs in one transaction, which
 * begins with the claim of the key and ends with its answer: either both are there, or nothing has happened. A call without
 * a key costs nothing. docs/decisions/0016-idempotency.md tells the whole.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly database: Database,
    private readonly keptAnswers: KeptAnswers,
    private readonly judgement: Judgement,
  ) {}

  /** @throws Problem bad_request for a malformed key, or what is judged before it */
  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (!hasIdempotencyKey(request) || !this.#isHonoured(context, request)) return next.handle();
    const call = idempotentCallOf(request);
    if (!call) return from(this.#refuse(context));
    return from(this.#once(call, next, context));
  }

  /** Who is nobody has no key of their own. */
  #isHonoured(context: ExecutionContext, { method, scope }: FastifyRequest): boolean {
    if (method !== 'POST' || !scope?.userId) return false;
    return this.reflector.getAllAndOverride(SINGLE_USE_KEY, [context.getHandler(), context.getClass()]) === undefined;
  }

  async #refuse(context: ExecutionContext): Promise<never> {
    throw await this.judgement.before(context, malformedKey());
  }

  async #once(call: IdempotentCall, next: CallHandler<unknown>, context: ExecutionContext): Promise<WrittenAnswer> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    try {
      return await this.database.transaction(() => this.#firstAnswer(call, next, context));
    } catch (error) {
      const problem = problemOf(error);
      const refusal = writtenProblem(problem, reply.request);
      if (isKept(problem, refusal)) await this.keptAnswers.keep(call, refusal);
      throw OF_THE_KEY.has(problem.code) ? await this.judgement.before(context, problem) : error;
    }
  }

  async #firstAnswer(
    call: IdempotentCall,
    next: CallHandler<unknown>,
    context: ExecutionContext,
  ): Promise<WrittenAnswer> {
    const kept = await this.keptAnswers.claim(call);
    if (kept) {
      if (this.reflector.get<boolean | undefined>(READING_KEY, context.getHandler())) await judgeAnew(next);
      return kept.with('idempotency-replayed', 'true');
    }
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const answer = written(reply, await lastValueFrom(next.handle(), { defaultValue: undefined }));
    this.keptAnswers.keepWithCommit(call, answer);
    return answer;
  }
}

/**
 * Has the handler of a call that changes nothing read once more, for what its caller may not see any more. What it answers otherwise,
 * by now, is no matter: the first answer stands.
 * @throws what is judged anew each time, and whatever is no refusal
 */
async function judgeAnew(next: CallHandler<unknown>): Promise<void> {
  try {
    await lastValueFrom(next.handle(), { defaultValue: undefined });
  } catch (error) {
    if (!(error instanceof Problem) || !isKeptStatus(error.status)) throw error;
  }
}

function isKept({ status, code }: Problem, { body }: WrittenAnswer): boolean {
  const isOfTheCall = isKeptStatus(status) && !OF_THE_KEY.has(code) && currentContext().scope?.refusal === undefined;
  return isOfTheCall && body.length <= LONGEST_REFUSAL;
}
