import type { components } from './schema.ts';

const NOT_MODIFIED = 304;

/** What the server says when it refuses (RFC 9457). */
export type Problem = components['schemas']['ProblemResponse'];
export type ProblemCode = Problem['code'];

/** What is wrong with one field: a stable `code`, and `detail` for people. */
export type Fault = components['schemas']['FieldErrorResponse'];

/** A refusal, thrown by `ok`. */
export class ProblemError<Code extends ProblemCode = ProblemCode> extends Error {
  override readonly name = 'ProblemError';

  constructor(readonly problem: Problem & { readonly code: Code }) {
    super(`${problem.code}: ${problem.detail}`);
  }

  get code(): Code {
    return this.problem.code;
  }

  /** What is wrong with each field: by its JSON pointer, such as `/slug`, or the name of the parameter. */
  get faults(): ReadonlyMap<string, readonly Fault[]> {
    return Map.groupBy(this.problem.errors ?? [], ({ pointer, parameter }) => pointer ?? parameter ?? '');
  }
}

/** An answer that is none of the API's: of a proxy before it, for one. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';

  constructor(readonly status: number) {
    super(`the answer has status ${status} and no problem details`);
  }
}

/** @returns whether the error is a refusal, with one of the codes where some are given */
export function isProblem<Code extends ProblemCode = ProblemCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is ProblemError<Code> {
  return error instanceof ProblemError && (codes.length === 0 || codes.some((code) => code === error.code));
}

/** What a call of the client comes to. */
interface Outcome<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/**
 * @param call of the client: `ok(api.GET('/api/v1/me'))`
 * @returns the body of the answer
 * @throws ProblemError for a refusal, UnexpectedAnswer for an error that the API does not have, and for a 304, which is for `changed`
 */
export async function ok<Data>(call: Promise<Outcome<Data>>): Promise<Exclude<Data, undefined>> {
  const { data, error, response } = await call;
  if (!response.ok) throw isDetails(error) ? new ProblemError(error) : new UnexpectedAnswer(response.status);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is ok has the data of its type, or no body
  return data as Exclude<Data, undefined>;
}

/**
 * @param call of the client that reads with `If-None-Match`
 * @returns the body of the answer; undefined where the caller has it already (304)
 * @throws as `ok`
 */
export async function changed<Data>(call: Promise<Outcome<Data>>): Promise<Exclude<Data, undefined> | undefined> {
  const outcome = await call;
  return outcome.response.status === NOT_MODIFIED ? undefined : ok(Promise.resolve(outcome));
}

/** @returns the code of a refusal, which is left unread for whoever gets it */
export async function codeOf(answer: Response): Promise<ProblemCode | undefined> {
  const body: unknown = await answer
    .clone()
    .json()
    .catch(() => undefined);
  return isDetails(body) ? body.code : undefined;
}

function isDetails(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string';
}
