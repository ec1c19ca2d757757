import { problems, type ProblemCode } from '../../src/core/http/problems.ts';
import type { Stranger } from './cast.ts';
import type { FuzzedRequest } from './request.ts';
import type { Answer } from './wire.ts';

/** What an answer would show of the inside: stacks, SQL, files, addresses of the database. No request holds any of it. */
const LEAKS = [
  '    at ',
  'Error: ',
  'node_modules',
  '.ts:',
  '.js:',
  'file://',
  '/src/',
  'postgres://',
  'postgresql://',
  'ECONN',
  'SQLSTATE',
  'syntax error',
  'violates',
  'relation \\"', // As JSON has it.
  'column \\"',
  'Prisma',
  'pg_catalog',
  'tenantry_app',
  'app.enter',
];

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** A path without its query; `*` is what a request to the server as a whole names (RFC 9112, 3.2.4). */
const INSTANCE = /^(?:\/[^?#]*|\*)$/;
const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** The UI's own scripts are full of what looks like a leak. */
const SCRIPTS = /^\/docs(\/|$)/;

/** Of an organisation that they are not a member of, callers are told that it is not there, or what the parser or the sign-in found. */
const TOLD_TO_STRANGERS = [400, 401, 404, 405, 408, 413, 415, 429, 431];

/** Judges what every answer has to keep, whatever the request was. */
export class AnswerJudge {
  constructor(
    private readonly stranger: Stranger,
    /** The server's own secrets. */
    private readonly secrets: readonly string[],
  ) {}

  /** @returns what is wrong with the answer to the request, one line each */
  faultsIn(request: FuzzedRequest, answer: Answer): string[] {
    return [
      ...faultsOf(answer, request.method === 'HEAD'),
      ...this.#leaks(request, answer),
      ...requestIdFaults(request, answer),
      ...strangerFaults(request, answer),
    ];
  }

  #leaks({ target }: FuzzedRequest, { body, headers }: Answer): string[] {
    const all = `${JSON.stringify(headers)}${body}`;
    const faults = [this.stranger.marker, ...this.secrets]
      .filter((secret) => all.includes(secret))
      .map((secret) => `shows what nobody may see: ${secret === this.stranger.marker ? 'the stranger' : 'a secret'}`);
    const leaks = SCRIPTS.test(target) ? [] : LEAKS.filter((leak) => all.includes(leak));
    return [...faults, ...leaks.map((leak) => `shows the inside: ${leak}`)];
  }
}

/** @returns what is wrong with an answer, whatever it is an answer to */
export function faultsOf(answer: Answer, isHead = false): string[] {
  const { status, headers, body } = answer;
  return [
    ...(status >= 500 ? [`is a ${status}`] : []),
    ...(REQUEST_ID.test(headers['x-request-id'] ?? '') ? [] : ['has no X-Request-Id']),
    ...(headers['x-content-type-options'] === 'nosniff' ? [] : ['may be sniffed']),
    ...(headers['cache-control'] === undefined ? ['says nothing of caches'] : []),
    ...['server', 'x-powered-by'].filter((name) => name in headers).map((name) => `has the header ${name}`),
    ...(status >= 400 ? problemFaults(answer, isHead) : []),
    ...(status < 300 && !isHead && (headers['content-type'] ?? '').startsWith('application/json') && !isJson(body)
      ? ['is no JSON']
      : []),
  ];
}

/** Headers without which a status is of little use to a client. */
const NEEDED: Readonly<Record<number, readonly string[]>> = {
  401: ['www-authenticate'],
  405: ['allow'],
  429: ['retry-after', 'ratelimit', 'ratelimit-policy'],
  503: ['retry-after'],
};

function problemFaults({ status, headers, body }: Answer, isHead: boolean): string[] {
  const faults = (NEEDED[status] ?? []).filter((name) => !(name in headers)).map((name) => `has no ${name}`);
  if (headers['content-type'] !== PROBLEM_TYPE) faults.push(`is of the type ${headers['content-type']}`);
  if (isHead) return faults;
  const problem: unknown = isJson(body) ? JSON.parse(body) : undefined;
  if (typeof problem !== 'object' || problem === null) return [...faults, 'is no problem'];
  const { type, code, title, detail, instance, request_id } = problem as Record<string, unknown>;
  const kind = Object.hasOwn(problems, String(code)) ? problems[code as ProblemCode] : undefined;
  if (kind?.status !== status || kind.title !== title) faults.push(`has the unknown code ${String(code)}`);
  if (type !== `/problems/${String(code).replaceAll('_', '-')}`) faults.push('has a type that is not its code');
  if (typeof detail !== 'string' || detail === '') faults.push('has no detail');
  if (!INSTANCE.test(String(instance))) faults.push('has no instance');
  // A replay is the first answer, byte for byte.
  const isReplay = headers['idempotency-replayed'] === 'true';
  if (!isReplay && request_id !== headers['x-request-id']) faults.push('has another request_id than its header');
  return faults;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function requestIdFaults({ headers }: FuzzedRequest, answer: Answer): string[] {
  const given = headers.filter(([name]) => name === 'X-Request-Id');
  const isKept =
    given.length !== 1 || !REQUEST_ID.test(given[0]![1]) || answer.headers['x-request-id'] === given[0]![1];
  // What the HTTP parser refuses has no request, and no id of the caller's.
  return isKept || answer.headers['connection'] === 'close' ? [] : ['has not kept the X-Request-Id'];
}

function strangerFaults({ method, target, caller }: FuzzedRequest, { status, body }: Answer): string[] {
  const [, organization] = /^\/api\/v1\/organizations\/([0-9a-f-]{36})(?=[/?]|$)/.exec(target) ?? [];
  if (organization === undefined || method === 'OPTIONS' || caller.organizations.has(organization)) return [];
  const { code, errors } = isJson(body) ? (JSON.parse(body) as { code?: string; errors?: unknown }) : {};
  if (code === 'csrf_failed') return [];
  const isTold = TOLD_TO_STRANGERS.includes(status) && errors === undefined;
  return isTold ? [] : [`tells a stranger ${status} ${code}`];
}
