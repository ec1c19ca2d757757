import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { v7 as uuid } from 'uuid';
import { STRICT_TRANSPORT_SECURITY } from './headers.ts';
import { PROBLEM_TYPE } from './problem-answer.ts';
import { Problem } from './problem.ts';
import type { ProblemCode } from './problems.ts';

const codes: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

type ClientError = Error & { readonly code?: string };

/** What came on a connection before the bytes that are no request. */
interface Exchanges {
  /** Answers that are not out yet. */
  readonly running: Set<ServerResponse>;
  latest?: ServerResponse;
}

const exchangesOf = new WeakMap<Duplex, Exchanges>();

/** Keeps an eye on what is answered on a connection, for `answerClientError`. A tunnel (CONNECT) is an error of the client. */
export function watchConnections(server: Server, isProduction: boolean): void {
  server.on('request', noteExchange);
  server.on('connect', (_request, socket) => {
    // Node has let go of this connection: nobody else hears of its errors, which would end the process, or closes it.
    socket.on('error', () => socket.destroy()).once('finish', () => socket.destroy());
    answerClientError(new Error('there are no tunnels here'), socket, isProduction);
  });
}

function noteExchange({ socket }: IncomingMessage, response: ServerResponse): void {
  const exchanges = exchangesOf.get(socket) ?? { running: new Set() };
  exchangesOf.set(socket, exchanges);
  exchanges.running.add(response);
  exchanges.latest = response;
  response.once('close', () => exchanges.running.delete(response));
}

/**
 * Answers what is not yet a request: the HTTP parser gave up, so there is no route, and the bytes are written by hand. Requests
 * that came whole before it are answered first: a client would take the first answer for that of its first request.
 */
export function answerClientError(error: ClientError, socket: Duplex, isProduction: boolean): void {
  const { running = [], latest } = exchangesOf.get(socket) ?? {};
  const before = Array.from<ServerResponse>(running).filter(({ req }) => req.complete);
  const answer = bytesOf(new Problem(codes[error.code ?? ''] ?? 'bad_request'), isProduction);
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
  } else if (before.length === 0) {
    refuse(answer, socket, latest);
  } else {
    socket.pause(); // Nothing more of it is read, or it would be refused again and again.
    void refuseBehind(before, answer, socket, latest);
  }
}

async function refuseBehind(
  before: readonly ServerResponse[],
  answer: string,
  socket: Duplex,
  latest: ServerResponse | undefined,
): Promise<void> {
  await Promise.all(before.map(closed));
  refuse(answer, socket, latest);
}

function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.once('close', resolve));
}

function refuse(answer: string, socket: Duplex, latest: ServerResponse | undefined): void {
  // The body of a request that has its answer already: a second one would be taken for that of another request.
  const isAnswered = latest?.headersSent === true && !latest.req.complete;
  socket.end(isAnswered ? '' : answer);
  socket.resume();
}

function bytesOf(problem: Problem, isProduction: boolean): string {
  const id = uuid();
  const body = JSON.stringify(problem.toDetails('/', id));
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${id}`,
    ...(isProduction ? [`Strict-Transport-Security: ${STRICT_TRANSPORT_SECURITY}`] : []),
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
