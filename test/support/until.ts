import { setTimeout as delay } from 'node:timers/promises';

const INTERVAL_MS = 10;
/** Just below the time that a test has, so that the test says what it waited for, and nothing waits on after it. */
const PATIENCE_MS = 25_000;

/** Waits for what a test can only look for, again and again. @throws with the condition when it never comes to be so */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`It never came to be so: ${isSo.toString()}`);
    await delay(INTERVAL_MS);
  }
}
