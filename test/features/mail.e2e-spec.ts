import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { Registry } from 'prom-client';
import type { Test } from 'supertest';
import { Database, Scope } from '../../src/core/database/index.ts';
import { Mail, Mailbox, type MailContent } from '../../src/core/mail/index.ts';
import { TestApp } from '../support/app.ts';
import { SmtpServer } from '../support/smtp-server.ts';
import { until } from '../support/until.ts';

describe('mail', () => {
  let app: TestApp;
  let smtp: SmtpServer;

  /** One application for the tests beside it, with a mail server that it knows where the environment names one. */
  function started(environment: (smtpUrl: string) => Record<string, string> = () => ({})): void {
    beforeAll(async () => {
      smtp = await SmtpServer.start();
      const MAIL_FROM = 'Tenantry <no-reply@tenantry.example>';
      app = await TestApp.start({ environment: { MAIL_FROM, ...environment(smtp.url) } });
    });

    afterAll(async () => {
      await app.stop();
      await smtp.stop();
    });
  }

  function send(mail: { to: string } & MailContent, fail = false): Promise<void> {
    const database = app.nest.get(Database);
    return database.inScope(Scope.public(), () =>
      database.transaction(async () => {
        app.nest.get(Mail).send(mail);
        if (fail) throw new Error('changed my mind');
      }),
    );
  }

  const mailbox = (query = ''): Test =>
    app.anonymous.outside('get', `/dev/mailbox${query}`).set('Accept', 'application/json');

  async function shownTo(to: string): Promise<Record<string, unknown>[]> {
    return (await mailbox(`?to=${encodeURIComponent(to)}`).expect(200)).body.data;
  }

  const link = 'https://app.tenantry.example/verify?token=abc&next=%2F';
  /** What recurs has a key, and is always there. */
  const hasJobs = async (): Promise<boolean> =>
    (await app.database.query('select 1 from graphile_worker._private_jobs where key is null')).length > 0;

  /** What a retry waits for in hours, a test has now. */
  async function retryNow(): Promise<void> {
    await app.database.query('update graphile_worker._private_jobs set run_at = now() where locked_at is null');
    await app.database.query(`select pg_notify('jobs:insert', '{"count":1}')`);
  }

  describe('in development', () => {
    started();

    it('is kept for the mailbox, after the commit', async () => {
      await send({ to: 'Ada@example.com', template: 'verify_email', link });
      await app.mailsTo('ada@example.com');
      expect(await shownTo('ada@example.com')).toEqual([
        {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          to: 'Ada@example.com',
          subject: 'Confirm your email address',
          text: expect.stringContaining(link),
          html: expect.stringContaining('>Hello,</p>'),
          created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          links: [link],
        },
      ]);
      expect(await shownTo('eve@example.com')).toEqual([]);
    });

    it('is not sent when the change that asked for it is undone', async () => {
      await expect(send({ to: 'a@example.com', template: 'address_known' }, true)).rejects.toThrow('changed my mind');
      await send({ to: 'b@example.com', template: 'address_known' });
      await app.mailsTo('b@example.com');
      expect(await shownTo('a@example.com')).toEqual([]);
    });

    it('is shown newest first', async () => {
      for (const to of ['first@example.com', 'second@example.com']) {
        await send({ to, template: 'verify_email', link });
        await app.mailsTo(to);
      }
      const { body } = await mailbox();
      const newest = body.data.slice(0, 2).map(({ to }: { to: string }) => to);
      expect(newest).toEqual(['second@example.com', 'first@example.com']);
    });

    it('is shown to a browser as a page that runs nothing', async () => {
      await send({ to: 'grace@example.com', template: 'verify_email', link });
      await app.mailsTo('grace@example.com');
      const { text, headers } = await app.anonymous
        .outside('get', '/dev/mailbox')
        .set('Accept', 'text/html')
        .expect(200);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['vary']?.split(', ').toSorted()).toEqual(['Accept', 'Origin']);
      expect(text).not.toContain('<script');
      expect(text).toContain('<a href="https://app.tenantry.example/verify?token=abc&amp;next=%2F"');
      // The mail's own HTML, escaped once more as the value of an attribute.
      expect(text).toContain('srcdoc="&lt;!doctype html&gt;');
      expect(text).toContain('token=abc&amp;amp;next=%2F');
    });

    it('has a page of its own for each, and a body for a program', async () => {
      await send({ to: 'single@example.com', template: 'verify_email', link });
      await app.mailsTo('single@example.com');
      const [mail] = await shownTo('single@example.com');
      const path = `/dev/mailbox/${String(mail!['id'])}`;
      const { body } = await app.anonymous.outside('get', path).set('Accept', 'application/json').expect(200);
      expect(body).toEqual(mail);
      const { text, headers } = await app.anonymous.outside('get', path).set('Accept', 'text/html').expect(200);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(text.match(/<iframe /g)).toHaveLength(4);
    });

    it.each(['00000000-0000-7000-8000-000000000000', 'nothing'])('has no page for %s', async (id) => {
      await app.anonymous.outside('get', `/dev/mailbox/${id}`).expect(404);
    });

    it('shows every template in each language, and in no other', async () => {
      const gallery = (language: string) => app.anonymous.outside('get', `/dev/mailbox/templates?language=${language}`);
      expect((await gallery('de').expect(200)).text).toContain('Sie haben schon ein Konto');
      expect((await gallery('en').expect(200)).text).toContain('You already have an account');
      await gallery('fr').expect(422);
    });

    it('escapes what the page is asked for', async () => {
      const { text } = await app.anonymous.outside('get', '/dev/mailbox?to=%22%3E%3Cscript%3E').expect(200);
      expect(text).toContain('value="&quot;&gt;&lt;script&gt;"');
      expect(text).toContain('No mail yet.');
    });

    it('refuses a filter that it does not know', async () => {
      await mailbox('?from=a').expect(422);
    });

    it('is refused outside of a transaction, where it could be sent for a change that never happened', async () => {
      expect(() => app.nest.get(Mail).send({ to: 'a@example.com', template: 'address_known' })).toThrow('transaction');
    });
  });

  describe.each(['test', 'production'])('in %s', (environment) => {
    started((smtpUrl) => ({
      NODE_ENV: environment,
      SMTP_URL: smtpUrl,
      METRICS_TOKEN: randomBytes(32).toString('base64url'),
    }));

    it('goes to the mail server alone: there is no mailbox', async () => {
      await mailbox().expect(404);
      await mailbox('/templates').expect(404);
      await send({ to: 'ada@example.com', template: 'verify_email', link });
      await until(() => smtp.mails.length > 0);
      expect(smtp.mails).toMatchObject([{ from: 'no-reply@tenantry.example', to: ['ada@example.com'] }]);
      expect(app.nest.get(Mailbox).list()).toEqual([]);
    });
  });

  describe('to a mail server', () => {
    started((smtpUrl) => ({ SMTP_URL: smtpUrl }));

    afterEach(async () => {
      await app.database.query('delete from graphile_worker._private_jobs where key is null');
      smtp.forget();
    });

    it('is tried again while the server will not take it, and is the same message', async () => {
      smtp.refuse('DATA', '451 try later', 2);
      await send({ to: 'ada@example.com', template: 'address_known' });
      for (let attempt = 1; attempt <= 2; attempt++) {
        await until(async () => (await errors()).at(-1)?.attempts === attempt && smtp.attempts === attempt);
        expect(smtp.mails).toEqual([]);
        await retryNow();
      }
      await until(() => smtp.mails.length > 0);
      await until(async () => !(await hasJobs()));
      expect(smtp.attempts).toBe(3);
      expect(smtp.mails).toHaveLength(1);
      expect(smtp.mails[0]!.source).toMatch(/^Message-ID: <[0-9a-f-]{36}@tenantry\.example>$/m);
      // However often it was tried, it is one mail.
      const mails = await shownTo('ada@example.com');
      expect(mails).toHaveLength(1);
      expect(smtp.mails[0]!.source).toContain(`<${String(mails[0]!['id'])}@tenantry.example>`);
    });

    it('is not pressed upon a server that knows no such recipient', async () => {
      smtp.refuse('RCPT', '550 no such user', 1);
      await send({ to: 'nobody@example.com', template: 'address_known' });
      await until(() => smtp.attempts === 1);
      await until(async () => !(await hasJobs()));
      expect(smtp.mails).toEqual([]);
    });

    it('keeps no address in the error of a job', async () => {
      smtp.refuse('DATA', '451 later, secret@example.com', 1);
      await send({ to: 'secret@example.com', template: 'address_known' });
      await until(async () => (await errors()).length > 0);
      expect(await errors()).toEqual([
        { attempts: 1, last_error: 'The mail server did not take the mail: EENVELOPE, reply 451' },
      ]);
    });
  });

  describe('to a mail server that is watched', () => {
    started((smtpUrl) => ({ SMTP_URL: smtpUrl }));

    it('leaves its address out of logs, errors and metrics', async () => {
      const lines: unknown[] = [];
      const write = (...line: unknown[]): void => void lines.push(line);
      Logger.overrideLogger({ log: write, warn: write, error: write });
      smtp.refuse('DATA', '451 later, secret@example.com', 1);
      await send({ to: 'secret@example.com', template: 'verify_email', link });
      await until(async () => (await errors()).length > 0);
      await retryNow();
      await until(() => smtp.mails.length > 0);
      await until(async () => !(await hasJobs()));
      smtp.refuse('RCPT', '550 who is secret@example.com', 1);
      await send({ to: 'secret@example.com', template: 'verify_email', link });
      await until(async () => smtp.attempts === 3 && !(await hasJobs()));
      const metrics = await app.nest.get(Registry).metrics();
      expect(lines).toEqual(
        expect.arrayContaining([
          [expect.objectContaining({ msg: 'job failed', task: 'send_mail', attempt: 1, error: 'SmtpError' }), 'Jobs'],
          [expect.objectContaining({ msg: 'job done', task: 'send_mail', attempt: 2 }), 'Jobs'],
          [expect.objectContaining({ msg: 'mail refused for its recipient', reply: 550 }), 'Mail'],
        ]),
      );
      expect(metrics).toContain('job_duration_seconds_count{task="send_mail",outcome="failed"} 1');
      expect(metrics).toContain('job_duration_seconds_count{task="send_mail",outcome="done"} 2');
      expect(metrics).toMatch(/^jobs_queued \d+$/m);
      expect(JSON.stringify([lines, metrics])).not.toMatch(/secret@|token=abc/);
    });
  });

  async function errors(): Promise<{ attempts: number; last_error: string }[]> {
    return app.database.query(`select attempts, last_error from graphile_worker._private_jobs
      where locked_at is null and last_error is not null`);
  }
});
