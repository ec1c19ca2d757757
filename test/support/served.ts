import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

const AGAIN_AFTER_MS = 50;
export const NO_CONNECTION = /timeout exceeded when trying to connect|connection timeout/;

/** Calls again while the server is too busy to begin (503), as it asks its clients to. */
export async function served<Answer extends { status: number }>(call: () => PromiseLike<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await call();
    if (answer.status !== 503) return answer;
    await delay(AGAIN_AFTER_MS);
  }
}

/** Works again where no connection was free in time: on a busy machine that is nobody's fault, and nothing has happened. */
export async function connectedWork<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!NO_CONNECTION.test(inspect(error))) throw error;
      await delay(AGAIN_AFTER_MS);
    }
  }
}
