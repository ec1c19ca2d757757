import request, { type Test } from 'supertest';

type Method = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete';

/** Calls the API over HTTP, as one caller. Paths are below `/api/v1`. */
export class Client {
  constructor(
    private readonly origin: string,
    /** null: anonymous. */
    readonly token: string | null = null,
  ) {}

  /** @returns the same server, called by the bearer of another token */
  as(token: string | null): Client {
    return new Client(this.origin, token);
  }

  get(path: string): Test {
    return this.send('get', path);
  }

  post(path: string, body?: object): Test {
    return this.send('post', path, body);
  }

  put(path: string, body: object): Test {
    return this.send('put', path, body);
  }

  patch(path: string, body?: object): Test {
    return this.send('patch', path, body);
  }

  delete(path: string): Test {
    return this.send('delete', path);
  }

  send(method: Method, path: string, body?: object): Test {
    return this.outside(method, `/api/v1${path}`, body);
  }

  /** @param path from the server's root, such as `/health/live` */
  outside(method: Method, path: string, body?: object): Test {
    const call = request(this.origin)[method](path);
    if (this.token !== null) void call.auth(this.token, { type: 'bearer' });
    return body === undefined ? call : call.send(body);
  }
}
