import { Mailbox } from '../../src/core/mail/index.ts';
import { PASSWORD, tokenIn } from '../support/auth.ts';
import { TestApp } from '../support/app.ts';
import { SmtpServer } from '../support/smtp-server.ts';
import { until } from '../support/until.ts';

const ADDRESS = 'canary@example.com';
const PHONE = '+4915199887766';

/** What must not be found in the database in any form, by what it is. */
type Secrets = Readonly<Record<string, string>>;

describe('a dump of the whole database', () => {
  let app: TestApp;
  let smtp: SmtpServer;
  let secrets: Secrets;
  let tables: Map<string, string>;

  beforeAll(async () => {
    smtp = await SmtpServer.start();
    app = await TestApp.start({ environment: { SMTP_URL: smtp.url } });
    const post = (path: string, body: object) => app.anonymous.post(path, body);
    await post('/auth/register', { email: ADDRESS, name: 'Canary' }).expect(202);
    const [mail] = await app.mailsTo(ADDRESS);
    const { body } = await post('/auth/email/verify', { token: tokenIn(mail!), password: PASSWORD }).expect(200);
    const refreshed = await post('/auth/refresh', { refresh_token: body.refresh_token }).expect(200);
    const canary = app.anonymous.as(refreshed.body.access_token);
    await canary.patch('/me', { phone: PHONE }).expect(200);
    await canary.post('/organizations', { name: 'Cage' }).set('idempotency-key', 'canary-key').expect(201);
    await post('/auth/login', { email: ADDRESS, password: `${PASSWORD}!` }).expect(401);

    // From here on mails wait, with the reason why.
    smtp.refuse('DATA', `451 not now, ${ADDRESS}`, 100);
    await post('/auth/register', { email: `new.${ADDRESS}`, name: 'Canary' }).expect(202);
    await post('/auth/register', { email: ADDRESS, name: 'Canary' }).expect(202);
    await until(
      async () =>
        (await app.database.query('select from graphile_worker._private_jobs where last_error is not null')).length ===
        2,
    );

    const waiting = app.nest.get(Mailbox).list(`new.${ADDRESS}`)[0]!;
    secrets = {
      phone: PHONE,
      password: PASSWORD,
      'access token': body.access_token,
      'refresh token': body.refresh_token,
      'token of today': refreshed.body.refresh_token,
      'token that was mailed': tokenIn(mail!),
      'token that waits to be mailed': tokenIn(waiting),
      'subject of a mail': waiting.subject,
      'text of a mail': 'verify-email#token',
      template: 'address_known',
      'idempotency key': 'canary-key',
    };
    tables = await dump();
  });

  afterAll(async () => {
    await app.stop();
    await smtp.stop();
  });

  /** @returns every row of every table that is not PostgreSQL's own, as text */
  async function dump(): Promise<Map<string, string>> {
    const named = await app.database.query<{ name: string }>(`
      select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema')`);
    const texts = new Map<string, string>();
    for (const { name } of named) {
      const [row] = await app.database.query<{ text: string | null }>(
        `select string_agg(t::text, E'\\n') as text from ${name} t`,
      );
      texts.set(name, row?.text ?? '');
    }
    return texts;
  }

  const holders = (secret: string): string[] => {
    const bytes = Buffer.from(secret);
    const forms = [
      secret,
      ...(['hex', 'base64', 'base64url'] as const).map((form) => bytes.toString(form).replace(/=+$/, '')),
    ];
    return [...tables].filter(([, text]) => forms.some((form) => text.includes(form))).map(([name]) => name);
  };

  it('holds a user, a waiting mail and an encrypted phone, so that there is something to find', () => {
    expect(holders(ADDRESS)).toContain('public.users');
    expect(tables.get('graphile_worker._private_jobs')).toContain('v1.test.');
    expect(tables.get('public.users')).toMatch(/v1\.[0-9a-f-]{36}\./);
  });

  it.each([
    'phone',
    'password',
    'access token',
    'refresh token',
    'token of today',
    'token that was mailed',
    'token that waits to be mailed',
    'subject of a mail',
    'text of a mail',
    'template',
    'idempotency key',
  ])('holds no %s', (what) => {
    expect(secrets[what]!.length).toBeGreaterThan(9);
    expect(holders(secrets[what]!)).toEqual([]);
  });

  it('holds addresses and names where they are looked up, and nowhere else', () => {
    expect(holders(ADDRESS).toSorted()).toEqual(['public.email_tokens', 'public.users']);
    expect(holders('Canary').toSorted()).toEqual(['public.email_tokens', 'public.users']);
  });
});
