import type { Response } from 'supertest';
import type { TestApp } from './app.ts';

type Answer = Pick<Response, 'status' | 'body'>;

export function codeOf({ status, body }: Answer): string {
  return `${status} ${body.code}`;
}

/** @returns what the caller is told, in a line: the status, the code, where the fault is and which it is, or what they lack */
export function told(answer: Answer): string {
  const { errors = [], missing_permissions: missing = [] } = answer.body;
  const faults = errors.map(
    ({ pointer, parameter, code }: Record<string, string>) => `${pointer ?? parameter} ${code}`,
  );
  return `${codeOf(answer)} ${[...faults, ...missing].join(', ')}`.trimEnd();
}

/** Sees that the call changes nothing. @returns what the caller is told */
export async function refused(app: TestApp, call: () => PromiseLike<Response>): Promise<string> {
  return told(await app.changingNothing(async () => await call()));
}
