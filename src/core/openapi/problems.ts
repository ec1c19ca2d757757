import { COOKIE_SECURITY_SCHEME } from '../access/access.decorator.ts';
import { demo } from '../http/demo.ts';
import { ProblemResponse, REFUSAL } from '../http/problem.dto.ts';
import { problemType } from '../http/problem.ts';
import { type ProblemCode, problemCodes, problems } from '../http/problems.ts';
import type { Components, Operation, PlacedOperation, Response } from './types.ts';

const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** Whatever a route does: a bad header or query, a fault of ours. */
const ANYWHERE: readonly ProblemCode[] = ['bad_request', 'validation_failed', 'internal_error'];
/** Before a body is looked at by a route, the parser has seen it; a route that takes none refuses one besides. */
const WITH_BODY: readonly ProblemCode[] = ['malformed_json', 'payload_too_large', 'unsupported_media_type'];
/** What a browser can be lured into sending with its cookie. */
const BY_COOKIE: readonly ProblemCode[] = ['csrf_failed'];
/** What watches the process has no limit, and answers while others are turned away. */
const LIMITED: readonly ProblemCode[] = ['rate_limited', 'unavailable'];

/** Examples that only some codes have. */
const EXTENSIONS: Partial<Record<ProblemCode, object>> = {
  validation_failed: { errors: [{ pointer: '/slug', code: 'pattern', detail: 'must match ^[a-z0-9-]+$' }] },
  permission_denied: { required: 'teams:update' },
  grant_exceeds_own: { missing_permissions: ['teams:delete'] },
  last_owner: { organizations: [demo.organization] },
  limit_reached: { setting: 'members.max', limit: 25, used: 25 },
  already_exists: { errors: [{ pointer: '/slug', code: 'taken', detail: 'is taken; choose another one' }] },
};

/** @returns the operation with a response for each status that it can refuse with, which tells its codes one by one */
export function withProblems(placed: PlacedOperation): Operation {
  const { operation } = placed;
  const codes = codesOf(placed);
  const statuses = [...new Set(codes.map((code) => problems[code].status))];
  const responses = statuses.map((status) => {
    return [status, responseOf(codes.filter((code) => problems[code].status === status))] as const;
  });
  const all: Operation = { ...operation, responses: { ...operation.responses, ...Object.fromEntries(responses) } };
  for (const code of problemCodes) delete all[`${REFUSAL}${code}`];
  return all;
}

/** In the order of the table of problems, whatever the order of decorators. */
function codesOf({ operation, method }: PlacedOperation): readonly ProblemCode[] {
  const isByCookie = operation.security?.some((scheme) => COOKIE_SECURITY_SCHEME in scheme) ?? false;
  const always = [
    ...ANYWHERE,
    ...(method === 'get' ? [] : WITH_BODY),
    ...(method !== 'get' && isByCookie ? BY_COOKIE : []),
    ...(isLimited(operation) ? LIMITED : []),
  ];
  return problemCodes.filter((code) => always.includes(code) || operation[`${REFUSAL}${code}`] === true);
}

/** @returns whether it counts for the limits of requests, by `@Unlimited` */
export function isLimited(operation: Operation): boolean {
  return !('x-unlimited' in operation);
}

function responseOf(codes: readonly ProblemCode[]): Response {
  const description = codes.map((code) => `\`${code}\`: ${problems[code].detail}`).join('\n\n');
  const code = {
    type: 'object',
    required: ['code'],
    properties: { code: { type: 'string', enum: [...codes], example: codes[0] } },
  };
  const schema = { allOf: [{ $ref: `#/components/schemas/${ProblemResponse.name}` }, code] };
  const examples = Object.fromEntries(codes.map((name) => [name, { $ref: `#/components/examples/${name}` }]));
  return { description, content: { [PROBLEM_MEDIA_TYPE]: { schema, examples } } };
}

/** @returns the codes of a response that `withProblems` has made */
export function codesIn({ content }: Response): string[] {
  return Object.keys(content?.[PROBLEM_MEDIA_TYPE]?.examples ?? {});
}

/** One for each code that the document names. */
export function problemExamples(codes: ReadonlySet<string>): NonNullable<Components['examples']> {
  const named = problemCodes.filter((code) => codes.has(code));
  return Object.fromEntries(named.map((code) => [code, { summary: problems[code].title, value: exampleOf(code) }]));
}

function exampleOf(code: ProblemCode): object {
  const { status, title, detail } = problems[code];
  return {
    type: problemType(code),
    title,
    status,
    detail,
    instance: '/api/v1/organizations',
    code,
    request_id: '0193a1b2-0000-7000-8000-000000000000',
    ...EXTENSIONS[code],
  };
}
