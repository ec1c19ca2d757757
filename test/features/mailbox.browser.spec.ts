import type { Browser, Frame, Page } from 'puppeteer-core';
import { freePort } from '../../prisma/embedded/free-port.ts';
import { languages, Mailbox, samples } from '../../src/core/mail/index.ts';
import { AuthApp } from '../support/auth.ts';
import { startChromium } from '../support/chromium.ts';

const DARK = 'rgb(28, 31, 36)';
const LIGHT = 'rgb(255, 255, 255)';

let app: AuthApp;
let chromium: Browser;
let origin: string;
let page: Page;
let faults: string[];

beforeAll(async () => {
  const port = await freePort('127.0.0.1');
  origin = `http://localhost:${port}`;
  // The front end stands where this server does: all that a link has to do here is to lead there.
  app = await AuthApp.start({ API_URL: origin, APP_URL: `${origin}/app` }, port);
  chromium = await startChromium();
});

afterAll(async () => {
  await chromium.close();
  await app.stop();
});

beforeEach(async () => {
  page = await chromium.newPage();
  await page.setViewport({ width: 1280, height: 900 });
  faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (line) => faults.push(line.text()));
  page.on('request', (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (protocol.startsWith('http') && asked !== origin) faults.push(request.url());
  });
});
afterEach(() => page.close());

/** @returns the frames of a page, once they show what they are to show */
async function pictures(): Promise<Frame[]> {
  const frames = page.frames().filter((frame) => frame !== page.mainFrame());
  await Promise.all(frames.map((frame) => frame.waitForSelector('.card')));
  return frames;
}

/** Of a mail in its frame: as text, since it is the frame's to run, and has the frame's names. */
const LOOKS = `(() => {
  const background = (element) => getComputedStyle(element).backgroundColor;
  const linear = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = (colour) => {
    const [red, green, blue] = colour.match(/\\d+/g).map((channel) => linear(channel / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (element) => {
    const below = background(element.closest('.button, .card, .page'));
    const [dark, bright] = [getComputedStyle(element).color, below].map(luminance).toSorted((one, other) => one - other);
    return (bright + 0.05) / (dark + 0.05);
  };
  return {
    width: innerWidth,
    overflows: document.body.scrollWidth > innerWidth,
    card: background(document.querySelector('.card')),
    // As much contrast as WCAG 2.2 asks of text (1.4.3).
    isReadable: [...document.querySelectorAll('p, td.text, td.muted, a')].every((text) => contrast(text) >= 4.5),
  };
})()`;

describe('the mailbox in a browser', () => {
  it('shows a mail as it looks in a window and on a phone, by day and by night, whatever this browser has', async () => {
    const email = app.newAddress();
    await app.magicLink(email);
    for (const value of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
      await page.goto(`${origin}/dev/mailbox?to=${email}`);
      await Promise.all([page.waitForNavigation(), page.click('h2 a')]);
      const looks = [];
      for (const frame of await pictures()) looks.push(await frame.evaluate(LOOKS));
      const good = { overflows: false, isReadable: true };
      expect(looks).toEqual([
        { ...good, width: 680, card: LIGHT },
        { ...good, width: 375, card: LIGHT },
        { ...good, width: 680, card: DARK },
        { ...good, width: 375, card: DARK },
      ]);
    }
    expect(faults).toEqual([]);
  });

  it('follows the link of a mail to the front end, in a tab that knows nothing of the mailbox', async () => {
    const email = app.newAddress();
    const token = await app.magicLink(email);
    await page.goto(`${origin}/dev/mailbox?to=${email}`);
    const [frame] = await pictures();
    const opened = new Promise<Page | null>((resolve) => page.once('popup', (tab) => resolve(tab)));
    await frame!.click('a.button');
    const tab = (await opened)!;
    await tab.waitForFunction('location.protocol === "http:"');
    expect(tab.url()).toBe(`${origin}/app/magic-link#token=${token}`);
    expect(await tab.evaluate('[opener, document.referrer]')).toEqual([null, '']);
    await tab.close();
  });

  it('runs nothing that a mail brings, and sends no form of it', async () => {
    const id = '01930000-0000-7000-8000-000000000001';
    const hostile = `<!doctype html><html><head><title>x</title></head><body class="card">
<script>parent.document.title = 'taken'; console.log('ran')</script><img src="${origin}/picture" onerror="console.log('ran')">
<form action="${origin}/dev/mailbox"><button>go</button></form><a href="javascript:console.log('ran')">go</a></body></html>`;
    const mailbox = app.test.nest.get(Mailbox);
    mailbox.keep({ id, to: 'eve@example.com', subject: '</title>x', language: 'en', text: 'x', html: hostile });
    const loaded: string[] = [];
    page.on('requestfinished', (request) => loaded.push(request.url()));
    await page.goto(`${origin}/dev/mailbox/${id}`);
    const [frame] = await pictures();
    await frame!.click('button');
    await frame!.click('a');
    await page.goto(`${origin}/dev/mailbox/${id}`);
    expect(await page.title()).toBe('</title>x');
    expect(faults).not.toContain('ran');
    expect(new Set(loaded.filter((url) => !url.endsWith('/favicon.ico')))).toEqual(new Set([page.url()]));
  });

  it.each(Object.keys(languages))('shows every template in %s', async (language) => {
    await page.goto(`${origin}/dev/mailbox/templates?language=${language}`);
    expect(await page.$$eval('article', (articles) => articles.length)).toBe(samples('').length);
    expect(faults).toEqual([]);
  });
});
