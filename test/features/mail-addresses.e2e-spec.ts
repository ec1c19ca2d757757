import type { Test } from 'supertest';
import { AuthApp } from '../support/auth.ts';
import { type ReceivedMail, SmtpServer } from '../support/smtp-server.ts';
import { until } from '../support/until.ts';

const APP_URL = 'https://app.tenantry.example';

describe('mails to addresses that anybody can write', () => {
  let app: AuthApp;
  let smtp: SmtpServer;

  beforeAll(async () => {
    smtp = await SmtpServer.start();
    app = await AuthApp.start({ NODE_ENV: 'test', SMTP_URL: smtp.url, APP_URL });
  });

  afterAll(async () => {
    await app.stop();
    await smtp.stop();
  });

  beforeEach(() => smtp.forget());

  const calls: readonly [path: string, ask: (email: string) => Test][] = [
    ['/auth/register', (email) => app.post('/auth/register', { email, name: 'Ada' })],
    ['/auth/magic-links', (email) => app.post('/auth/magic-links', { email })],
    ['/auth/password/forgot', (email) => app.post('/auth/password/forgot', { email })],
  ];

  /** Asks for a link by mail. @returns the mail, once nothing more is on its way */
  async function mailAfter(call: Test): Promise<ReceivedMail> {
    await call.expect(202);
    const waiting = 'select from graphile_worker._private_jobs where run_at <= now()';
    await until(async () => (await app.test.database.query(waiting)).length === 0);
    expect(smtp.mails).toHaveLength(1);
    return smtp.mails[0]!;
  }

  describe.each(calls)('%s', (_path, ask) => {
    it.each([
      ['begins a header', 'ada@example.com\r\nBcc: eve@example.com'],
      ['begins a header with a line feed', 'ada@example.com\nBcc: eve@example.com'],
      ['begins a header in quotes', '"ada\r\nBcc: eve@example.com"@example.com'],
      ['ends a command of SMTP', 'ada@example.com>\r\nRCPT TO:<eve@example.com'],
      ['breaks the line as Unicode does', 'ada@example.com\u2028Bcc: eve@example.com'],
      ['breaks the line as Unicode does, in quotes', '"ada\u2028Bcc: eve"@example.com'],
      ['breaks the line as Unicode does, escaped in quotes', '"ada\\\u2029Bcc: eve"@example.com'],
      ['is two', 'ada@example.com, eve@example.com'],
      ['is two in one', 'ada@example.com@eve.example'],
      ['has a name', 'Ada <ada@example.com>'],
      ['has angle brackets', '<ada@example.com>'],
      ['has angle brackets in quotes', '"<eve@example.com>"@example.com'],
      ['turns the text around', '"\u202eada"@example.com'],
      ['is too long for a mailbox', `${'a'.repeat(65)}@example.com`],
      ['has 320 characters', `${'a'.repeat(64)}@${`${'b'.repeat(61)}.`.repeat(4)}example`],
      ['is of an IP address', 'ada@[127.0.0.1]'],
    ])('refuses an address that %s', async (_why, email) => {
      const { body } = await ask(email).expect(422);
      expect(body.errors).toEqual([expect.objectContaining({ pointer: '/email', code: 'email' })]);
      expect(JSON.stringify(body)).not.toContain('eve');
    });
  });

  it.each([
    ['a quoted @', '"ada@eve.example"@example.com', '"ada@eve.example"@example.com'],
    ['a quoted comma', '"ada, eve@eve.example"@example.com', '"ada, eve@eve.example"@example.com'],
    ['a quoted quote', '"ada\\"@eve.example"@example.com', '"ada\\"@eve.example"@example.com'],
    ['a domain that is not ASCII', 'ada@b\u00fccher.example', 'ada@xn--bcher-kva.example'],
    ['all that may be there', `${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
    ['an apostrophe and a tag', `o'neil+tag@example.com`, `o'neil+tag@example.com`],
    ['a way on', 'ada%eve.example@example.com', 'ada%eve.example@example.com'],
    ['letters that are not ASCII', 'gr\u00e4fin@example.com', 'gr\u00e4fin@example.com'],
  ])('takes an address with %s for one, which alone gets the mail', async (_what, email, expected) => {
    const { to, source } = await mailAfter(app.post('/auth/magic-links', { email }));
    expect(to).toEqual([expected]);
    const unfolded = source.replace(/\r\n[ \t]+/g, ' ');
    const recipients = unfolded.match(/^(?:to|cc|bcc):.*$/gim)?.map((line) => line.replace(/: <(.*)>/, ': $1'));
    expect(recipients).toEqual([`To: ${expected}`]);
  });

  it.each([
    ['Host', 'evil.example'],
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Original-Host', 'evil.example'],
    ['Forwarded', 'host=evil.example;proto=http'],
    ['X-Forwarded-Proto', 'evil'],
    ['Origin', 'https://evil.example'],
    ['Referer', 'https://evil.example/'],
    ['Accept-Language', 'evil.example, </style>'],
    ['User-Agent', 'evil.example'],
  ])('leads to the front end of the configuration, whatever %s says', async (name, value) => {
    const { source } = await mailAfter(app.post('/auth/magic-links', { email: app.newAddress() }).set(name, value));
    const text = source.replaceAll('=\r\n', '').replaceAll('=3D', '=');
    expect(text).toMatch(new RegExp(`^${APP_URL}/magic-link#token=[\\w-]{43}\r$`, 'm'));
    expect(text).not.toContain('evil');
  });
});
