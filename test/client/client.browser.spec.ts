import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { freePort } from '../../prisma/embedded/free-port.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS } from '../../src/features/auth/access-tokens.ts';
import { AuthApp, PASSWORD } from '../support/auth.ts';
import { BuiltClient } from '../support/built-client.ts';
import { startChromium } from '../support/chromium.ts';

const IMPORTS = { 'tenantry-client': '/tenantry-client/index.js', 'openapi-fetch': '/openapi-fetch/dist/index.mjs' };
const PAGE = `<!doctype html><title>A page</title><script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`;
const ACCESS_COOKIE = '__Host-tenantry_access';

let app: AuthApp;
let built: BuiltClient;
let site: Server;
let chromium: Browser;
let page: Page;
let api: string;
let home: string;

beforeAll(async () => {
  built = new BuiltClient();
  site = createServer((request, response) => {
    const isScript = /[.]m?js$/.test(request.url ?? '');
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? readFileSync(join(built.packages, request.url ?? '')) : PAGE);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  home = `http://localhost:${(site.address() as AddressInfo).port}`;
  const port = await freePort('127.0.0.1');
  api = `http://localhost:${port}`;
  app = await AuthApp.start({ API_URL: api, CORS_ORIGINS: home }, port);
  chromium = await startChromium();
  page = await chromium.newPage();
  await page.goto(home);
}, 120_000);

afterAll(async () => {
  await chromium.close();
  site.close();
  site.closeAllConnections();
  await app.stop();
  built.remove();
});

/** @returns what the script, of a page that has the client as `api` and `ok`, comes to */
// oxlint-disable-next-line typescript/no-explicit-any -- it comes out of a page
async function inPage(script: string): Promise<any> {
  const text = `(async () => {
    const { createClient, ok } = await import('tenantry-client');
    const api = createClient({ baseUrl: ${JSON.stringify(api)} });
    ${script}
  })()`;
  return page.evaluate(text);
}

it('signs in, stays signed in, writes, and renews, from another origin in a real browser', async () => {
  const email = app.newAddress();
  await app.person(email);
  const body = JSON.stringify({ email, password: PASSWORD });
  const me = () => inPage(`return ok(api.GET('/api/v1/me'));`);

  expect(await inPage(`return (await api.GET('/api/v1/me')).error.code;`)).toBe('unauthenticated');
  const session = await inPage(`return ok(api.POST('/api/v1/auth/login', { body: ${body} }));`);
  expect(Object.keys(session).toSorted()).toEqual(['expires_in', 'session_id']);
  await page.reload();
  expect(await me()).toMatchObject({ email });
  expect(await page.evaluate('document.cookie')).toBe('');

  const name = await inPage(`
    const { data, response } = await api.POST('/api/v1/organizations', { body: { name: 'Acme' } });
    const params = { path: { organization_id: data.id }, header: { 'If-Match': response.headers.get('ETag') } };
    return (await ok(api.PATCH('/api/v1/organizations/{organization_id}', { params, body: { name: 'Renamed' } }))).name;`);
  expect(name).toBe('Renamed');

  const { id } = await me();
  const expired = app.test.actors.token(id, session.session_id, ACCESS_TOKEN_LIFETIME_SECONDS + 1);
  await chromium.setCookie({
    name: ACCESS_COOKIE,
    value: expired,
    domain: 'localhost',
    path: '/',
    secure: true,
    httpOnly: true,
  });
  const sent: string[] = [];
  page.on('request', (request) => sent.push(`${request.method()} ${request.url()}`));
  expect(
    await inPage(`
    const all = await Promise.all(Array.from({ length: 10 }, () => ok(api.GET('/api/v1/me'))));
    return new Set(all.map(({ id }) => id)).size;`),
  ).toBe(1);
  expect(sent.filter((call) => call === `POST ${api}/api/v1/auth/refresh`)).toHaveLength(1);

  await inPage(`return ok(api.POST('/api/v1/auth/logout'));`);
  expect(await inPage(`return (await api.GET('/api/v1/me')).error.code;`)).toBe('unauthenticated');
});
