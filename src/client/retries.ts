import { codeOf } from './problem.ts';

export type Send = (request: Request) => Promise<Response>;

const ATTEMPTS = 3;
const MS_PER_SECOND = 1000;
const USUAL_WAIT_SECONDS = 1;
const LONGEST_WAIT_SECONDS = 10;
/** Of the wait, so that clients that were turned away together do not come back together. */
const SPREAD = 0.25;

export const IDEMPOTENCY_KEY = 'Idempotency-Key';
/** What the document marks by `x-reading`. */
const READING = /^\/api\/v1\/organizations\/[^/]+\/(access\/check|roles\/preview)$/;

/**
 * @returns the same, but that what may be sent again is, where the answer is 503 or never came: after as long as the answer
 *   asks for, and with the same Idempotency-Key, so that there is one effect
 * @throws as `send`, at once where nobody can tell whether what was sent had its effect, and it would be refused because it had
 */
export function persistent(send: Send): Send {
  return async (request) => {
    const attempts = isRepeatable(request) ? ATTEMPTS : 1;
    for (let attempt = 1; attempt < attempts; attempt += 1) {
      const answer = await send(request.clone()).catch((error: unknown) => {
        if (request.signal.aborted || isRefusedTwice(request)) throw error;
        return undefined;
      });
      if (answer && !(await asksForAnother(answer))) return answer;
      await pause(secondsTo(answer), request.signal);
    }
    return send(request);
  };
}

/** A POST has its effect each time, unless its key tells that it is the same one. A refresh is known by its token. */
function isRepeatable(request: Request): boolean {
  const { method, headers, url } = request;
  return method !== 'POST' || headers.has(IDEMPOTENCY_KEY) || url.endsWith('/auth/refresh') || isReading(request);
}

/** @returns whether it only asks something, though it is a POST: such a call has no effect, and a key would be of no use */
export function isReading({ url }: Request): boolean {
  return READING.test(new URL(url).pathname);
}

/** It would meet a version that it has made itself, or a row that it has taken away. */
function isRefusedTwice({ method, headers }: Request): boolean {
  return method === 'DELETE' || headers.has('If-Match');
}

/** The first of two with one key may be running still. */
async function asksForAnother(answer: Response): Promise<boolean> {
  return answer.status === 503 || (answer.status === 409 && (await codeOf(answer)) === 'idempotency_in_progress');
}

/** A proxy may name a day in place of seconds (RFC 9110, 10.2.3). */
function secondsTo(answer: Response | undefined): number {
  const asked = Number(answer?.headers.get('Retry-After') ?? NaN);
  return Number.isFinite(asked) ? Math.min(asked, LONGEST_WAIT_SECONDS) : USUAL_WAIT_SECONDS;
}

async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  const wait = seconds * MS_PER_SECOND * (1 + Math.random() * SPREAD);
  await new Promise((done) => setTimeout(done, wait));
  signal.throwIfAborted();
}
