import { codeOf } from './problem.ts';
import type { Send } from './retries.ts';

export interface SessionOptions {
  readonly refreshUrl: string;
  readonly transport: 'cookie' | 'bearer';
  readonly onSignedOut: () => void;
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

const UNAUTHENTICATED = 401;

/**
 * Signs requests, and renews the session when its access token has expired: one refresh for all requests that found it so,
 * after which each is sent once more. By cookie there is nothing to hold; otherwise the tokens are held in memory alone, where
 * a reload of the page loses them and no script of another page finds them.
 */
export class Session {
  readonly #send: Send;
  readonly #options: SessionOptions;
  #tokens: Tokens | undefined;
  /** Counts the renewals, so that a request knows whether there was one while it was on its way. */
  #renewals = 0;
  #renewal: Promise<Response> | undefined;

  constructor(send: Send, options: SessionOptions) {
    this.#send = send;
    this.#options = options;
  }

  async send(request: Request): Promise<Response> {
    const before = this.#renewals;
    const answer = await this.#sign(request.clone());
    const code = answer.status === UNAUTHENTICATED ? await codeOf(answer) : undefined;
    if (code === 'unauthenticated') return this.#ended(answer);
    if (code !== 'token_expired') return this.#note(request, answer);
    const renewal = before === this.#renewals ? await this.#renew() : undefined;
    return renewal && !renewal.ok ? renewal.clone() : this.#note(request, await this.#sign(request));
  }

  #sign(request: Request): Promise<Response> {
    const byCookie = this.#options.transport === 'cookie';
    if (byCookie && isSignIn(request)) request.headers.set('X-Token-Transport', 'cookie');
    if (this.#tokens) request.headers.set('Authorization', `Bearer ${this.#tokens.access_token}`);
    return this.#send(request);
  }

  /** Whoever comes while a renewal is under way waits for that one. */
  #renew(): Promise<Response> {
    this.#renewal ??= this.#refresh().finally(() => (this.#renewal = undefined));
    return this.#renewal;
  }

  async #refresh(): Promise<Response> {
    const body = this.#tokens && JSON.stringify({ refresh_token: this.#tokens.refresh_token });
    const request = new Request(this.#options.refreshUrl, {
      method: 'POST',
      credentials: this.#options.transport === 'cookie' ? 'include' : 'omit',
      ...(body !== undefined && { body, headers: { 'Content-Type': 'application/json' } }),
    });
    const answer = await this.#sign(request);
    if (answer.ok) this.#renewals += 1;
    return answer.status === UNAUTHENTICATED ? this.#ended(answer) : this.#note(request, answer);
  }

  /** Keeps the tokens that a sign-in or a refresh brings, and forgets those of a session that was signed out. */
  async #note(request: Request, answer: Response): Promise<Response> {
    if (!answer.ok || !isSignIn(request)) return answer;
    const body: unknown = await answer
      .clone()
      .json()
      .catch(() => undefined);
    if (isTokens(body)) this.#tokens = body;
    if (request.url.endsWith('/auth/logout')) this.#tokens = undefined;
    return answer;
  }

  #ended(answer: Response): Response {
    this.#tokens = undefined;
    this.#options.onSignedOut();
    return answer;
  }
}

/** @returns whether the request is about the session itself; what such a call spends is single-use, so it takes no key */
export function isSignIn({ url }: Request): boolean {
  return new URL(url).pathname.startsWith('/api/v1/auth/');
}

function isTokens(body: unknown): body is Tokens {
  return typeof body === 'object' && body !== null && 'access_token' in body && 'refresh_token' in body;
}
