/** Does to an answer what the network may do to it; without an answer the request has never arrived. */
export type Mishap = (send: () => Promise<Response>) => Promise<Response>;

const ACCESS_COOKIE = '__Host-tenantry_access';

/** As much of a browser as a client needs: it keeps cookies, which no script sees, and names the origin of its page. */
export class FetchingBrowser {
  readonly #cookies = new Map<string, string>();
  readonly #mishaps: Mishap[] = [];
  /** What is sent in place of a token that has grown old. */
  readonly #aged = new Map<string, string>();
  #newest = '';
  /** What was sent, in order. */
  readonly requests: Request[] = [];

  /** @param hosts where requests to an origin really go */
  constructor(
    private readonly origin: string,
    private readonly hosts: ReadonlyMap<string, string> = new Map(),
  ) {}

  readonly fetch = async (request: Request): Promise<Response> => {
    this.requests.push(request);
    const send = (): Promise<Response> => this.#send(request);
    const mishap = this.#mishaps.shift();
    return mishap ? mishap(send) : send();
  };

  /** The next requests, one by one, come to this. */
  meets(...mishaps: readonly Mishap[]): void {
    this.#mishaps.push(...mishaps);
  }

  /** The access token that was given out last is from now on an older one of the same session. */
  age(older: (userId: string, sessionId: string) => string): void {
    const { sub, sid } = JSON.parse(Buffer.from(this.#newest.split('.')[1] ?? '', 'base64url').toString());
    this.#aged.set(this.#newest, older(sub, sid));
  }

  sent(method: string, path: string): Request[] {
    return this.requests.filter((request) => request.method === method && new URL(request.url).pathname === path);
  }

  async #send(request: Request): Promise<Response> {
    const { origin, pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.set('Origin', this.origin);
    const withCookies = request.credentials === 'include';
    if (withCookies) headers.set('Cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    for (const [name, value] of headers) {
      for (const [token, older] of this.#aged)
        if (value.includes(token)) headers.set(name, value.replace(token, older));
    }
    const body = request.body ? await request.text() : null;
    const target = `${this.hosts.get(origin) ?? origin}${pathname}${search}`;
    const answer = await fetch(target, { method: request.method, headers, body });
    if (withCookies) this.#keep(answer.headers.getSetCookie());
    const [, token] = /"access_token":"([^"]+)/.exec(await answer.clone().text()) ?? [];
    this.#newest = token ?? this.#cookies.get(ACCESS_COOKIE) ?? this.#newest;
    return answer;
  }

  #keep(cookies: readonly string[]): void {
    for (const cookie of cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/max-age=0/i.test(cookie) || value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}
