import { connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface Answer {
  readonly status: number;
  /** By name in small letters; those that came several times joined with commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const HEAD_END = '\r\n\r\n';
const LINE_END = '\r\n';

/** Bytes as they came, and what has been made of them. */
class Reader {
  #bytes: Buffer = Buffer.alloc(0);

  add(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  /**
   * Takes the next answer off, without informational ones (RFC 9110, 15.2).
   * @returns undefined while it is not whole
   * @throws Error for what is no answer of HTTP/1.1
   */
  take(isHead: boolean): Answer | undefined {
    const end = this.#bytes.indexOf(HEAD_END);
    if (end < 0) return undefined;
    const [first = '', ...lines] = this.#bytes.toString('latin1', 0, end).split(LINE_END);
    const status = Number(/^HTTP\/1\.1 (\d{3}) [\w ]+$/.exec(first)?.[1]);
    if (Number.isNaN(status)) throw new Error(`no status line: ${JSON.stringify(first)}`);
    const start = end + HEAD_END.length;
    if (status < 200) {
      this.#bytes = this.#bytes.subarray(start);
      return this.take(isHead);
    }
    const headers = headersOf(lines);
    const isBodiless = isHead || status === 204 || status === 304;
    const body = isBodiless ? { bytes: Buffer.alloc(0), end: start } : bodyOf(this.#bytes, start, headers);
    if (!body) return undefined;
    this.#bytes = this.#bytes.subarray(body.end);
    const isPacked = headers['content-encoding'] === 'gzip' && body.bytes.length > 0;
    return { status, headers, body: (isPacked ? gunzipSync(body.bytes) : body.bytes).toString() };
  }
}

/** Bytes of a body, and where in what came it ends. */
interface Body {
  readonly bytes: Buffer;
  readonly end: number;
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+): ?([^\0\r\n]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no header: ${JSON.stringify(line)}`);
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  return headers;
}

function bodyOf(bytes: Buffer, start: number, headers: Record<string, string>): Body | undefined {
  if (headers['transfer-encoding'] === 'chunked') return chunksOf(bytes, start);
  const end = start + Number(headers['content-length']);
  if (Number.isNaN(end)) throw new Error('an answer has no length');
  return bytes.length < end ? undefined : { bytes: bytes.subarray(start, end), end };
}

function chunksOf(bytes: Buffer, start: number): Body | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const end = lineEnd + LINE_END.length + size;
    if (bytes.length < end + LINE_END.length) return undefined;
    if (size === 0) return { bytes: Buffer.concat(chunks), end: end + LINE_END.length };
    chunks.push(bytes.subarray(lineEnd + LINE_END.length, end));
    at = end + LINE_END.length;
  }
}

/**
 * A connection that is kept, on which any bytes can be sent, also such as no HTTP client would. Where the server has closed
 * it, the next request goes out on a new one.
 */
export class Wire {
  readonly #port: number;
  #socket: Socket | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** @returns the answer to one request @throws Error where none came */
  exchange(bytes: Buffer, isHead: boolean): Promise<Answer> {
    const socket = (this.#socket ??= connect(this.#port, '127.0.0.1').setNoDelay());
    return new Promise<Answer>((resolve, reject) => {
      const reader = new Reader();
      const settle = (finish: () => void): void => {
        socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error');
        socket.on('error', () => undefined);
        finish();
      };
      const take = (chunk: Buffer): void => {
        reader.add(chunk);
        try {
          const answer = reader.take(isHead);
          if (!answer) return;
          // The parser that gave up a HEAD does not know that it was one, and answers with a body.
          if (answer.headers['connection'] === 'close') this.close();
          else if (!reader.isEmpty) throw new Error('something came behind an answer');
          settle(() => resolve(answer));
        } catch (error) {
          this.close();
          settle(() => reject(error));
        }
      };
      socket.on('data', take);
      socket.on('error', () => undefined); // `close` comes next.
      socket.on('close', () => {
        this.close();
        settle(() => reject(new Error('the connection was closed without an answer')));
      });
      socket.write(bytes);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}

/**
 * Sends the parts on a connection of their own. Where the server waits for more, we close our side, and it has to come to an end.
 * @param patience milliseconds of silence before we do
 * @returns every answer, once the server has closed
 * @throws Error for what is no answer, and where the server keeps the connection open
 */
export async function sendParts(port: number, parts: readonly Buffer[], patience: number): Promise<Answer[]> {
  const reader = new Reader();
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).setNoDelay();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  // A server that has heard enough may reset the connection; what it said before that is here.
  socket.on('error', () => undefined).on('end', () => socket.end());
  socket.on('data', (chunk: Buffer) => reader.add(chunk));
  socket.setTimeout(patience, () => {
    if (socket.writableEnded) socket.destroy(new Error('kept open'));
    else socket.end();
  });
  for (const part of parts) {
    socket.write(part);
    await new Promise(setImmediate);
  }
  await closed;
  if (socket.errored?.message === 'kept open')
    throw new Error('the connection was kept open after we had closed our side');
  return answersIn(reader);
}

function answersIn(reader: Reader): Answer[] {
  const answers: Answer[] = [];
  while (!reader.isEmpty) {
    const answer = reader.take(false);
    if (!answer) throw new Error('half of an answer came');
    answers.push(answer);
  }
  return answers;
}
