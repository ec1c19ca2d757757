import { Agent, request } from 'node:http';

export interface JsonAnswer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test says what it expects by its assertions
  readonly body: any;
}

/** Sends many requests by a few connections: some times as fast as one connection for each. */
export class KeptConnections {
  readonly #agent = new Agent({ keepAlive: true });

  constructor(private readonly origin: string) {}

  close(): void {
    this.#agent.destroy();
  }

  /** @param path below `/api/v1` */
  send(token: string | null, method: string, path: string, body?: object): Promise<JsonAnswer> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(payload !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload),
      }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(`${this.origin}/api/v1${path}`, { method, headers, agent: this.#agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, body: text === '' ? {} : JSON.parse(text) });
        });
      });
      sent.on('error', reject);
      sent.end(payload);
    });
  }
}
