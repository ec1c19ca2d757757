import { AsyncLocalStorage } from 'node:async_hooks';
import type { Scope } from '../database/scope.ts';
import type { Transaction } from '../database/transaction.ts';

/** What logs, audit events and mails take of the request that they belong to. */
export interface RequestInfo {
  readonly id: string;
  readonly ipAddress: string;
  /** Cut to what tells agents apart; one may send any length. */
  readonly userAgent: string | null;
  /** As sent: RFC 9110, 12.5.4, if its sender keeps to it. */
  readonly acceptLanguage: string | undefined;
}

/** All that is ambient: what a request carries along without every function passing it on. */
export interface Context {
  readonly request?: RequestInfo;
  readonly scope?: Scope;
  readonly transaction?: Transaction | undefined;
  /** Its statements go beside a transaction that its caller has open: `Database.apart`. */
  readonly isApart?: boolean;
  /** When the caller has to have an answer, an error too; as `performance.now()` counts. */
  readonly deadline?: number;
}

const storage = new AsyncLocalStorage<Context>();
const nothing: Context = {};

/** @returns the context of the caller; empty outside a request and a job */
export function currentContext(): Context {
  return storage.getStore() ?? nothing;
}

/** @throws Error outside a request */
export function currentRequest(): RequestInfo {
  const { request } = currentContext();
  if (!request) throw new Error('there is no request');
  return request;
}

/** @returns the session that is called from; null: none is, as before a sign-in */
export function callerSessionId(): string | null {
  return currentContext().scope?.sessionId ?? null;
}

/** @returns milliseconds until the deadline, none where it has passed; Infinity where there is none */
export function timeLeft(): number {
  const { deadline = Infinity } = currentContext();
  return Math.max(0, deadline - performance.now());
}

/** Runs the work, and whatever it awaits, in the current context with the given changes. */
export function runInContext<T>(change: Context, work: () => T): T {
  return storage.run({ ...currentContext(), ...change }, work);
}
