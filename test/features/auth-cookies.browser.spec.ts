import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'puppeteer-core';
import { freePort } from '../../prisma/embedded/free-port.ts';
import { AuthApp, PASSWORD } from '../support/auth.ts';
import { startChromium } from '../support/chromium.ts';

/** A site with one empty page. */
class Site {
  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(): Promise<Site> {
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>A site</title>');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Site(server, (server.address() as AddressInfo).port);
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

let app: AuthApp;
let chromium: Browser;
let site: Site;
let neighbour: Site;
let api: string;
let email: string;
let page: Page;

beforeAll(async () => {
  [site, neighbour] = await Promise.all([Site.start(), Site.start()]);
  const port = await freePort('127.0.0.1');
  const origin = `http://localhost:${port}`;
  api = `${origin}/api/v1`;
  app = await AuthApp.start({ API_URL: origin, CORS_ORIGINS: `http://localhost:${site.port}` }, port);
  email = app.newAddress();
  await app.person(email);
  chromium = await startChromium();
});

afterAll(async () => {
  await chromium.close();
  await app.stop();
  site.stop();
  neighbour.stop();
});

beforeEach(async () => {
  page = await (await chromium.createBrowserContext()).newPage();
  await page.goto(`http://localhost:${site.port}`);
});

afterEach(() => page.browserContext().close());

interface Told {
  readonly status: number;
  readonly body: Record<string, unknown> | null;
}

/** What the page that is open gets from a call with its cookies; null where the browser lets it see nothing. */
async function call(method: string, path: string, body?: object, headers: object = {}): Promise<Told | null> {
  const options = {
    method,
    credentials: 'include',
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  };
  // As text: it is the page's to run.
  const script = `fetch(${JSON.stringify(api + path)}, ${JSON.stringify(options)}).then(
    async (answer) => ({ status: answer.status, body: await answer.json().catch(() => null) }),
    () => null,
  )`;
  return (await page.evaluate(script)) as Told | null;
}

const signIn = () => call('POST', '/auth/login', { email, password: PASSWORD }, { 'x-token-transport': 'cookie' });

it('a front end of an allowed origin signs in, writes, refreshes and signs out by cookie', async () => {
  const signedIn = await signIn();
  expect(signedIn).toEqual({ status: 200, body: { expires_in: 600, session_id: expect.any(String) } });
  expect(await call('GET', '/me')).toMatchObject({ status: 200, body: { email } });
  expect(await call('POST', '/organizations', { name: 'Acme' })).toMatchObject({ status: 201 });
  expect(await call('PATCH', '/me', { name: 'Ada L.' })).toMatchObject({ status: 200 });
  expect(await call('POST', '/auth/refresh')).toMatchObject({ status: 200 });
  expect(await page.evaluate('document.cookie')).toBe('');
  expect(await call('POST', '/auth/logout')).toMatchObject({ status: 204 });
  expect(await call('GET', '/me')).toMatchObject({ status: 401 });
  expect(await page.browserContext().cookies()).toEqual([]);
});

describe.each([
  // The same site to a browser, which sends the cookies along, and another site, which gets none of them sent.
  ['a neighbour of our site', 'localhost'],
  ['another site', '127.0.0.1'],
])('%s', (_kind, host) => {
  beforeEach(async () => {
    await signIn();
    await page.goto(`http://${host}:${neighbour.port}`);
  });

  it('reads nothing, and changes nothing by scripts', async () => {
    await app.test.changingNothing(async () => {
      expect(await call('GET', '/me')).toBeNull();
      expect(await call('POST', '/organizations', { name: 'Planted' })).toBeNull();
      expect(await call('POST', '/auth/logout')).toBeNull();
      expect(await call('POST', '/auth/refresh')).toBeNull();
      expect(await signIn()).toBeNull();
    });
  });

  it.each([
    ['/organizations', 'text/plain'],
    ['/auth/logout', 'application/x-www-form-urlencoded'],
    ['/auth/refresh', 'application/x-www-form-urlencoded'],
  ])('changes nothing by a form to %s', async (path, type) => {
    await app.test.changingNothing(async () => {
      const submit = `
        const form = Object.assign(document.createElement('form'), { method: 'post', action: '${api}${path}', enctype: '${type}' });
        ${type === 'text/plain' ? `form.append(Object.assign(document.createElement('input'), { name: '{"name":"Planted","a":"', value: '"}' }));` : ''}
        document.body.append(form);
        form.submit();`;
      const [answer] = await Promise.all([page.waitForNavigation(), page.evaluate(submit)]);
      expect([401, 403, 415]).toContain(answer?.status());
    });
  });
});
