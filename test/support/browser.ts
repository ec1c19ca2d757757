import type { Response } from 'supertest';
import type { Client } from './client.ts';

type Method = Parameters<Client['send']>[0];

/** One `Set-Cookie`, as it came. */
export interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** In lower case; a flag has an empty text. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A browser, as far as sign-in goes: it keeps cookies, sends them where they belong, and says which site asks. */
export class Browser {
  readonly #jar = new Map<string, SetCookie>();

  constructor(
    private readonly server: Client,
    /** null: no header, as no browser does it at an unsafe request. */
    readonly origin: string | null,
  ) {}

  /** @returns what another site makes this same browser send: its cookies, under the other site's name */
  at(origin: string | null): Browser {
    const other = new Browser(this.server, origin);
    for (const [name, cookie] of this.#jar) other.#jar.set(name, cookie);
    return other;
  }

  /** @param path below /api/v1 */
  async send(
    method: Method,
    path: string,
    body?: object | string,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const call = this.server.send(method, path);
    const cookies = this.#sentTo(`/api/v1${path}`);
    if (cookies !== '') void call.set('cookie', cookies);
    if (this.origin !== null && method !== 'get' && method !== 'head') void call.set('origin', this.origin);
    void call.set(headers);
    const answer = await (body === undefined ? call : call.send(body));
    for (const cookie of cookiesOf(answer)) this.#keep(cookie);
    return answer;
  }

  get(path: string): Promise<Response> {
    return this.send('get', path);
  }

  post(path: string, body?: object): Promise<Response> {
    return this.send('post', path, body);
  }

  /** A sign-in call that asks for cookies. */
  signIn(path: string, body?: object): Promise<Response> {
    return this.send('post', path, body, { 'x-token-transport': 'cookie' });
  }

  cookie(name: string): string | undefined {
    return this.#jar.get(name)?.value;
  }

  names(): string[] {
    return [...this.#jar.keys()].toSorted();
  }

  /** @returns whether there was one to forget */
  forget(name: string): boolean {
    return this.#jar.delete(name);
  }

  #keep(cookie: SetCookie): void {
    if (cookie.attributes['max-age'] === '0') this.#jar.delete(cookie.name);
    else this.#jar.set(cookie.name, cookie);
  }

  #sentTo(path: string): string {
    return [...this.#jar.values()]
      .filter(({ attributes }) => path.startsWith(attributes['path'] ?? '/'))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }
}

export function cookiesOf({ headers }: Response): SetCookie[] {
  const lines = (headers['set-cookie'] ?? []) as unknown as string[];
  return lines.map((line) => {
    const [pair = '', ...attributes] = line.split('; ');
    const [name = '', value = ''] = pair.split('=');
    return {
      name,
      value,
      attributes: Object.fromEntries(
        attributes.map((attribute) => {
          const [key = '', text = ''] = attribute.split('=');
          return [key.toLowerCase(), text];
        }),
      ),
    };
  });
}
