import createFetchClient, { type Client as FetchClient } from 'openapi-fetch';
import { IDEMPOTENCY_KEY, isReading, persistent, type Send } from './retries.ts';
import type { paths } from './schema.ts';
import { isSignIn, Session } from './session.ts';

export interface ClientOptions {
  /** Where the API is: an origin, such as `https://api.example.com`. */
  readonly baseUrl: string;
  /**
   * `cookie`, the default, for a page on the same site as the API: no script can read the tokens, and a reload keeps them.
   * `bearer` for everything else.
   */
  readonly transport?: 'cookie' | 'bearer';
  /** The session has ended, or there was none: time to show the sign-in. */
  readonly onSignedOut?: () => void;
  /** In place of the browser's. */
  readonly fetch?: Send;
}

/** Every call of the API: `client.GET('/api/v1/me')`, with the types of its document. */
export type Client = FetchClient<paths>;

/**
 * @returns a client that renews its session, and sends again what the server had no time for, by itself
 * @throws TypeError for a `baseUrl` that is no origin
 */
export function createClient(options: ClientOptions): Client {
  const { transport = 'cookie', onSignedOut = () => undefined } = options;
  const baseUrl = originOf(options.baseUrl);
  const send: Send = options.fetch ?? ((request) => fetch(request));
  const refreshUrl = `${baseUrl}/api/v1/auth/refresh`;
  const session = new Session(persistent(send), { refreshUrl, transport, onSignedOut });
  return createFetchClient<paths>({
    baseUrl,
    credentials: transport === 'cookie' ? 'include' : 'omit',
    fetch: (request) =>
      new URL(request.url).origin === baseUrl
        ? session.send(withKey(request))
        : // A call may name another server, which is none of the session's business.
          send(new Request(request, { credentials: 'omit' })),
  });
}

/** The paths of the document begin at the root, and the browser's cookies are for these alone. */
function originOf(baseUrl: string): string {
  const { origin, href } = new URL(baseUrl);
  if (href !== `${origin}/`) throw new TypeError(`baseUrl has to be an origin, such as ${origin}`);
  return origin;
}

/** Each POST is one intention, however often it is sent. */
function withKey(request: Request): Request {
  const hasEffect = request.method === 'POST' && !isSignIn(request) && !isReading(request);
  if (hasEffect && !request.headers.has(IDEMPOTENCY_KEY)) request.headers.set(IDEMPOTENCY_KEY, crypto.randomUUID());
  return request;
}
