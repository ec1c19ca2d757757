import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pg from 'pg';
import request from 'supertest';
import { Registry } from 'prom-client';
import { AccessModule } from '../../src/core/access/index.ts';
import { Database, DatabaseModule, Scope } from '../../src/core/database/index.ts';
import { createApplication } from '../../src/core/http/application.ts';
import { JobsModule } from '../../src/core/jobs/index.ts';
import { Mail, Mailbox, type MailContent, MailModule } from '../../src/core/mail/index.ts';
import { MailboxModule } from '../../src/features/mailbox/mailbox.module.ts';
import { testConfig } from '../support/environment.ts';
import { TestDatabase } from '../support/database.ts';
import { SmtpServer } from '../support/smtp-server.ts';

/** As soon as it is so; a test that waits for what never comes fails by its own time limit. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(20);
}

@Module({})
class MailTestModule {}

describe('mail', () => {
  let database: TestDatabase;
  let smtp: SmtpServer;
  let worker: pg.Client;
  const apps: NestFastifyApplication[] = [];

  beforeAll(async () => {
    [database, smtp] = await Promise.all([TestDatabase.create(), SmtpServer.start()]);
    worker = new pg.Client(database.url('tenantry_worker'));
    await worker.connect();
  });

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
    await worker.query('delete from graphile_worker._private_jobs');
    smtp.mails.length = 0;
    smtp.attempts = 0;
  });

  afterAll(async () => {
    await Promise.all([worker.end(), smtp.stop()]);
    await database.drop();
  });

  async function start(more: Record<string, string> = {}): Promise<NestFastifyApplication> {
    const config = testConfig({
      DATABASE_URL: database.url('tenantry_app'),
      DIRECT_DATABASE_URL: database.url('tenantry_worker'),
      MAIL_FROM: 'Tenantry <no-reply@tenantry.example>',
      ...more,
    });
    const imports = [DatabaseModule, AccessModule, JobsModule, MailModule, MailboxModule.of(config)];
    const app = await createApplication({ module: MailTestModule, imports }, config);
    apps.push(app);
    await app.listen(0, '127.0.0.1');
    return app;
  }

  function send(app: NestFastifyApplication, mail: { to: string } & MailContent, fail = false): Promise<void> {
    const scoped = app.get(Database);
    return scoped.inScope(Scope.public(), () =>
      scoped.transaction(async () => {
        app.get(Mail).send(mail);
        if (fail) throw new Error('changed my mind');
      }),
    );
  }

  const mailbox = (app: NestFastifyApplication, query = '') =>
    request(app.getHttpServer()).get(`/dev/mailbox${query}`).set('Accept', 'application/json');

  async function mailsTo(app: NestFastifyApplication, to: string): Promise<Record<string, unknown>[]> {
    return (await mailbox(app, `?to=${encodeURIComponent(to)}`).expect(200)).body.data;
  }

  const link = 'https://app.tenantry.example/verify?token=abc&next=%2F';
  const hasJobs = async (): Promise<boolean> =>
    (await worker.query('select 1 from graphile_worker._private_jobs')).rowCount! > 0;

  /** What a retry waits for in hours, a test has now. */
  async function retryNow(): Promise<void> {
    await worker.query('update graphile_worker._private_jobs set run_at = now() where locked_at is null');
    await worker.query(`select pg_notify('jobs:insert', '{"count":1}')`);
  }

  describe('in development', () => {
    it('is kept for the mailbox, after the commit', async () => {
      const app = await start();
      await send(app, { to: 'Ada@example.com', template: 'verify_email', link, name: 'Ada' });
      await until(async () => (await mailsTo(app, 'ada@example.com')).length > 0);
      expect(await mailsTo(app, 'ada@example.com')).toEqual([
        {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          to: 'Ada@example.com',
          subject: 'Confirm your email address',
          text: expect.stringContaining(link),
          html: expect.stringContaining('Hello Ada,'),
          created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          links: [link],
        },
      ]);
      expect(await mailsTo(app, 'eve@example.com')).toEqual([]);
    });

    it('is not sent when the change that asked for it is undone', async () => {
      const app = await start();
      await expect(send(app, { to: 'a@example.com', template: 'address_known' }, true)).rejects.toThrow(
        'changed my mind',
      );
      await send(app, { to: 'b@example.com', template: 'address_known' });
      await until(async () => (await mailbox(app)).body.data.length > 0);
      expect(await mailsTo(app, 'a@example.com')).toEqual([]);
    });

    it('is shown newest first', async () => {
      const app = await start();
      for (const to of ['first@example.com', 'second@example.com']) {
        await send(app, { to, template: 'verify_email', link, name: 'Ada' });
        await until(async () => (await mailsTo(app, to)).length > 0);
      }
      const { body } = await mailbox(app);
      expect(body.data.map(({ to }: { to: string }) => to)).toEqual(['second@example.com', 'first@example.com']);
    });

    it('is shown to a browser as a page that runs nothing', async () => {
      const app = await start();
      await send(app, { to: 'ada@example.com', template: 'verify_email', link, name: `"O'Neil"` });
      await until(async () => (await mailbox(app)).body.data.length > 0);
      const { text, headers } = await request(app.getHttpServer())
        .get('/dev/mailbox')
        .set('Accept', 'text/html')
        .expect(200);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['vary']).toContain('Accept');
      expect(text).not.toContain('<script');
      expect(text).toContain('<a href="https://app.tenantry.example/verify?token=abc&amp;next=%2F"');
      // The mail's own HTML, escaped once more as the value of an attribute.
      expect(text).toContain('srcdoc="&lt;!doctype html&gt;');
      expect(text).toContain('Hello &amp;quot;O&amp;#39;Neil&amp;quot;,');
    });

    it('escapes what the page is asked for', async () => {
      const app = await start();
      const { text } = await request(app.getHttpServer()).get('/dev/mailbox?to=%22%3E%3Cscript%3E').expect(200);
      expect(text).toContain('value="&quot;&gt;&lt;script&gt;"');
      expect(text).toContain('No mail yet.');
    });

    it('refuses a filter that it does not know', async () => {
      await mailbox(await start(), '?from=a').expect(422);
    });
  });

  describe('in production', () => {
    it('goes to the mail server alone: there is no mailbox', async () => {
      const app = await start({
        NODE_ENV: 'production',
        SMTP_URL: smtp.url,
        METRICS_TOKEN: randomBytes(32).toString('base64url'),
      });
      await mailbox(app).expect(404);
      await send(app, { to: 'ada@example.com', template: 'verify_email', link, name: 'Ada' });
      await until(() => smtp.mails.length > 0);
      expect(smtp.mails).toMatchObject([{ from: 'no-reply@tenantry.example', to: ['ada@example.com'] }]);
      expect(app.get(Mailbox).list()).toEqual([]);
    });
  });

  describe('to a mail server', () => {
    it('is tried again while the server will not take it, and is the same message', async () => {
      const app = await start({ SMTP_URL: smtp.url });
      smtp.refuse('DATA', '451 try later', 2);
      await send(app, { to: 'ada@example.com', template: 'address_known' });
      const { rows } = await worker.query(`select payload->>'id' as id from graphile_worker._private_jobs`);
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
      if (rows[0]) expect(smtp.mails[0]!.source).toContain(rows[0].id);
      // However often it was tried, it is one mail.
      expect(await mailsTo(app, 'ada@example.com')).toHaveLength(1);
    });

    it('is not pressed upon a server that knows no such recipient', async () => {
      const app = await start({ SMTP_URL: smtp.url });
      smtp.refuse('RCPT', '550 no such user', 1);
      await send(app, { to: 'nobody@example.com', template: 'address_known' });
      await until(() => smtp.attempts === 1);
      await until(async () => !(await hasJobs()));
      expect(smtp.mails).toEqual([]);
    });

    it('leaves its address out of logs, errors and metrics', async () => {
      const app = await start({ SMTP_URL: smtp.url });
      const lines: unknown[] = [];
      const write = (...line: unknown[]): void => void lines.push(line);
      Logger.overrideLogger({ log: write, warn: write, error: write });
      smtp.refuse('DATA', '451 later, secret@example.com', 1);
      await send(app, { to: 'secret@example.com', template: 'verify_email', link, name: 'Ada' });
      await until(async () => (await errors()).length > 0);
      await retryNow();
      await until(() => smtp.mails.length > 0);
      await until(async () => !(await hasJobs()));
      smtp.refuse('RCPT', '550 who is secret@example.com', 1);
      await send(app, { to: 'secret@example.com', template: 'verify_email', link, name: 'Ada' });
      await until(async () => smtp.attempts === 3 && !(await hasJobs()));
      const metrics = await app.get(Registry).metrics();
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

    it('keeps no address in the error of a job', async () => {
      const app = await start({ SMTP_URL: smtp.url });
      smtp.refuse('DATA', '451 later, secret@example.com', 1);
      await send(app, { to: 'secret@example.com', template: 'address_known' });
      await until(async () => (await errors()).length > 0);
      expect(await errors()).toEqual([
        { attempts: 1, last_error: 'The mail server did not take the mail: EENVELOPE, reply 451' },
      ]);
    });
  });

  it('is refused outside of a transaction, where it could be sent for a change that never happened', async () => {
    const app = await start();
    expect(() => app.get(Mail).send({ to: 'a@example.com', template: 'address_known' })).toThrow('transaction');
  });

  async function errors(): Promise<{ attempts: number; last_error: string }[]> {
    const { rows } = await worker.query(`select attempts, last_error from graphile_worker._private_jobs
      where locked_at is null and last_error is not null`);
    return rows;
  }
});
