import jwt from 'jsonwebtoken';
import type { Browser, ElementHandle, Page } from 'puppeteer-core';
import { freePort } from '../../prisma/embedded/free-port.ts';
import { seed, type SignIn } from '../../prisma/seed.ts';
import { Passwords } from '../../src/core/crypto/index.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS } from '../../src/features/auth/access-tokens.ts';
import { TestApp } from '../support/app.ts';
import { startChromium } from '../support/chromium.ts';
import { RECOVERY_CODE, TestFactor } from '../support/second-factor.ts';

const PASSWORD = 'a password of this clone';
const ACCESS_COOKIE = '__Host-tenantry_access';

let app: TestApp;
let chromium: Browser;
let origin: string;
let people: SignIn;

beforeAll(async () => {
  const port = await freePort('127.0.0.1');
  // Chromium takes Secure cookies from this name without https, and the API trusts the origin as its own.
  origin = `http://localhost:${port}`;
  app = await TestApp.start({ port, environment: { API_URL: origin } });
  people = await seed(app.database.url('tenantry_app'), PASSWORD);
  chromium = await startChromium();
});

afterAll(async () => {
  await chromium.close();
  await app.stop();
});

/** Swagger UI in a profile of its own, and what went wrong or elsewhere in it. */
class Docs {
  readonly faults: string[] = [];
  readonly origins = new Set<string>();

  private constructor(readonly page: Page) {
    page.on('pageerror', (error) => this.faults.push(String(error)));
    page.on('console', (line) => {
      // That a request was refused is Chromium's to say; what the policy forbids is ours to know.
      if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) this.faults.push(line.text());
    });
    page.on('request', (request) => {
      const { protocol, origin: asked } = new URL(request.url());
      if (protocol !== 'data:') this.origins.add(asked);
    });
  }

  static async open(): Promise<Docs> {
    const context = await chromium.createBrowserContext();
    const docs = new Docs(await context.newPage());
    await docs.page.goto(`${origin}/docs`);
    await docs.page.waitForSelector('.opblock');
    return docs;
  }

  async signIn(email: string, password = PASSWORD): Promise<void> {
    await this.page.waitForSelector('#sign-in:not([hidden])');
    await this.page.type('#sign-in [name=email]', email);
    await this.page.type('#sign-in [name=password]', password);
    await this.page.click('#sign-in button');
  }

  /** @returns who is said to be signed in */
  async account(): Promise<string> {
    await this.page.waitForSelector('#account:not([hidden])');
    return this.page.$eval('#account', ({ firstChild }) => firstChild?.textContent ?? '');
  }

  async signOut(): Promise<void> {
    await this.page.click('#account button');
    await this.page.waitForSelector('#sign-in:not([hidden])');
  }

  /** Opens an operation, sends what Swagger UI has filled in, or the given body. @returns status and body that it shows */
  async execute(operationId: string, body?: object): Promise<{ status: number; text: string }> {
    const block = await this.#opened(operationId);
    if (body) await this.#fill(await this.#in(block, 'textarea.body-param__text'), JSON.stringify(body));
    const execute = await this.#in(block, 'button.execute');
    const cleared = await block.$('button.btn-clear');
    await cleared?.evaluate((button) => (button as { click?: () => void }).click?.());
    await execute.evaluate((button) => (button as { click?: () => void }).click?.());
    const status = await this.#in(block, '.live-responses-table .response .response-col_status');
    const answer = await this.#in(block, '.live-responses-table');
    return {
      status: Number.parseInt((await status.evaluate(({ textContent }) => textContent)) ?? '', 10),
      text: (await answer.evaluate(({ textContent }) => textContent)) ?? '',
    };
  }

  /** What scripts of the page could get hold of. */
  async readable(): Promise<string> {
    // As text: it is the page's to run, and has the page's names.
    const script = 'JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])';
    return String(await this.page.evaluate(script));
  }

  /** Puts a token of the same session in its place that was given too long ago. */
  async letTokenExpire(): Promise<void> {
    const context = this.page.browserContext();
    const cookie = (await context.cookies()).find(({ name }) => name === ACCESS_COOKIE)!;
    const { sub, sid } = jwt.decode(cookie.value) as jwt.JwtPayload;
    const value = app.actors.token(String(sub), String(sid), ACCESS_TOKEN_LIFETIME_SECONDS + 1);
    await context.setCookie({ ...cookie, value });
  }

  async #opened(operationId: string): Promise<ElementHandle> {
    const block = await this.page.waitForSelector(`[id$="-${operationId}"]`);
    if (!block) throw new Error(`${operationId} is not there`);
    if (!(await block.$('.opblock-body'))) await (await this.#in(block, '.opblock-summary-control')).click();
    return block;
  }

  async #in(block: ElementHandle, selector: string): Promise<ElementHandle> {
    const found = await block.waitForSelector(selector);
    if (!found) throw new Error(`${selector} is not there`);
    return found;
  }

  async #fill(area: ElementHandle, text: string): Promise<void> {
    await area.click({ count: 3 });
    await this.page.keyboard.down('Control');
    await this.page.keyboard.press('KeyA');
    await this.page.keyboard.up('Control');
    await area.type(text);
  }
}

describe('Swagger UI', () => {
  let docs: Docs;
  beforeEach(async () => void (docs = await Docs.open()));
  afterEach(async () => {
    expect(docs.faults).toEqual([]);
    expect([...docs.origins]).toEqual([origin]);
    await docs.page.browserContext().close();
  });

  it('is there with a filter, and asks for nothing from elsewhere', async () => {
    await docs.page.type('.operation-filter-input', 'Organizations');
    await docs.page.waitForFunction('document.querySelectorAll(".opblock-tag-section").length === 1');
  });

  it('signs in, stays signed in after a reload and in another tab, and no script can read by what', async () => {
    await docs.signIn(people.email);
    expect(await docs.account()).toBe('Signed in as demo@example.com');
    await docs.page.reload();
    expect(await docs.account()).toBe('Signed in as demo@example.com');

    const cookies = await docs.page.browserContext().cookies();
    expect(cookies.map(({ name }) => name).toSorted()).toEqual([ACCESS_COOKIE, '__Secure-tenantry_refresh']);
    for (const { httpOnly, secure } of cookies) expect([httpOnly, secure]).toEqual([true, true]);
    expect(await docs.readable()).not.toMatch(/tenantry|[\w-]{40}/);

    const tab = await docs.page.browserContext().newPage();
    await tab.goto(`${origin}/docs`);
    await tab.waitForSelector('#account:not([hidden])');
  });

  it('tells what is wrong with a sign-in', async () => {
    await docs.signIn(people.email, 'wrong');
    await docs.page.waitForFunction('document.querySelector("#sign-in-message").textContent !== ""');
    expect(await docs.page.$eval('#sign-in-message', ({ textContent }) => textContent)).toContain('password is wrong');
    await docs.page.waitForSelector('#sign-in:not([hidden])');
  });

  it('signs in by its own form for the operation too, and shows no token', async () => {
    const { status, text } = await docs.execute('auth_login', { email: people.email, password: PASSWORD });
    expect(status).toBe(200);
    expect(text).toContain('session_id');
    expect(text).not.toMatch(/access_token|refresh_token/);
    expect(await docs.account()).toBe('Signed in as demo@example.com');
  });

  it('creates an organisation, and reads and changes the demo one, with what it has filled in', async () => {
    await docs.signIn(people.email);
    await docs.account();
    expect(await docs.execute('organizations_create')).toMatchObject({ status: 201 });
    expect(await docs.execute('organizations_list')).toMatchObject({
      status: 200,
      text: expect.stringMatching(/acme/),
    });
    expect(await docs.execute('organizations_find')).toMatchObject({
      status: 200,
      text: expect.stringMatching(/"demo"/),
    });
    expect(await docs.execute('organizations_update')).toMatchObject({ status: 200 });
  });

  it('goes on with a fresh token where the old one has expired', async () => {
    await docs.signIn(people.email);
    await docs.account();
    for (const operation of ['users_find', 'organizations_list']) await docs.execute(operation);
    await docs.letTokenExpire();
    const [mine, organizations] = await Promise.all([docs.execute('users_find'), docs.execute('organizations_list')]);
    expect([mine.status, organizations.status]).toEqual([200, 200]);
  });

  it('shows a member the 403, with the permission that it takes', async () => {
    await docs.signIn(people.memberEmail);
    expect(await docs.account()).toBe('Signed in as member@example.com');
    const { status, text } = await docs.execute('organizations_update');
    expect(status).toBe(403);
    expect(text).toContain('permission_denied');
    expect(text).toContain('organization:update');
  });

  /** Somebody of their own, who signs in by the password. */
  const somebody = async () => {
    const ada = await app.actors.user();
    const hash = await app.nest.get(Passwords).hash(PASSWORD);
    await app.database.query('insert into passwords (user_id, hash) values ($1, $2)', [ada.userId, hash]);
    return ada;
  };

  it('asks whoever has a second factor for a code of it, and again after a wrong one', async () => {
    const ada = await somebody();
    await TestFactor.active(app, ada);
    const asked: string[] = [];
    docs.page.on('dialog', (dialog) => {
      asked.push(dialog.message());
      void dialog.accept(asked.length === 1 ? '000000' : RECOVERY_CODE);
    });
    await docs.signIn(ada.email);
    expect(await docs.account()).toContain(ada.email);
    expect(asked).toEqual([expect.not.stringContaining('must be'), expect.stringContaining('must be the code')]);
  });

  it('says that nobody is signed in once the account is deleted', async () => {
    const ada = await somebody();
    await docs.signIn(ada.email);
    await docs.account();
    expect((await docs.execute('account_delete')).status).toBe(204);
    await docs.page.waitForSelector('#sign-in:not([hidden])');
  });

  it('signs out, for good', async () => {
    await docs.signIn(people.email);
    await docs.account();
    await docs.signOut();
    expect(await docs.page.browserContext().cookies()).toEqual([]);
    await docs.page.reload();
    await docs.page.waitForSelector('#sign-in:not([hidden])');
    expect((await docs.execute('users_find')).status).toBe(401);
  });
});
