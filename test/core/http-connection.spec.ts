import { connect } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startCars } from '../support/cars.ts';
import { sendRaw } from '../support/raw-http.ts';

let app: NestFastifyApplication;
let port: number;

beforeAll(async () => {
  app = await startCars();
  port = Number(new URL(await app.getUrl()).port);
});

afterAll(() => app.close());

const slow = 'GET /api/v1/faults/slow HTTP/1.1\r\nHost: localhost\r\n\r\n';
const tunnel = 'CONNECT localhost:5432 HTTP/1.1\r\nHost: localhost\r\n\r\n';
const broken = 'NONSENSE\r\n\r\n';
const car = (length: number) =>
  `POST /api/v1/cars HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n{}`;

/** @returns the statuses of all answers on a connection that such bytes came on, in the order in which they were sent */
async function statusesOf(bytes: string): Promise<string[]> {
  const { all } = await sendRaw(port, bytes);
  return [...all.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status!);
}

describe('what is no request', () => {
  it.each([
    ['answers are still to come', slow + broken, ['200', '400']],
    ['several answers are still to come', slow + slow + broken, ['200', '200', '400']],
    ['the answer to a whole body is still to come', car(2) + broken, ['422', '400']],
    ['no answer is to come', broken, ['400']],
    ['a tunnel is asked for', slow + tunnel, ['200', '400']],
  ])('is answered in its turn, where %s (RFC 9112, 9.3.2)', async (_case, bytes, statuses) => {
    expect(await statusesOf(bytes)).toEqual(statuses);
  });

  it('gets no second answer where the first was given before the body had come', async () => {
    const early = `POST /nothing HTTP/1.1\r\nHost: a\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`;
    expect(await statusesOf(early)).toEqual(['400']);
  });

  it('does no harm where it is a tunnel that is broken off', async () => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(slow + tunnel, () => setTimeout(() => socket.resetAndDestroy(), 50)),
    );
    await new Promise((resolve) => socket.once('close', resolve));
    expect(await statusesOf(slow + tunnel)).toEqual(['200', '400']);
  });

  it('ends the connection, however much follows', async () => {
    const answer = await sendRaw(port, slow + broken + 'x'.repeat(1_000_000));
    expect(answer.all).toMatch(/^HTTP\/1\.1 200 /);
  });
});
