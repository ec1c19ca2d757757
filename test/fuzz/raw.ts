import type { Dice } from './dice.ts';
import { NAMES } from './hostile.ts';

/** Bytes that are no request, or several, or one that ends early. */
export interface Raw {
  /** What it is, for whoever reads that it failed. */
  readonly kind: string;
  readonly parts: readonly Buffer[];
  /** The request ids that the answers have to bring back, in this order and before any other. */
  readonly ids: readonly string[];
}

/** What a smuggled request asks for: an answer that names it was given to the inside of another request's body. */
export const SMUGGLED = '/smuggled';

export interface Target {
  readonly host: string;
  readonly token: string;
}

/** @returns bytes for a connection of their own, cut into parts by chance */
export function raw(target: Target, dice: Dice): Raw {
  const { kind, bytes, ids = [] } = dice.pick(KINDS)(target, dice);
  return { kind, parts: inParts(Buffer.from(bytes), dice), ids };
}

function inParts(bytes: Buffer, dice: Dice): Buffer[] {
  if (dice.chance(0.5)) return [bytes];
  const cuts = dice.some(1 + dice.below(4), () => dice.below(bytes.length + 1)).toSorted((a, b) => a - b);
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index])).filter((part) => part.length > 0);
}

interface Made {
  readonly kind: string;
  readonly bytes: string | Buffer;
  readonly ids?: readonly string[];
}

const KINDS: readonly ((target: Target, dice: Dice) => Made)[] = [
  brokenLine,
  brokenHeader,
  severalLengths,
  brokenChunks,
  otherProtocol,
  tooLong,
  pipeline,
  pipeline,
  halfRequest,
  flippedBytes,
  flippedBytes,
  noise,
];

function brokenLine({ host }: Target, dice: Dice): Made {
  const line = dice.make<string>([
    () => dice.pick(['GET', 'GET ', 'GET /', 'GET / ', 'GET /  HTTP/1.1', ' GET / HTTP/1.1', 'GET\t/\tHTTP/1.1']),
    () =>
      `GET / ${dice.pick(['HTTP/1.2', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9.9', 'HTTP/1.', 'http/1.1', 'HTTPS/1.1', 'ICE/1.0'])}`,
    () =>
      `${dice.pick(['get', 'G', 'FOO', 'GET\0', 'GÉT', 'X'.repeat(2_000), '', '{}', 'CONNECT', 'PRI', 'SOURCE'])} / HTTP/1.1`,
    () => `CONNECT ${dice.pick(['localhost:5432', '/', 'evil.example:443'])} HTTP/1.1`,
    () =>
      `GET ${dice.pick(['\\', 'a', '?', '#', '//', ':', 'http:', 'http://', '/\u0001', '/\u007f', '/é', '/\xff', '*x'])} HTTP/1.1`,
    () => `POST /api/v1/auth/login HTTP/1.1\r\nHost: ${host}`,
  ]);
  return { kind: 'broken line', bytes: `${line}\r\nHost: ${host}\r\nConnection: close\r\n\r\n` };
}

function brokenHeader({ host }: Target, dice: Dice): Made {
  const line = dice.make<string>([
    () =>
      dice.pick([
        '',
        'Host',
        'Host:',
        'Host: ',
        `Host: ${host}`,
        'Host: a b',
        'Host: evil.example',
        'host : x',
        'Host: [',
      ]),
    () =>
      dice.pick([
        ' folded: 1',
        'a : 1',
        ': 1',
        'a',
        'a\0: 1',
        'a: \0',
        'a: \u0001',
        'a: b\rc: d',
        'a: b\nc: d',
        'é: 1',
        '(: 1',
      ]),
    () => dice.pick(['a: 1\r\n folded', '\r', '\n', 'Transfer-Encoding', 'Content-Length: -1', 'Content-Length: x']),
    () =>
      dice.pick([
        'Content-Length: 1e3',
        'Content-Length: +1',
        'Content-Length: 99999999999999999999',
        'Content-Length: 0x1',
      ]),
    () =>
      dice.pick([
        'Expect: 100-continue',
        'Upgrade: websocket\r\nConnection: upgrade',
        'Upgrade: h2c\r\nConnection: upgrade',
      ]),
    () =>
      dice.pick([
        'Trailer: x',
        'TE: trailers',
        'Connection: \u0001',
        'Connection: close, close',
        'Keep-Alive: timeout=-1',
      ]),
    () => `${dice.pick(NAMES)}: 1`,
  ]);
  return {
    kind: 'broken header',
    bytes: `GET /health/live HTTP/1.1\r\nHost: ${host}\r\n${line}\r\nConnection: close\r\n\r\n`,
  };
}

const CHUNKED = 'Transfer-Encoding: chunked';

/** RFC 9112, 6.3 and 11.2: whoever goes by one length and whoever goes by the other would see different requests. */
function severalLengths({ host }: Target, dice: Dice): Made {
  const inner = `GET ${SMUGGLED} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const coding = dice.pick([
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: \u000bchunked',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: x',
    'Transfer-Encoding\r\n : chunked',
    'X: x\nTransfer-Encoding: chunked',
  ]);
  const lengths = dice.make<string>([
    () => `Content-Length: ${5 + inner.length}\r\n${dice.pick([CHUNKED, coding])}`,
    () => `${dice.pick([CHUNKED, coding])}\r\nContent-Length: 4`,
    () => `Content-Length: 2\r\nContent-Length: ${2 + inner.length}`,
    () => `Content-Length: 2, ${2 + inner.length}`,
    () => `Content-Length: 2\r\n Content-Length: 3`,
    () => `Content-Length : ${5 + inner.length}`,
    () => coding,
  ]);
  const method = dice.pick(['POST', 'POST', 'GET', 'DELETE']);
  const head = `${method} /api/v1/auth/login HTTP/${dice.pick(['1.1', '1.1', '1.0'])}\r\nHost: ${host}\r\n`;
  const type = 'Content-Type: application/json\r\n';
  return { kind: 'several lengths', bytes: `${head}${type}${lengths}\r\n\r\n0\r\n\r\n${inner}` };
}

function brokenChunks({ host }: Target, dice: Dice): Made {
  const body = dice.pick([
    '2\r\n{}\r\n0\r\n\r\n',
    '2;a=b\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n',
    '2\n{}\n0\n\n',
    '02\r\n{}\r\n0\r\n\r\n',
    '0x2\r\n{}\r\n0\r\n\r\n',
    '-2\r\n{}\r\n0\r\n\r\n',
    '2 \r\n{}\r\n0\r\n\r\n',
    'g\r\n{}\r\n0\r\n\r\n',
    '3\r\n{}\r\n0\r\n\r\n',
    '1\r\n{}\r\n0\r\n\r\n',
    '\r\n\r\n',
    'ffffffffffffffffff\r\n{}\r\n0\r\n\r\n',
    `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
    `2\r\n{}\r\n0\r\n${'X: 1\r\n'.repeat(5_000)}\r\n`,
    `0\r\n${NAMES[0]}: 1\r\n\r\n`,
    '7fffffffffffffff\r\n{}',
    '2\r\n{}',
  ]);
  const head = `POST /api/v1/auth/login HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nConnection: close\r\n`;
  return { kind: 'broken chunks', bytes: `${head}Transfer-Encoding: chunked\r\n\r\n${body}` };
}

function otherProtocol(_target: Target, dice: Dice): Made {
  const bytes = dice.pick<string | Buffer>([
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0',
    Buffer.from('16030100c8010000c40303', 'hex'),
    'SSH-2.0-OpenSSH_9.2\r\n',
    'EHLO evil.example\r\nMAIL FROM:<a@b>\r\n',
    '*1\r\n$4\r\nPING\r\n',
    Buffer.from('0000000804d2162f', 'hex'),
    'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    '<policy-file-request/>\0',
    'GET /\r\n',
  ]);
  return { kind: 'another protocol', bytes };
}

function tooLong({ host }: Target, dice: Dice): Made {
  const [line, header] = dice.make<[string, string]>([
    () => [`/${'x'.repeat(dice.pick([15_000, 17_000, 100_000]))}`, 'a: 1'],
    () => [`/?${'x=1&'.repeat(dice.pick([3_000, 5_000]))}`, 'a: 1'],
    () => ['/', `a: ${'x'.repeat(dice.pick([15_000, 17_000, 100_000]))}`],
    () => ['/', `${'x'.repeat(17_000)}: 1`],
    () => ['/', dice.some(dice.pick([500, 3_000]), (index) => `a${index}: 1`).join('\r\n')],
    () => ['/', `Cookie: ${'a=1; '.repeat(3_500)}`],
  ]);
  return { kind: 'too long', bytes: `GET ${line} HTTP/1.1\r\nHost: ${host}\r\n${header}\r\nConnection: close\r\n\r\n` };
}

/** Several requests at once, and then perhaps what is none. Each is answered, in turn, before what comes behind it. */
function pipeline(target: Target, dice: Dice): Made {
  const name = dice.text(8);
  const ids = dice.some(1 + dice.below(5), (index) => `${name}-${index}`);
  const tail = dice.make<string>([
    () => '',
    () => 'GARBAGE\r\n\r\n',
    () => 'GET / HTTP/9.9\r\n\r\n',
    () => 'GET / HTTP/1.1\r\nHost',
    () => 'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  ]);
  const requests = ids.map((id, index) => wellFormed(target, id, tail === '' && index === ids.length - 1, dice));
  return { kind: 'pipeline', bytes: requests.join('') + tail, ids };
}

function wellFormed({ host, token }: Target, id: string, isLast: boolean, dice: Dice): string {
  const [line, body] = dice.pick<[string, string]>([
    ['GET /api/v1/me', ''],
    ['GET /api/v1/organizations', ''],
    ['GET /health/live', ''],
    ['GET /nothing', ''],
    ['PATCH /api/v1/me', '{"name":"Ada"}'],
    ['PATCH /api/v1/me', '{"name":5}'],
    ['POST /api/v1/organizations', '{}'],
  ]);
  const content = body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`];
  const closing = isLast ? ['Connection: close'] : [];
  const headers = [`Host: ${host}`, `Authorization: Bearer ${token}`, `X-Request-Id: ${id}`, ...content, ...closing];
  return [`${line} HTTP/1.1`, ...headers, '', body].join('\r\n');
}

function halfRequest(target: Target, dice: Dice): Made {
  const whole = wellFormed(target, 'half', true, dice);
  return { kind: 'half a request', bytes: whole.slice(0, 1 + dice.below(whole.length - 1)) };
}

function flippedBytes(target: Target, dice: Dice): Made {
  const bytes = Buffer.from(wellFormed(target, 'flipped', true, dice));
  for (let flips = 1 + dice.below(4); flips > 0; flips -= 1) {
    // The head's beginning is where most of the meaning is.
    const at = dice.below(dice.pick([20, bytes.length]));
    bytes[at] = dice.make([() => dice.below(256), () => bytes[at]! ^ (1 << dice.below(8)), () => 0x0a, () => 0x20]);
  }
  return { kind: 'flipped bytes', bytes };
}

function noise(_target: Target, dice: Dice): Made {
  return { kind: 'noise', bytes: dice.bytes(1 + dice.below(300)) };
}
