import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppModule } from '../../src/app.module.ts';
import { faultCodes } from '../../src/core/http/fault-codes.ts';
import { createApplication } from '../../src/core/http/index.ts';
import { createDocument } from '../../src/core/openapi/index.ts';
import { operationsOf } from '../../src/core/openapi/types.ts';
import { problems } from '../../src/core/http/problems.ts';
import { testConfig } from '../support/environment.ts';

const COMMITTED = join(import.meta.dirname, '../../openapi.json');

// oxlint-disable-next-line typescript/no-explicit-any -- parsed JSON, as its readers have it
type Json = Record<string, any>;

const config = testConfig();
const app = await createApplication(AppModule.of(config), config);
const document: Json = JSON.parse(JSON.stringify(createDocument(app)));
const operations = operationsOf(createDocument(app)).map(({ path, method }) => ({
  label: `${method.toUpperCase()} ${path}`,
  path,
  method,
  operation: document['paths'][path][method] as Json,
}));

afterAll(() => app.close());

it('has one spelling of what everything belongs to', () => {
  expect(readFileSync(COMMITTED, 'utf8')).not.toMatch(/organisation/i);
});

function resolved(part: Json): Json {
  if (typeof part['$ref'] !== 'string') return part;
  return part['$ref']
    .split('/')
    .slice(1)
    .reduce((found: Json, name: string) => found[name], document);
}

/** @returns every schema in the part, by where it stands */
function schemasIn(part: unknown, place = '#'): [string, Json][] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([name, value]): [string, Json][] => {
    const here = `${place}/${name}`;
    if (['example', 'examples', 'default', 'enum'].includes(name)) return [];
    const isSchema = name === 'schema' || name === 'items' || /\/(properties|schemas)$/.test(place);
    const found: [string, Json][] = isSchema ? [[here, value]] : [];
    return [...found, ...schemasIn(value, here)];
  });
}

const schemas = schemasIn(document);

it('is the one that is committed: a change of it is reviewed as a change of the contract (npm run openapi)', () => {
  expect(JSON.parse(readFileSync(COMMITTED, 'utf8'))).toEqual(document);
});

describe('the schemas', () => {
  it('say what they are: none is empty', () => {
    const kinds = ['type', '$ref', 'allOf', 'anyOf', 'oneOf', 'enum'];
    expect(schemas.filter(([, schema]) => !kinds.some((kind) => kind in schema)).map(([place]) => place)).toEqual([]);
  });

  it("are closed, or of the client's own making", () => {
    const objects = schemas.filter(([, { type }]) => [type].flat().includes('object'));
    const open = objects.filter(([, { properties, additionalProperties }]) => {
      return additionalProperties !== (properties === undefined);
    });
    expect(objects.length).toBeGreaterThan(5);
    expect(open.map(([place]) => place)).toEqual([]);
  });
});

it('tells the code of each fault that a field can have', () => {
  const { description } = document['components']['schemas']['FieldErrorResponse'].properties.code;
  for (const [code, meaning] of Object.entries(faultCodes)) expect(description).toContain(`- \`${code}\`: ${meaning}`);
});

describe.each(operations)('$label', ({ path, method, operation }) => {
  const isLimited = !path.startsWith('/health/');
  const refusals = Object.entries(operation['responses'] as Json).filter(([status]) => status >= '400');

  it('tells what any route can refuse with', () => {
    const codes = refusals.flatMap(([, response]) =>
      Object.keys(resolved(response)['content']['application/problem+json'].examples),
    );
    const expected = [
      'bad_request',
      'validation_failed',
      'internal_error',
      ...(method === 'get' ? [] : ['malformed_json', 'payload_too_large', 'unsupported_media_type']),
      ...(isLimited ? ['rate_limited', 'unavailable'] : []),
      ...(path.includes('{') ? ['not_found'] : []),
    ];
    expect(codes).toEqual(expect.arrayContaining(expected));
    expect(codes).not.toContain('method_not_allowed');
    expect(Object.keys(operation).filter((name) => /^x-(refuses|section)/.test(name))).toEqual([]);
  });

  it('tells each code, with an example of its answer', () => {
    for (const [status, reference] of refusals) {
      const { content, description } = resolved(reference);
      const { schema, examples } = content['application/problem+json'];
      const codes: (keyof typeof problems)[] = schema.allOf[1].properties.code.enum;
      expect(codes.map((code) => String(problems[code].status))).toEqual(codes.map(() => status));
      expect(Object.keys(examples)).toEqual(codes);
      for (const code of codes) {
        expect(description).toContain(`\`${code}\`: ${problems[code].detail}`);
        expect(resolved(examples[code])).toMatchObject({ value: { code, status: Number(status) } });
      }
    }
  });

  it('tells of an Idempotency-Key where it takes one: a POST of somebody who is known, but for what is single-use', () => {
    const takesKey = method === 'post' && !('x-public' in operation) && !path.startsWith('/api/v1/auth/');
    const named = (operation['parameters'] ?? []).filter(({ name }: Json) => name === 'Idempotency-Key');
    const replayed = Object.entries(operation['responses'] as Json).filter(
      ([, answer]) => resolved(answer)['headers']['Idempotency-Replayed'],
    );
    const statuses = Object.keys(operation['responses']);
    const kept = statuses.filter((status) => status < '500' && !['401', '403', '413', '415', '429'].includes(status));
    expect(named).toMatchObject(takesKey ? [{ in: 'header', required: false, schema: { maxLength: 255 } }] : []);
    expect(replayed.map(([status]) => status)).toEqual(takesKey ? kept : []);
    const codes = refusals.flatMap(
      ([, answer]) => resolved(answer)['content']['application/problem+json'].schema.allOf[1].properties.code.enum,
    );
    for (const code of ['idempotency_in_progress', 'idempotency_key_reused'])
      expect(codes.includes(code)).toBe(takesKey);
    if (takesKey) expect(resolved(operation['responses']['409'])['headers']).toHaveProperty('Retry-After');
  });

  it('tells the headers of its answers', () => {
    for (const [status, reference] of Object.entries(operation['responses'] as Json)) {
      const { headers } = resolved(reference);
      const expected = [
        'X-Request-Id',
        ...(isLimited ? ['RateLimit', 'RateLimit-Policy'] : []),
        ...(status === '201' ? ['Location'] : []),
        ...(status === '401' ? ['WWW-Authenticate'] : []),
        ...(['429', '503'].includes(status) ? ['Retry-After'] : []),
      ];
      expect(Object.keys(headers)).toEqual(expect.arrayContaining(expected));
    }
  });
});

it('names the tag of versions and the links of lists, where they are', () => {
  const having = (header: string) =>
    operations.flatMap(({ label, operation }) => {
      const statuses = Object.entries(operation['responses'] as Json).filter(
        ([, response]) => resolved(response)['headers'][header],
      );
      return statuses.map(([status]) => `${label} ${status}`);
    });
  expect(having('ETag')).toEqual(
    expect.arrayContaining([
      'GET /api/v1/me 200',
      'GET /api/v1/me 304',
      'PATCH /api/v1/me 200',
      'POST /api/v1/organizations 201',
    ]),
  );
  expect(having('ETag')).not.toContain('GET /api/v1/organizations 200');
  expect(having('Link')).toContain('GET /api/v1/organizations 200');
  expect(having('Link')).not.toContain('GET /api/v1/me 200');
});

it('writes several values of a parameter with commas, as the contract does', () => {
  const parameters: Json[] = operations.flatMap(({ operation }) => operation['parameters'] ?? []);
  const lists = parameters.filter(({ schema }) => schema?.type === 'array');
  expect(lists.map(({ name }) => name)).toEqual(expect.arrayContaining(['slug', 'role', 'sort']));
  for (const list of lists) expect(list).toMatchObject({ style: 'form', explode: false });
});

it('tells of the cookies that a sign-in sets', () => {
  const having = operations.filter(({ operation }) => operation['responses']['200']?.headers['Set-Cookie']);
  const bringing = operations.filter(({ operation }) =>
    (operation['parameters'] ?? []).some(({ name }: Json) => name === 'X-Token-Transport'),
  );
  expect(having.map(({ label }) => label)).toEqual(bringing.map(({ label }) => label));
  expect(having.length).toBeGreaterThan(2);
});

it('tells how long a slug may be, and that some are refused', () => {
  for (const name of ['OrganizationRequest', 'OrganizationPatch']) {
    const { slug } = document['components']['schemas'][name].properties;
    expect(slug).toMatchObject({ maxLength: 48, description: expect.stringContaining('`reserved`') });
  }
});

it('takes a PATCH in both of its media types', () => {
  const bodies = operations
    .filter(({ method }) => method === 'patch')
    .map(({ operation }) => operation['requestBody'].content);
  for (const body of bodies) expect(Object.keys(body)).toEqual(['application/json', 'application/merge-patch+json']);
});
