import { v7 } from 'uuid';
import type { FuzzedRequest } from './request.ts';
import { AnswerJudge } from './verdict.ts';
import type { Answer } from './wire.ts';

const organization = { id: v7(), name: 'unseen1', slug: 'unseen1', owner: undefined as never };
const judge = new AnswerJudge({ organization, marker: 'unseen1' }, ['the-secret-key']);
const outsider = { name: 'outsider', headers: [], organizations: new Set<string>() };
const headers = { 'x-request-id': 'r1', 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' };
const problem = {
  type: '/problems/not-found',
  title: 'Not found',
  status: 404,
  detail: 'Nothing is here, or you may not see it.',
  instance: '/api/v1/nothing',
  code: 'not_found',
  request_id: 'r1',
};

function request(changes: Partial<FuzzedRequest> = {}): FuzzedRequest {
  return {
    operation: 'none',
    caller: outsider,
    method: 'GET',
    target: '/api/v1/nothing',
    headers: [],
    body: undefined,
    chunk: 0,
    ...changes,
  };
}

function answer(status: number, body: object | string, more: Record<string, string> = {}): Answer {
  const type = status < 400 ? 'application/json; charset=utf-8' : 'application/problem+json; charset=utf-8';
  return {
    status,
    headers: { ...headers, 'content-type': type, ...more },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

describe('the judge of answers', () => {
  it('has nothing against a good one', () => {
    expect(judge.faultsIn(request(), answer(200, { id: 1 }))).toEqual([]);
    expect(judge.faultsIn(request(), answer(404, problem))).toEqual([]);
    expect(judge.faultsIn(request({ method: 'HEAD' }), answer(404, ''))).toEqual([]);
  });

  it('has nothing against a replay, which names the first request', () => {
    const replay = answer(404, { ...problem, request_id: 'r2' }, { 'idempotency-replayed': 'true' });
    expect(judge.faultsIn(request(), replay)).toEqual([]);
  });

  it.each<[string, Answer]>([
    ['is a 500', answer(500, { ...problem, status: 500 })],
    ['has no X-Request-Id', { ...answer(200, {}), headers: { ...headers, 'x-request-id': '<b>' } }],
    ['may be sniffed', { ...answer(200, {}), headers: { ...headers, 'x-content-type-options': '' } }],
    ['has the header server', answer(200, {}, { server: 'x' })],
    ['is of the type text/html', answer(404, problem, { 'content-type': 'text/html' })],
    ['is no problem', answer(404, 'oops')],
    ['is no JSON', answer(200, '{')],
    ['has the unknown code nothing_here', answer(404, { ...problem, code: 'nothing_here' })],
    ['has a type that is not its code', answer(404, { ...problem, type: '/problems/conflict' })],
    ['has another request_id than its header', answer(404, { ...problem, request_id: 'r2' })],
    ['has no instance', answer(404, { ...problem, instance: '/a?token=1' })],
    ['has no allow', answer(405, { ...problem, code: 'method_not_allowed' })],
    ['has no retry-after', answer(429, { ...problem, code: 'rate_limited' })],
    ['shows what nobody may see: the stranger', answer(200, { name: 'unseen1' })],
    ['shows what nobody may see: a secret', answer(200, {}, { link: 'the-secret-key' })],
    ['shows the inside: relation \\"', answer(404, { ...problem, detail: 'relation "users" is not there' })],
    ['shows the inside:     at ', answer(404, { ...problem, detail: 'oops\n    at f (a)' })],
  ])('finds that one %s', (fault, given) => {
    expect(judge.faultsIn(request(), given)).toContain(fault);
  });

  it('finds that a request id is not kept', () => {
    const named = request({ headers: [['X-Request-Id', 'mine']] });
    expect(judge.faultsIn(named, answer(200, {}))).toEqual(['has not kept the X-Request-Id']);
  });

  it('finds that a stranger is told of an organisation', () => {
    const target = `/api/v1/organizations/${organization.id}?x=1`;
    const known = { ...outsider, organizations: new Set([organization.id]) };
    const invalid = { ...problem, status: 422, code: 'validation_failed' };
    for (const given of [answer(200, {}), answer(422, invalid), answer(404, { ...problem, errors: [{}] })]) {
      expect(judge.faultsIn(request({ target }), given)).toContainEqual(expect.stringContaining('tells a stranger'));
    }
    expect(judge.faultsIn(request({ target }), answer(404, problem))).toEqual([]);
    expect(judge.faultsIn(request({ target, caller: known }), answer(200, {}))).toEqual([]);
  });
});
