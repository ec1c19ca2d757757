import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startCars } from '../support/cars.ts';

/** Between two bytes: often enough that the connection is never silent. */
const TRICKLE_MS = 50;

let app: NestFastifyApplication;
let port: number;

beforeAll(async () => {
  app = await startCars();
  port = Number(new URL(await app.getUrl()).port);
});

afterAll(() => app.close());

/** Sends the head, and then a byte every now and then until the server has had enough. @returns all that it answered */
async function trickle(head: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  let isOpen = true;
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined).on('close', () => (isOpen = false));
  socket.write(head);
  while (isOpen) {
    await delay(TRICKLE_MS);
    if (isOpen) socket.write('x');
  }
  return Buffer.concat(chunks).toString();
}

describe('a request that does not come to its end', () => {
  it('has so long', () => {
    const { headersTimeout, requestTimeout, keepAliveTimeout, timeout } = app.getHttpServer();
    expect({ headersTimeout, requestTimeout, keepAliveTimeout, timeout }).toEqual({
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 65_000,
      timeout: 30_000,
    });
  });

  it('is cut, whether it is slow with its headers or with its body, and others are served meanwhile', async () => {
    Object.assign(app.getHttpServer(), { headersTimeout: 200, requestTimeout: 400 });
    const body = 'POST /api/v1/cars HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
    const slow = [
      trickle('GET /api/v1/cars HTTP/1.1\r\nHost: a\r\nX-Slow: '),
      trickle(`${body}Content-Length: 1000\r\n\r\n{"name":"`),
      trickle(`${body}Transfer-Encoding: chunked\r\n\r\n3e8\r\n{"name":"`),
    ];
    expect((await fetch(`http://127.0.0.1:${port}/api/v1/cars`)).status).toBe(200);
    for (const answer of await Promise.all(slow)) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(answer).toMatch(/content-type: application\/problem\+json/i);
      expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({ code: 'request_timeout', status: 408 });
      expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    }
  });
});
