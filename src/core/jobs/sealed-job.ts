import type { MasterKeys } from '../crypto/master-keys.ts';

/** @returns what waits in the queue: an object, as the queue wants it, of which the task can be told and nothing else */
export function sealedJob(masterKeys: MasterKeys, task: string, payload: unknown): { readonly sealed: string } {
  // Sealed with its task, so that a payload is of no use to another one.
  return { sealed: masterKeys.seal(JSON.stringify({ task, payload }), ['job']) };
}
