import type { Test } from 'supertest';
import { Mailbox } from '../../src/core/mail/index.ts';
import { PASSWORD, tokenIn } from '../support/auth.ts';
import { TestApp } from '../support/app.ts';
import { TestFactor } from '../support/second-factor.ts';
import { SmtpServer } from '../support/smtp-server.ts';
import { until } from '../support/until.ts';

const ADDRESS = 'canary@example.com';
const PHONE = '+4915199887766';
const WRONG = 'a wrong guess of it';
const METRICS_TOKEN = 'metrics-token-of-the-canary-server';

/** What must not be found in the database in any form, by what it is. */
type Secrets = Readonly<Record<string, string>>;

describe('what the server keeps and says', () => {
  let app: TestApp;
  let smtp: SmtpServer;
  let secrets: Secrets;
  let tables: Map<string, string>;
  /** All that left the process for others than its caller, and what is told of refusals, by what it is. */
  const said = new Map<string, string[]>([
    ['log', []],
    ['metrics', []],
    ['problems', []],
  ]);

  beforeAll(async () => {
    smtp = await SmtpServer.start();
    app = await TestApp.start({
      environment: { SMTP_URL: smtp.url, LOG_LEVEL: 'trace', METRICS_TOKEN },
      log: { write: (line) => said.get('log')!.push(line) },
    });
    const post = (path: string, body: object) => app.anonymous.post(path, body);
    const refused = async (call: Test) => {
      const { status, text, headers } = await call;
      expect(status).toBeGreaterThanOrEqual(400);
      said.get('problems')!.push(`${text} ${JSON.stringify(headers)}`);
    };
    await post('/auth/register', { email: ADDRESS, name: 'Canary' }).expect(202);
    const [mail] = await app.mailsTo(ADDRESS);
    const { body } = await post('/auth/email/verify', { token: tokenIn(mail!), password: PASSWORD }).expect(200);
    const refreshed = await post('/auth/refresh', { refresh_token: body.refresh_token }).expect(200);
    const canary = app.anonymous.as(refreshed.body.access_token);
    await canary.patch('/me', { phone: PHONE }).expect(200);
    const cage = await canary.post('/organizations', { name: 'Cage' }).set('idempotency-key', 'canary-key').expect(201);
    const invite = (email: string, deliver: boolean) =>
      canary
        .post(`/organizations/${cage.body.id}/invitations`, { email, roles: ['member'], deliver })
        .set('idempotency-key', email)
        .expect(201);
    const handedOver = (await invite(`late.${ADDRESS}`, false)).body.accept_url.split('#token=')[1];
    await invite(`guest.${ADDRESS}`, true);
    const invited = tokenIn((await app.mailsTo(`guest.${ADDRESS}`))[0]!);
    const accepted = { token: invited, name: 'Canary', password: PASSWORD };
    const guest = await post('/invitations/accept', accepted).expect(200);
    await refused(post('/invitations/accept', accepted));
    await refused(post('/invitations/accept', { ...accepted, token: handedOver }));
    await refused(post('/invitations/decline', { token: invited }));
    await refused(app.anonymous.get(`/me/invitations?token=${handedOver}`));
    const factor = await TestFactor.enroll(app, canary);
    const recoveryCodes = await factor.activate();
    const asked = await post('/auth/login', { email: ADDRESS, password: PASSWORD }).expect(200);
    await refused(post('/auth/mfa/verify', { mfa_token: asked.body.mfa_token, code: recoveryCodes[0]!.slice(1) }));
    await post('/auth/mfa/verify', { mfa_token: asked.body.mfa_token, code: recoveryCodes[1] }).expect(200);
    await canary.post('/me/email', { email: `moved.${ADDRESS}` }).expect(202);
    await refused(canary.post('/me/email', { email: `other.${ADDRESS}`, password: WRONG }));
    await refused(canary.post('/auth/step-up', { password: WRONG }));
    await refused(canary.send('put', '/me/password', { current_password: WRONG, new_password: ADDRESS }));
    await refused(canary.patch('/me', { phone: `${PHONE}x`, name: 7, address: ADDRESS }));
    await refused(canary.delete('/me/mfa/totp').send({ code: '000000' }));
    await refused(post('/auth/login', { email: ADDRESS, password: WRONG }));
    await refused(post('/auth/login', { email: `${ADDRESS}>`, password: PASSWORD, other: ADDRESS }));
    await refused(app.anonymous.post('/auth/login').type('json').send(`{"email":"${ADDRESS}","password":"${PASSWORD}`));
    await refused(app.anonymous.post('/auth/login').type('form').send({ email: ADDRESS, password: PASSWORD }));
    await refused(post('/auth/email/verify', { token: tokenIn(mail!), password: PASSWORD }));
    await refused(post('/auth/magic-links/verify', { token: body.refresh_token }));
    await refused(post('/auth/password/reset', { token: tokenIn(mail!), password: PASSWORD }));
    await refused(app.anonymous.get(`/me?access_token=${refreshed.body.access_token}&email=${ADDRESS}`));
    await refused(canary.get(`/me/security-events?cursor=${refreshed.body.refresh_token}&action=${ADDRESS}`));
    await refused(app.anonymous.as(`${refreshed.body.access_token}x`).get('/me'));
    await refused(app.anonymous.get('/me').set('cookie', `__Host-tenantry_access=${refreshed.body.refresh_token}`));
    await refused(post('/auth/refresh', { refresh_token: body.refresh_token }).set('user-agent', 'thief'));
    await refused(canary.get('/me/security-events'));
    // Its answer repeats the path.
    await app.anonymous.get(`/users/${ADDRESS}`).expect(404);

    // From here on mails wait, with the reason why.
    smtp.refuse('DATA', `451 not now, ${ADDRESS}`, 100);
    await post('/auth/register', { email: `new.${ADDRESS}`, name: 'Canary' }).expect(202);
    await post('/auth/register', { email: ADDRESS, name: 'Canary' }).expect(202);
    await until(
      async () =>
        (await app.database.query('select from graphile_worker._private_jobs where last_error is not null')).length >=
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
      'token of an invitation': invited,
      'token of an invitation that was handed over': handedOver,
      'token of whoever accepted': guest.body.refresh_token,
      'idempotency key': 'canary-key',
      'secret of the second factor': factor.secret,
      'token of the question for it': asked.body.mfa_token,
      'recovery code': recoveryCodes[0]!,
      'recovery code that was used': recoveryCodes[1]!.replaceAll('-', ''),
      'recovery code without dashes': recoveryCodes[0]!.replaceAll('-', ''),
      'wrong password': WRONG,
    };
    const metrics = await app.anonymous.as(METRICS_TOKEN).outside('get', '/metrics').expect(200);
    said.get('metrics')!.push(metrics.text);
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

  const holders = (secret: string): string[] =>
    [...tables].filter(([, text]) => formsOf(secret).some((form) => text.includes(form))).map(([name]) => name);

  describe('a dump of the whole database', () => {
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
      'token of an invitation',
      'token of an invitation that was handed over',
      'token of whoever accepted',
      'idempotency key',
      'secret of the second factor',
      'token of the question for it',
      'recovery code',
      'recovery code that was used',
      'recovery code without dashes',
      'wrong password',
    ])('holds no %s', (what) => {
      expect(secrets[what]!.length).toBeGreaterThan(9);
      expect(holders(secrets[what]!)).toEqual([]);
    });

    it('holds addresses and names where they are looked up, and nowhere else', () => {
      expect(holders(ADDRESS).toSorted()).toEqual([
        'public.email_tokens',
        'public.invitations',
        'public.members',
        'public.users',
      ]);
      expect(holders('Canary').toSorted()).toEqual(['public.email_tokens', 'public.members', 'public.users']);
    });
  });

  describe.each([...said.keys()])('in its %s', (where) => {
    const text = () => said.get(where)!.join('\n');

    it('there is something', () => {
      const found = { log: 'job failed', metrics: 'http_request', problems: 'invalid_credentials' }[where]!;
      expect(text()).toContain(found);
    });

    it('there is no secret, address, name or token', () => {
      const personal = { ...secrets, address: ADDRESS, name: 'Canary', 'token for metrics': METRICS_TOKEN };
      const found = Object.entries(personal).filter(([, value]) =>
        formsOf(value).some((form) => text().includes(form)),
      );
      expect(found.map(([what]) => what)).toEqual([]);
    });
  });

  it('tells of events by ids and hashes alone', () => {
    for (const table of ['public.security_events', 'public.audit_events']) {
      expect(tables.get(table)).not.toBe('');
      for (const text of [ADDRESS, 'Canary']) expect(tables.get(table)).not.toContain(text);
    }
  });
});

/** As it is, and as bytes of it are written. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const encoded = (['hex', 'base64', 'base64url'] as const).map((form) => bytes.toString(form).replace(/=+$/, ''));
  return [secret, encodeURIComponent(secret), ...encoded];
}
