import { problems } from '../http/problems.ts';
import { text } from '../http/rules.ts';
import { FIRST_CLIENT_ERROR } from '../http/translation.ts';
import { IDEMPOTENCY_KEY_HEADER } from '../idempotency/idempotent-call.ts';
import { isKeptStatus } from '../idempotency/kept-status.ts';
import { isLimited } from './problems.ts';
import {
  classOf,
  type Components,
  type Header,
  isReference,
  type Operation,
  type Parameter,
  type PlacedOperation,
  type Response,
  successesOf,
} from './types.ts';

const URL_LENGTH = 16_384;
const DAY_SECONDS = 86_400;

/** What is refused before anybody looks at a key. */
const BEFORE_KEYS = new Set<number>([problems.payload_too_large.status, problems.unsupported_media_type.status]);

/** What the classes of answers are, by their names in the document. */
export interface Kinds {
  /** Those by which a conditional write answers. */
  readonly versioned: ReadonlySet<string>;
  readonly lists: ReadonlySet<string>;
}

interface PlacedResponse {
  readonly status: number;
  readonly operation: Operation;
  readonly isVersion: boolean;
  readonly isList: boolean;
}

interface KnownHeader {
  /** Which answers have it. */
  readonly of: (answer: PlacedResponse) => boolean;
  readonly description: string;
  readonly schema: NonNullable<Header['schema']>;
  readonly example: unknown;
}

/** Every header that a client has use for. */
const headers: Readonly<Record<string, KnownHeader>> = {
  'X-Request-Id': {
    of: () => true,
    description: 'Of this answer, for support; your own where you sent a fitting one.',
    schema: text({ pattern: /^[A-Za-z0-9._-]{1,64}$/, max: 64 }).schema,
    example: '0193a1b2-0000-7000-8000-000000000000',
  },
  RateLimit: {
    of: ({ operation }) => isLimited(operation),
    description: 'What is left of each limit (`r`), and in how many seconds it is whole again (`t`).',
    schema: text().schema,
    example: '"address";r=299;t=1',
  },
  'RateLimit-Policy': {
    of: ({ operation }) => isLimited(operation),
    description: 'The limits: so many requests (`q`) in so many seconds (`w`).',
    schema: text().schema,
    example: '"address";q=300;w=60',
  },
  'Retry-After': {
    of: ({ status, operation }) => status === 429 || status === 503 || (status === 409 && takesKey(operation)),
    description: 'Seconds to wait before the next try.',
    schema: { type: 'integer', format: 'int32', minimum: 1, maximum: DAY_SECONDS },
    example: 1,
  },
  'WWW-Authenticate': {
    of: ({ status }) => status === 401,
    description: 'How to sign in, and what is wrong with the token (RFC 6750).',
    schema: text().schema,
    example: 'Bearer realm="tenantry", error="invalid_token"',
  },
  ETag: {
    of: ({ isVersion }) => isVersion,
    description: 'The version and a hash of the body: send it as If-Match with a change, as If-None-Match with a read.',
    schema: text({ pattern: /^"\d+\.[A-Za-z0-9_-]{16}"$/, max: 64 }).schema,
    example: '"3.f3xN0cY6Gq1s2Jp_"',
  },
  Location: {
    of: ({ status }) => status === 201,
    description: 'The path of what was created.',
    schema: text({ max: URL_LENGTH }).schema,
    example: '/api/v1/organizations/0193a1b2-0000-7000-8000-000000000000',
  },
  Link: {
    of: ({ isList }) => isList,
    description: 'The pages beside this one, `first`, `prev` and `next`, as far as they exist (RFC 8288).',
    schema: text({ max: 4 * URL_LENGTH }).schema,
    example: '</api/v1/organizations?page=2>; rel="next"',
  },
  'Idempotency-Replayed': {
    of: ({ operation, status }) => isKeptStatus(status) && !BEFORE_KEYS.has(status) && takesKey(operation),
    description: 'The answer is the one that this Idempotency-Key had before.',
    schema: { type: 'string', enum: ['true'] },
    example: 'true',
  },
  Deprecation: {
    of: ({ operation }) => operation.deprecated === true,
    description: 'Since when the operation is deprecated (RFC 9745).',
    schema: text({ pattern: /^@\d+$/, max: 20 }).schema,
    example: '@1790000000',
  },
  Sunset: {
    of: ({ operation }) => operation.deprecated === true,
    description: 'When the operation goes (RFC 8594).',
    schema: text({ max: 40 }).schema,
    example: 'Fri, 31 Dec 2027 00:00:00 GMT',
  },
};

const ifNoneMatch: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The ETag of what you have: the answer is 304, without a body, while it is as you have it.',
  schema: { ...text({ max: URL_LENGTH }).schema },
};

const notModified: Response = { description: 'It is as you have it.' };

/** @returns the operation with the headers that its answers have; a read of what is versioned takes `If-None-Match` */
export function withHeaders({ operation, method }: PlacedOperation, kinds: Kinds): Operation {
  const isConditional =
    method === 'get' && successesOf(operation).some(([, found]) => isOf(kinds.versioned, classOf(found)));
  const answers = { ...operation.responses, ...(isConditional && { 304: notModified }) };
  const responses: Operation['responses'] = {};
  for (const [status, response] of Object.entries(answers)) {
    if (!response || isReference(response)) continue;
    const name = Number(status) < FIRST_CLIENT_ERROR ? classOf(response) : undefined;
    const isVersion = isOf(kinds.versioned, name) || response === notModified;
    const answer = { status: Number(status), operation, isVersion, isList: isOf(kinds.lists, name) };
    responses[status] = { ...response, headers: { ...response.headers, ...referencesFor(answer) } };
  }
  const parameters = [...(operation.parameters ?? []), ...(isConditional ? [ifNoneMatch] : [])];
  return { ...operation, parameters, responses };
}

function referencesFor(answer: PlacedResponse): Record<string, { $ref: string }> {
  const given = Object.entries(headers).filter(([, { of }]) => of(answer));
  return Object.fromEntries(given.map(([name]) => [name, { $ref: `#/components/headers/${name}` }]));
}

function isOf(classes: ReadonlySet<string>, name: string | undefined): boolean {
  return name !== undefined && classes.has(name);
}

function takesKey(operation: Operation): boolean {
  return takes(IDEMPOTENCY_KEY_HEADER, operation);
}

function takes(header: string, { parameters = [] }: Operation): boolean {
  return parameters.some((parameter) => !isReference(parameter) && parameter.name === header);
}

/** @returns the classes by which what is written conditionally is answered when it is made, read and changed, and those of lists */
export function kindsOf(operations: readonly PlacedOperation[], { schemas = {} }: Components): Kinds {
  const conditional = operations.filter(({ operation }) => takes('If-Match', operation));
  const paths = new Set(conditional.map(({ path }) => path));
  const collections = new Set(conditional.map(({ path }) => path.slice(0, path.lastIndexOf('/'))));
  const answering = operations.filter(({ path, method }) => {
    return method === 'post' ? collections.has(path) : paths.has(path);
  });
  const versioned = answering.flatMap(({ operation }) => successesOf(operation).map(([, found]) => classOf(found)));
  const lists = Object.entries(schemas).filter(
    ([, schema]) => 'properties' in schema && schema.properties?.['pagination'],
  );
  return {
    versioned: new Set(versioned.filter((name) => name !== undefined)),
    lists: new Set(lists.map(([name]) => name)),
  };
}

/** @returns each of the headers that answers refer to */
export function headerComponents(names: ReadonlySet<string>): NonNullable<Components['headers']> {
  const named = Object.entries(headers).filter(([name]) => names.has(name));
  return Object.fromEntries(named.map(([name, header]) => [name, documented(header)]));
}

function documented({ description, schema, example }: KnownHeader): Header {
  return { description, schema, example };
}
