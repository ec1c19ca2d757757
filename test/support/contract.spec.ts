import { v7 } from 'uuid';
import { Contract, type ContractAnswer } from './contract.ts';

const schema = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: {
    id: { type: 'string', format: 'uuid' },
    size: { type: 'integer', minimum: 1 },
    tags: { type: 'array', maxItems: 1, items: { enum: ['a', 'b'] } },
    note: { type: ['string', 'null'], maxLength: 3, pattern: '^x' },
  },
};
const document = {
  openapi: '3.1.0',
  info: { title: 'Cars', version: '1' },
  paths: {
    '/cars/{id}': {
      get: {
        operationId: 'cars_find',
        'x-permission': 'cars:read',
        'x-permission-also': { 'cars:drive': 'at night' },
        responses: {
          200: {
            description: 'A car.',
            headers: { ETag: {}, RateLimit: {} },
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Car' } } },
          },
          204: { description: 'None.' },
          400: { description: 'No.', headers: { RateLimit: {} } },
          403: { $ref: '#/components/responses/409.taken' },
          409: { $ref: '#/components/responses/409.taken' },
        },
      },
    },
  },
  components: {
    schemas: { Car: schema },
    responses: {
      '409.taken': {
        description: 'Taken.',
        headers: { 'Retry-After': {} },
        content: { 'application/problem+json': { schema: { type: 'object', required: ['code'] } } },
      },
    },
  },
};
const contract = new Contract(document);
const id = v7();

function answer(status: number, body: object | string, more: Record<string, string> = {}): ContractAnswer {
  const type = status < 400 ? 'application/json; charset=utf-8' : 'application/problem+json; charset=utf-8';
  const headers = { 'content-type': type, ...more };
  return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

const faultsIn = (given: ContractAnswer, method = 'GET') => contract.faultsIn(method, '/cars/1?x=1', given);
const car = (body: object) => answer(200, { id, ...body }, { etag: '"1"', ratelimit: '' });
const denied = (required: string, method?: string) =>
  faultsIn(answer(403, { code: 'permission_denied', required }, { 'retry-after': '1' }), method);
const refusal = (code: string, more = {}) => answer(409, { code }, more);

it('has nothing against what is as the document says', () => {
  expect(faultsIn(car({ size: 1, tags: ['a'], note: null }))).toEqual([]);
  expect(faultsIn(car({ note: 'x' }))).toEqual([]);
  expect(faultsIn({ ...car({}), body: '' }, 'HEAD')).toEqual([]);
  expect(faultsIn(answer(204, ''))).toEqual([]);
  expect(faultsIn(answer(400, '', { connection: 'close' }))).toEqual([]);
  expect(faultsIn(refusal('already_exists'))).toEqual([]);
  expect(faultsIn(refusal('idempotency_in_progress', { 'retry-after': '1' }))).toEqual([]);
});

it('finds a permission that is asked for, and that the document does not tell of', () => {
  expect(denied('cars:read')).toEqual([]);
  expect(denied('cars:drive')).toEqual([]);
  expect(denied('cars:sell')).toEqual(['cars_find 403: it takes cars:sell, which is not told of']);
  expect(denied('cars:sell', 'HEAD')).toEqual([]);
});

it('says nothing of what the document does not have', () => {
  expect(contract.faultsIn('GET', '/elsewhere', answer(404, {}))).toEqual([]);
  expect(contract.faultsIn('POST', '/cars/1', answer(405, {}))).toEqual([]);
  expect(faultsIn(answer(431, {}))).toEqual([]);
});

it.each<[string, ContractAnswer]>([
  ['cars_find has no answer 404 not_found', answer(404, { code: 'not_found' })],
  ['cars_find 200: etag is missing', answer(200, { id }, { ratelimit: '' })],
  ['cars_find 200: ratelimit is missing', answer(200, { id }, { etag: '"1"' })],
  ['cars_find 409: retry-after is missing', refusal('idempotency_in_progress')],
  ['cars_find 204: location is not told of', answer(204, '', { location: '/' })],
  ['cars_find 204: it has a body', answer(204, 'x')],
  ['cars_find 200: it has no body', { ...car({}), body: '' }],
  ['cars_find 200: it is text/html', answer(200, 'x', { etag: '', ratelimit: '', 'content-type': 'text/html' })],
  [`cars_find 200: must have required property 'id' {"missingProperty":"id"}`, car({ id: undefined })],
  ['cars_find 200: /id must match format "uuid" {"format":"uuid"}', car({ id: '1' })],
  ['cars_find 200: must NOT have additional properties {"additionalProperty":"more"}', car({ more: 1 })],
  ['cars_find 200: /size must be integer {"type":"integer"}', car({ size: '1' })],
  ['cars_find 200: /size must be >= 1 {"comparison":">=","limit":1}', car({ size: 0 })],
  [
    'cars_find 200: /tags/0 must be equal to one of the allowed values {"allowedValues":["a","b"]}',
    car({ tags: ['c'] }),
  ],
  ['cars_find 200: /tags must NOT have more than 1 items {"limit":1}', car({ tags: ['a', 'b'] })],
  ['cars_find 200: /note must match pattern "^x" {"pattern":"^x"}', car({ note: 'a' })],
  ['cars_find 200: /note must NOT have more than 3 characters {"limit":3}', car({ note: 'xxxx' })],
])('finds: %s', (fault, given) => {
  expect(faultsIn(given)).toEqual([fault]);
});
