import { Controller, Get, Headers, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Access } from '../access/access.decorator.ts';
import { varyBy, weightsIn } from './headers.ts';
import { faultMeanings } from './fault-codes.ts';
import { Problem, problemSlug, problemType } from './problem.ts';
import { problemPage, problemsPage } from './problems.page.ts';
import { type ProblemCode, problemCodes, problems } from './problems.ts';

export interface ProblemExplanation {
  readonly type: string;
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** What the `code` of each of its `errors` can be. */
  readonly errors?: readonly { readonly code: string; readonly detail: string }[];
}

const HTML = 'text/html; charset=utf-8';

/** Pages without script or form; the one inline style is theirs. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/** What the `type` of a problem resolves to (RFC 9457, 3.1.1): HTML for a browser, JSON otherwise. */
@ApiExcludeController()
@Controller('problems')
export class ProblemsController {
  @Get()
  @Access.public('documentation, the same for everybody')
  list(@Headers('accept') accept: string | undefined, @Res({ passthrough: true }) reply: FastifyReply): unknown {
    const data = problemCodes.map(explanation);
    varyBy(reply, 'Accept');
    reply.compressible = true;
    return wantsHtml(accept) ? asPage(reply, problemsPage(data)) : { data };
  }

  @Get(':type')
  @Access.public('documentation, the same for everybody')
  show(
    @Param('type') type: string,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): unknown {
    const code = problemCodes.find((candidate) => problemSlug(candidate) === type);
    if (!code) throw new Problem('not_found');
    varyBy(reply, 'Accept');
    reply.compressible = true;
    return wantsHtml(accept) ? asPage(reply, problemPage(explanation(code))) : explanation(code);
  }
}

const explainedFaults = faultMeanings.map(([code, detail]) => ({ code, detail }));

function explanation(code: ProblemCode): ProblemExplanation {
  const { status, title, detail } = problems[code];
  const about = { type: problemType(code), code, status, title, detail };
  return code === 'validation_failed' ? { ...about, errors: explainedFaults } : about;
}

function wantsHtml(accept = ''): boolean {
  const weights = weightsIn(accept);
  const html = weights.get('text/html') ?? 0;
  const json = weights.get('application/json') ?? weights.get('application/*') ?? weights.get('*/*') ?? 0;
  return html > 0 && html >= json;
}

function asPage(reply: FastifyReply, page: string): string {
  void reply.type(HTML).header('content-security-policy', PAGE_POLICY);
  return page;
}
