import { v7 } from 'uuid';
import type { Caller, Cast } from './cast.ts';
import type { Dice } from './dice.ts';
import { hostileName, hostileText, hostileValue, NAMES } from './hostile.ts';
import { JsonList, JsonMembers, jsonText, type JsonText, placesIn, written } from './json-text.ts';
import type { Operation, Operations, Parameter } from './operations.ts';
import { Samples } from './sample.ts';
import type { Seen } from './seen.ts';

/** A request, to be written on a wire. */
export interface FuzzedRequest {
  readonly operation: string;
  readonly caller: Caller;
  method: string;
  target: string;
  headers: [name: string, value: string][];
  body: Buffer | undefined;
  /** In chunks of so many bytes; 0: whole, with its length. */
  chunk: number;
}

export interface Sources {
  readonly operations: Operations;
  readonly cast: Cast;
  readonly seen: Seen;
}

const JSON_TYPE = 'application/json';
const MERGE_PATCH = 'application/merge-patch+json';

/** A body that is larger than any path takes. */
const TOO_LARGE = 300 * 1024;

/** Of the requests: as the document has them, with one thing wrong, and with several. */
const VALID = 0.4;
const SEVERAL = 0.3;

/** @returns a request to the operation by somebody, right or wrong in ways that are left to chance */
export function fuzzedRequest(operation: Operation, sources: Sources, dice: Dice): FuzzedRequest {
  const request = plainRequest(operation, sources, dice);
  if (dice.chance(VALID)) return request;
  do {
    dice.pick(MISTAKES)(request, dice, sources);
  } while (dice.chance(SEVERAL));
  return request;
}

function plainRequest(operation: Operation, { operations, cast, seen }: Sources, dice: Dice): FuzzedRequest {
  const caller = cast.caller(operation.id, dice);
  const samples = new Samples(operations, { ...cast.familiarTo(operation.id), cursor: seen.cursors });
  const value = (parameter: Parameter): string => {
    if (parameter.name === 'organization_id') return cast.organization(operation.id, dice);
    return asText(samples.of(parameter.schema ?? {}, dice, parameter.name));
  };
  const chosen = operation.parameters.filter(({ required }) => required || dice.chance(0.25));
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = chosen.find((candidate) => candidate.in === 'path' && candidate.name === name);
    return encodeURIComponent(parameter ? value(parameter) : v7());
  });
  const query = chosen.filter((parameter) => parameter.in === 'query');
  const search = query.map((parameter) => `${parameter.name}=${encodeURIComponent(value(parameter))}`).join('&');
  const headers = chosen.filter((parameter) => parameter.in === 'header');
  const body = operation.body && written(jsonText(samples.of(operation.body, dice)));
  return {
    operation: operation.id,
    caller,
    method: operation.method === 'GET' && dice.chance(0.1) ? 'HEAD' : operation.method,
    target: search === '' ? path : `${path}?${search}`,
    headers: [
      ...caller.headers.map(([name, text]): [string, string] => [name, text]),
      ...headers.map(({ name }): [string, string] => [name, headerValue(name, seen, dice)]),
      ...(operation.method === 'GET' && dice.chance(0.1) ? [ifNoneMatch(seen, dice)] : []),
      ...(dice.chance(0.05) ? [['Accept-Encoding', 'gzip'] satisfies [string, string]] : []),
      ...(body === undefined ? [] : [contentType(operation, dice)]),
    ],
    body: body === undefined ? undefined : Buffer.from(body),
    chunk: dice.chance(0.1) ? 1 + dice.below(64) : 0,
  };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : Array.isArray(value) ? value.map(asText).join(',') : JSON.stringify(value);
}

function contentType(operation: Operation, dice: Dice): [string, string] {
  return ['Content-Type', operation.method === 'PATCH' && dice.chance(0.3) ? MERGE_PATCH : JSON_TYPE];
}

function ifNoneMatch(seen: Seen, dice: Dice): [string, string] {
  return ['If-None-Match', dice.pick([...seen.tags, '*', '"1.x"'])];
}

function headerValue(name: string, seen: Seen, dice: Dice): string {
  switch (name.toLowerCase()) {
    case 'if-match':
      return dice.pick(['"1.x"', '*', ...seen.tags]);
    case 'idempotency-key':
      return dice.pick([v7(), v7(), v7(), 'the-same']);
    case 'x-token-transport':
      return dice.pick(['cookie', 'cookie', 'body']);
    default:
      return dice.text(8);
  }
}

type Mistake = (request: FuzzedRequest, dice: Dice, sources: Sources) => void;

/** What is wrong with a body is tried most: there is most to get wrong in it. */
const MISTAKES: readonly Mistake[] = [
  spoilBody,
  spoilBody,
  spoilBody,
  spoilBody,
  spoilText,
  spoilText,
  spoilPath,
  spoilPath,
  spoilQuery,
  spoilQuery,
  spoilHeader,
  spoilHeader,
  spoilType,
  spoilMethod,
  spoilSignIn,
];

/** A value, member or item is of another type, too much, too little or there twice. */
function spoilBody(request: FuzzedRequest, dice: Dice): void {
  const root: JsonText = parsed(request.body) ?? new JsonMembers([]);
  const [place, other] = [placesIn(root), hostileValue(dice)];
  const containers = [root, ...place.map(({ value }) => value)];
  const container = dice.pick(containers.filter((value) => typeof value !== 'string').concat(new JsonList([])));
  dice.make([
    () => (place.length > 0 ? dice.pick(place).replace(other) : undefined),
    () => (place.length > 0 ? dice.pick(place).replace(other) : undefined),
    () => (container instanceof JsonMembers ? container.members.push([hostileName(dice), other]) : undefined),
    () => (container instanceof JsonMembers ? container.members.push(...container.members.slice(-1)) : undefined),
    () => (container instanceof JsonMembers ? container.members.splice(dice.below(3), 1) : undefined),
    () => (container instanceof JsonList ? container.items.push(other, other) : undefined),
  ]);
  setBody(request, Buffer.from(dice.chance(0.05) ? written(other) : written(root)));
}

/** It is no JSON, or none in UTF-8, or too much of it. */
function spoilText(request: FuzzedRequest, dice: Dice): void {
  const text = request.body ?? Buffer.from('{"name":"Ada"}');
  const cut = dice.below(text.length + 1);
  const spoiled = dice.make<Buffer>([
    () => text.subarray(0, cut),
    () => Buffer.concat([text.subarray(0, cut), dice.bytes(1 + dice.below(4)), text.subarray(cut)]),
    () => Buffer.concat([Buffer.from('\ufeff'), text]),
    () => Buffer.concat([text, text]),
    () => Buffer.from(text.toString(), 'utf16le'),
    () => Buffer.concat([Buffer.from(' \t\r\n'.repeat(dice.below(500))), text, Buffer.from('\n')]),
    () => dice.bytes(dice.below(200)),
    () => (dice.chance(0.05) ? Buffer.alloc(TOO_LARGE, '[') : Buffer.from(written(hostileValue(dice)))),
  ]);
  setBody(request, spoiled);
}

function setBody(request: FuzzedRequest, body: Buffer): void {
  request.body = body;
  if (!request.headers.some(([name]) => name === 'Content-Type')) request.headers.push(['Content-Type', JSON_TYPE]);
}

/** @returns the body as a tree; undefined where it is no JSON any more */
function parsed(body: Buffer | undefined): JsonText | undefined {
  try {
    return body && jsonText(JSON.parse(body.toString()));
  } catch {
    return undefined;
  }
}

function spoilPath(request: FuzzedRequest, dice: Dice): void {
  const [path = '', search] = request.target.split('?', 2);
  const segments = path.split('/');
  const at = 1 + dice.below(segments.length);
  const segment = segments[at] ?? '';
  const put = (...others: string[]): string => segments.toSpliced(at, 1, ...others).join('/');
  const spoiled = dice.make<string>([
    () => put(encodeURIComponent(hostileText(dice))),
    () => put(encodeURIComponent(hostileText(dice))),
    () => put(encodeURIComponent(encodeURIComponent(`${segment}/../`))),
    () => put(segment.replaceAll(/[\w-]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)),
    () => put(segment.toUpperCase()),
    () => put(segment, dice.pick(['', '.', '..', '%2e%2e', '%2f', '..%2f..%2fetc', '%5c', ';a=b', v7(), 'members'])),
    () => put(segment + dice.pick(['%', '%zz', '%00', '%c0%af', '%ff', '%ed%a0%80', '%u0041', '.json', '~', '*', 'é'])),
    () => `${path}${dice.pick(['/', '//', '#fragment', '%20', '%23', '%3f'])}`,
    () => `${dice.pick(['http://evil.example', 'https://a:b@evil.example:1', '/', '//evil.example', '\\\\a'])}${path}`,
    () => `/api/v1/${dice.pick(NAMES)}/${dice.pick(['', 'x'.repeat(3_000), dice.text(40)])}`,
    () => dice.pick(['*', '/', '/api', '/api/v1', '/api/v2/organizations', '/favicon.ico', '/%2e%2e/', '/.env']),
  ]);
  request.target = search === undefined ? spoiled : `${spoiled}?${search}`;
}

function spoilQuery(request: FuzzedRequest, dice: Dice): void {
  const value = encodeURIComponent(hostileText(dice));
  const name = dice.make([
    () => dice.pick(['page', 'page_size', 'cursor', 'sort', 'q', 'slug', 'role', 'status', 'created_after']),
    () => encodeURIComponent(dice.pick(NAMES)),
    () => dice.pick(['organization_id', 'id', 'access_token', '__proto__[a]', 'a[]', 'page[]', 'page%00', 'PAGE']),
  ]);
  const spoiled = dice.make<string>([
    () => `${name}=${value}`,
    () => `${name}=${value}`,
    () => `${name}=${value}&${name}=${value}`,
    () => `${name}=${dice.pick(['0', '-1', '1.5', '1e3', '99999999999999999999', '501', '10001', '1,2', '%31', '+1'])}`,
    () => `sort=${dice.pick(['id', '-', '--name', 'name,-created_at', 'name,name', ',', 'name;', 'password_hash'])}`,
    () =>
      `cursor=${dice.make([() => value, () => dice.text(60), () => dice.bytes(50).toString('base64url'), () => ''])}`,
    () => name,
    () => dice.pick(['%', '%zz=1', 'a=%ff', 'a=%c0%af', '&&&', '=', '?', 'a=b=c', 'a=%u0041']),
    () => dice.some(dice.pick([20, 101, 1_500]), (index) => `p${index}=1`).join('&'),
    () => `slug=${dice.some(120, () => 'a').join(',')}`,
  ]);
  request.target += `${request.target.includes('?') ? '&' : '?'}${spoiled}`;
}

const TAGS = [
  '3',
  '"',
  '""',
  '"1.x',
  'W/"1.x"',
  '"0.x"',
  '"1.x","2.x"',
  '"99999999999999999999.x"',
  ',',
  'w/"1.x"',
  '"é"',
];

function spoilHeader(request: FuzzedRequest, dice: Dice): void {
  const text = headerSafe(hostileText(dice)).slice(0, 2_000);
  const [name, ...values] = dice.make<[string, ...string[]]>([
    () => ['If-Match', dice.pick([...TAGS, text])],
    () => ['If-None-Match', dice.pick([...TAGS, text])],
    () => ['Idempotency-Key', dice.pick(['', 'k'.repeat(255), 'k'.repeat(256), 'é', 'a b', '\u007f', text])],
    () => ['Idempotency-Key', 'a', 'b'],
    () => ['X-Request-Id', dice.pick(['a'.repeat(64), 'a'.repeat(65), 'a b', '<b>', '', text])],
    () => ['Accept', dice.pick(['text/html', '*/*;q=0', 'image/png', 'application/xml', text])],
    () => ['Accept-Encoding', dice.pick(['gzip', 'br', 'gzip;q=0, identity;q=0', 'identity', '*', text])],
    () => ['Accept-Language', text],
    () => ['Content-Encoding', dice.pick(['gzip', 'identity', 'br', 'deflate, gzip', text])],
    () => ['Content-Length-', '5'],
    () => ['Origin', dice.pick(['null', 'https://app.example.com', 'https://evil.example', '*', text])],
    () => ['Access-Control-Request-Method', dice.pick(['PUT', 'x', text])],
    () => ['Range', dice.pick(['bytes=0-1', 'bytes=9999-', text])],
    () => ['Expect', dice.pick(['100-continue', 'the-impossible'])],
    () => ['Upgrade', dice.pick(['h2c', 'websocket', text])],
    () => ['X-HTTP-Method-Override', 'DELETE'],
    () => ['X-Forwarded-For', dice.pick(['1.2.3.4', '::1, 10.0.0.1', "' or 1=1", text])],
    () => ['X-Forwarded-Host', 'evil.example'],
    () => ['X-Forwarded-Proto', 'https, http'],
    () => ['Forwarded', 'for="[::1]";host=evil.example'],
    () => ['X-Token-Transport', dice.pick(['cookie', 'body', 'COOKIE', 'cookie, cookie', text])],
    () => ['Cookie', dice.pick(['', '=', 'a', '__Host-tenantry_access', '__Host-tenantry_access=;', `a=${text}`])],
    () => ['Cookie', '__Host-tenantry_access=x.y.z; __Host-tenantry_access=z', '__Secure-tenantry_refresh=%00%'],
    () => ['User-Agent', dice.pick(['', 'x'.repeat(600), text])],
    () => ['If-Modified-Since', text],
    () => [`X-${dice.text(5)}`, 'x'.repeat(dice.pick([10, 5_000]))],
    () => [dice.pick(['__proto__', 'constructor', 'toString']), '1'],
    () => ['Connection', dice.pick(['close', 'keep-alive', 'authorization', 'x-request-id'])],
  ]);
  for (const value of values) request.headers.push([name, value]);
}

const TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/json; charset=utf-16',
  'application/json; charset="utf-8"',
  'application/json;',
  'application/jsonx',
  'application/json, text/plain',
  'APPLICATION/JSON',
  'application/json ; x=";"',
  'application/problem+json',
  MERGE_PATCH,
  'json',
  '/',
  ';',
  '',
];

function spoilType(request: FuzzedRequest, dice: Dice): void {
  request.headers = request.headers.filter(([name]) => name !== 'Content-Type');
  if (dice.chance(0.85)) request.headers.push(['Content-Type', dice.pick(TYPES)]);
}

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'QUERY',
  'PURGE',
  'LINK',
];

function spoilMethod(request: FuzzedRequest, dice: Dice): void {
  request.method = dice.pick(METHODS);
  if (request.method === 'OPTIONS' && dice.chance(0.5)) {
    request.headers.push(['Origin', 'https://app.example.com'], ['Access-Control-Request-Method', dice.pick(METHODS)]);
  }
}

function spoilSignIn(request: FuzzedRequest, dice: Dice): void {
  const own = request.headers.find(([name]) => name === 'Authorization')?.[1] ?? 'Bearer x.y.z';
  const value = dice.make([
    () =>
      dice.pick(['', 'Bearer', 'Bearer ', 'bearer', 'Basic YTpi', 'Token x', 'Bearer x', 'Bearer x.y.z', 'Bearer ..']),
    () => own.replace('Bearer', dice.pick(['bearer', 'BEARER', 'Bearer\t', 'Bearer  '])),
    () => `${own.slice(0, -1 - dice.below(20))}${dice.pick(['', 'A', '=', '.'])}`,
    () => `${own} ${own}`,
    () => `${own},`,
    () => `Bearer ${headerSafe(hostileText(dice))}`,
  ]);
  if (dice.chance(0.7)) request.headers = request.headers.filter(([name]) => name !== 'Authorization');
  request.headers.push(['Authorization', value]);
}

/** What would end the header is for raw sockets (`raw.ts`). */
function headerSafe(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\0-\u001f\u007f]/g, ' ');
}

/** @returns the request as it goes over the wire, framed as RFC 9112 asks */
export function encoded({ method, target, headers, body, chunk }: FuzzedRequest, host: string): Buffer {
  const framing =
    body === undefined ? [] : [chunk > 0 ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`];
  const lines = [`${method} ${target.replaceAll(/[\0\r\n ]/g, '')} HTTP/1.1`, `Host: ${host}`];
  const head = [...lines, ...headers.map(([name, value]) => `${name}: ${value}`), ...framing, '', ''].join('\r\n');
  if (body === undefined) return Buffer.from(head);
  return Buffer.concat([Buffer.from(head), chunk > 0 ? inChunks(body, chunk) : body]);
}

function inChunks(body: Buffer, size: number): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; at += Math.max(size, Math.ceil(body.length / 100))) {
    const part = body.subarray(at, at + Math.max(size, Math.ceil(body.length / 100)));
    chunks.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]);
}
