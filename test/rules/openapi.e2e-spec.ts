import type { Response } from 'supertest';
import { createDocument } from '../../src/core/openapi/index.ts';
import { AuthApp, PASSWORD } from '../support/auth.ts';
import type { Client } from '../support/client.ts';
import { Contract } from '../support/contract.ts';
import { documentedPath, METHODS, pathOf, Routes } from '../support/routes.ts';

// The tests are made from the routes, so the application is there before they are.
const app = await AuthApp.start();
const routes = new Routes(app.test);
const document = createDocument(app.test.nest);
const contract = new Contract(document);
const documented = routes.all
  .map((route) => ({ ...route, place: documentedPath(route) }))
  .filter(({ place }) => place in document.paths);

afterAll(() => app.stop());

type Documented = (typeof documented)[number];

const methodOf = ({ method }: Documented) => METHODS[method as keyof typeof METHODS];

function faultsOf(route: Documented, answer: Response): string[] {
  expect(document.paths[route.place]).toHaveProperty(methodOf(route));
  return faultsIn(methodOf(route), route.place, answer);
}

function faultsIn(method: string, path: string, { status, headers, text }: Response): string[] {
  return contract.faultsIn(method, path, { status, headers, body: text });
}

describe.each(documented)('$method $path', (route) => {
  it('answers its owner, and the second time, as the document says', async () => {
    const organization = await app.test.actors.sharedOrganization();
    const ids = await routes.idsFor(route, organization);
    const read = await routes.call(organization.owner.api, route, ids);
    expect(faultsOf(route, read)).toEqual([]);
    if (route.rule.kind !== 'public') expect(read.ok).toBe(true);

    const tag = read.headers['etag'];
    if (tag === undefined || route.method === 'POST') return;
    const again = organization.owner.api.outside(methodOf(route), pathOf(route, ids)).set('if-none-match', tag);
    const answer = await (route.method === 'GET' ? again : again.set('if-match', '"0.x"').send({ name: 'Late' }));
    expect(answer.status).toBe(route.method === 'GET' ? 304 : 412);
    expect(faultsOf(route, answer)).toEqual([]);
  });

  it('refuses as the document says', async () => {
    const organization = await app.test.actors.organization();
    const ids = await routes.idsFor(route, organization);
    const outsider = await app.test.actors.user();
    const powerless = await app.test.actors.member(organization, []);
    const send = (caller: Client, suffix = '') => caller.outside(methodOf(route), pathOf(route, ids) + suffix);
    const malformed = send(organization.owner.api).set('content-type', 'application/json');
    const form = send(organization.owner.api).type('form');
    const answers = [
      await send(app.test.anonymous),
      await send(outsider.api),
      await send(powerless.api),
      await send(organization.owner.api, '?unknown=1'),
      ...(route.method === 'GET' ? [] : [await malformed.send('{'), await form.send('a=b')]),
    ];
    for (const answer of answers) expect([answer.status, ...faultsOf(route, answer)]).toEqual([answer.status]);
    expect(answers.filter(({ ok }) => !ok)).not.toEqual([]);
  });
});

describe('a sign-in', () => {
  const post = async (path: string, body: object, cookie = false): Promise<string[]> => {
    const call = app.post(path, body);
    const answer = await (cookie
      ? call.set('x-token-transport', 'cookie').set('origin', 'http://localhost:3000')
      : call);
    return [String(answer.status), ...faultsIn('post', `/api/v1${path}`, answer)];
  };

  it('answers as the document says, by body and by cookie', async () => {
    const email = app.newAddress();
    const { refresh_token } = await app.person(email);
    expect(await post('/auth/login', { email, password: PASSWORD })).toEqual(['200']);
    expect(await post('/auth/login', { email, password: PASSWORD }, true)).toEqual(['200']);
    expect(await post('/auth/login', { email, password: 'wrong' })).toEqual(['401']);
    expect(await post('/auth/refresh', { refresh_token })).toEqual(['200']);
    expect(await post('/auth/refresh', { refresh_token: 'unknown' })).toEqual(['401']);
    expect(await post('/auth/register', { email, name: 'Ada' })).toEqual(['202']);
    expect(await post('/auth/email/verify', { token: 'unknown' })).toEqual(['410']);
  });
});
