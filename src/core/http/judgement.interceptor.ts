import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { catchError, type Observable } from 'rxjs';
import { Judgement } from './judgement.ts';
import { Problem } from './problem.ts';
import { problems } from './problems.ts';

/** Refusals of the input, whoever found what is wrong with it. */
const INPUT_REFUSED: readonly number[] = [problems.bad_request.status, problems.validation_failed.status];

/** Looks, when the input of a request is refused, whether something comes before that. Other requests pay nothing for it. */
@Injectable()
export class JudgementInterceptor implements NestInterceptor {
  constructor(private readonly judgement: Judgement) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    return next.handle().pipe(catchError((error: unknown) => this.#judged(context, error)));
  }

  async #judged(context: ExecutionContext, error: unknown): Promise<never> {
    if (!(error instanceof Problem) || !INPUT_REFUSED.includes(error.status)) throw error;
    throw await this.judgement.before(context, error);
  }
}
