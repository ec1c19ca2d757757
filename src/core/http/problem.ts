import type { FaultCode } from './fault-codes.ts';
import { problems, type ProblemCode, type ProblemKind } from './problems.ts';

/** One faulty field: `pointer` (RFC 6901) into the body, or `parameter` of the query, path or header. */
export interface FieldError {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly code: FaultCode;
  readonly detail: string;
}

export interface ProblemOptions {
  /** Public. Says what is wrong here and what to do; never a stack, SQL, a path or another tenant's data. */
  readonly detail?: string;
  /** Logged for a status of 500 and above; never shown. */
  readonly cause?: unknown;
  readonly errors?: readonly FieldError[];
  /** Extension members of the code, such as `required` of `permission_denied`; snake_case. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The body of an answer that refuses: `application/problem+json`. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ProblemCode;
  readonly request_id: string;
  readonly errors?: readonly FieldError[];
  readonly [member: string]: unknown;
}

/** A refusal with a stable code (RFC 9457): throw it anywhere, the filter of `core/http` answers it. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldError[] | undefined;
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    const kind: ProblemKind = problems[code];
    const detail = options.detail ?? kind.detail;
    super(`${code}: ${detail}`, { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.status = kind.status;
    this.title = kind.title;
    this.detail = detail;
    this.errors = options.errors;
    this.members = options.members ?? {};
    this.headers = { ...kind.headers, ...options.headers };
  }

  /** @param instance the path that was asked for, without its query, which may hold personal data */
  toDetails(instance: string, requestId: string): ProblemDetails {
    return {
      type: problemType(this.code),
      title: this.title,
      status: this.status,
      detail: this.detail,
      instance,
      code: this.code,
      request_id: requestId,
      ...this.members,
      ...(this.errors && { errors: this.errors }),
    };
  }
}

/** @returns the URL, relative to the server, at which the code is explained */
export function problemType(code: ProblemCode): string {
  return `/problems/${problemSlug(code)}`;
}

export function problemSlug(code: ProblemCode): string {
  return code.replaceAll('_', '-');
}

/** @returns 422 `validation_failed` over the given fields, with their number as detail */
export function validationProblem(errors: readonly FieldError[]): Problem {
  const detail = errors.length === 1 ? '1 field is invalid.' : `${errors.length} fields are invalid.`;
  return new Problem('validation_failed', { detail, errors });
}

/** @returns what was looked for @throws Problem not_found where there is none */
export function existing<T>(found: T | undefined): T {
  if (found === undefined) throw new Problem('not_found');
  return found;
}
