import type { FastifyReply, FastifyRequest } from 'fastify';
import { originForm } from './origin-form.ts';
import type { Problem, ProblemDetails } from './problem.ts';
import { INVALID_TOKEN } from './problems.ts';
import { WrittenAnswer } from './written-answer.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Answers with the problem. */
export function answerProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  const { status, headers, body } = writtenProblem(problem, request);
  void reply.code(status).headers(headers);
  if (problem.code === 'unauthenticated' && hasToken(request)) void reply.headers(INVALID_TOKEN);
  void reply.send(body);
}

/** @returns the answer that the problem is */
export function writtenProblem(problem: Problem, request: FastifyRequest): WrittenAnswer {
  const body = JSON.stringify(problemDetails(problem, request));
  const headers = { ...problem.headers, 'content-type': PROBLEM_TYPE };
  return new WrittenAnswer({ status: problem.status, headers, version: undefined, body });
}

/** @returns the problem as a body; its instance is the path without its query, which may hold personal data */
export function problemDetails(problem: Problem, request: FastifyRequest): ProblemDetails {
  return problem.toDetails(pathOf(request), request.id);
}

/** RFC 6750, 3: a token that was sent and did not do is the error; who sent none is told of none. */
function hasToken({ headers }: FastifyRequest): boolean {
  return /^bearer\s+\S/i.test(headers.authorization ?? '');
}

/** @returns the path as it was asked for, without query or fragment */
export function pathOf({ originalUrl }: FastifyRequest): string {
  return originForm(originalUrl).replace(/[?#].*$/s, '');
}
