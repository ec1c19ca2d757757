import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isRefusedByPolicy } from '../database/faults.ts';
import { answerProblem, pathOf } from './problem-answer.ts';
import { Problem } from './problem.ts';
import type { RouteTable } from './route-table.ts';
import { FIRST_SERVER_ERROR, problemOf } from './translation.ts';

/** What to watch the log for. */
const REFUSED_BY_POLICY = 'refused_by_policy';

/** The one place where an error becomes an answer. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('Http');

  constructor(private readonly routes: RouteTable) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const found = problemOf(error);
    const problem = this.#wrongMethod(found, request) ?? found;
    // What row level security stopped is a 404 to the caller, and an alarm to us: code or grants are wrong, or an attack is on.
    if (isRefusedByPolicy(error)) this.#log(REFUSED_BY_POLICY, problem, request);
    else if (problem.status >= FIRST_SERVER_ERROR) this.#log(problem.code, problem, request);
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy(); // Half an answer must not look like a whole one.
      return;
    }
    answerProblem(problem, request, reply);
  }

  /** What the router did not find may be there by another method: 405 with `Allow`. */
  #wrongMethod(problem: Problem, request: FastifyRequest): Problem | undefined {
    if (!request.is404) return undefined;
    const methods = this.routes.methodsAt(pathOf(request));
    if (problem.code !== 'not_found' || methods.length === 0 || methods.includes(request.method)) return undefined;
    return new Problem('method_not_allowed', { headers: { allow: methods.join(', ') } });
  }

  #log(msg: string, { cause }: Problem, request: FastifyRequest): void {
    const route = request.routeOptions.url;
    this.#logger.error({ msg, request_id: request.id, method: request.method, route, err: cause });
  }
}
