import { Clock } from '../../src/core/clock/clock.ts';
import { runInContext } from '../../src/core/context/context.ts';
import { type Language, Languages, languages } from '../../src/core/mail/languages.ts';
import { render } from '../../src/core/mail/letter.ts';
import { Mail } from '../../src/core/mail/mail.ts';
import { Mailbox } from '../../src/core/mail/mailbox.ts';
import { samples } from '../../src/core/mail/samples.ts';
import { Smtp, SmtpError } from '../../src/core/mail/smtp.ts';
import { testConfig } from '../support/environment.ts';
import { SmtpServer } from '../support/smtp-server.ts';

describe('a mail', () => {
  const enqueued: unknown[] = [];
  const jobs = { enqueue: (_task: string, payload: object) => void enqueued.push(payload) };
  const mail = new Mail(jobs as never, new Languages(testConfig()));

  it.each(['a@b.example', 'ü+x@müller.example', '"a, b"@c.example', '"a\\"b@c"@d.example', "o'neil@x.example"])(
    'is written to %j',
    (to) => {
      mail.send({ to, template: 'address_known' });
      expect(enqueued.at(-1)).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        to,
        withheld: false,
        language: 'en',
        content: { template: 'address_known' },
      });
    },
  );

  it('is in the language that its request asks for', () => {
    const request = { id: 'r-1', ipAddress: '203.0.113.7', userAgent: null, acceptLanguage: 'de-AT, en;q=0.5' };
    runInContext({ request }, () => mail.send({ to: 'a@b.example', template: 'address_known' }));
    expect(enqueued.at(-1)).toMatchObject({ language: 'de' });
  });

  it.each([
    'a@b.example\r\nBcc: eve@c.example',
    '<a@b.example>',
    '"a<b"@c.example',
    '"a\u2028b"@c.example',
    '"a\\\u2029b"@c.example',
    'a@b.example, c@d.example',
    'a',
    '',
  ])('is refused to %j', (to) => expect(() => mail.send({ to, template: 'address_known' })).toThrow('one address'));
});

describe('the mailbox', () => {
  const content = { language: 'en', subject: '', text: '', html: '' } as const;
  const mail = (number: number) => ({ id: `${number}`, to: 'Ada@Example.com', ...content });

  it('keeps the last 200 mails, newest first', () => {
    const mailbox = new Mailbox(new Clock());
    for (let number = 1; number <= 201; number++) mailbox.keep(mail(number));
    const ids = mailbox.list().map(({ id }) => id);
    expect(ids).toHaveLength(200);
    expect([ids.at(0), ids.at(-1)]).toEqual(['201', '2']);
  });

  it('keeps a mail once, however often it is delivered', () => {
    const mailbox = new Mailbox(new Clock());
    mailbox.keep(mail(1));
    mailbox.keep(mail(1));
    expect(mailbox.list()).toHaveLength(1);
  });

  it('finds the mails to an address in any letter case', () => {
    const mailbox = new Mailbox(new Clock());
    mailbox.keep(mail(1));
    expect(mailbox.list('ADA@example.com')).toHaveLength(1);
    expect(mailbox.list('eve@example.com')).toHaveLength(0);
  });
});

describe('SMTP', () => {
  let server: SmtpServer;
  let smtp: Smtp;
  const mail = {
    id: '0193',
    to: 'ada@example.com',
    language: 'de',
    subject: 'Hello',
    text: 'one\n.\ntwo\n',
    html: '<p>one</p>',
  } as const;

  beforeEach(async () => {
    server = await SmtpServer.start();
    smtp = new Smtp({ mail: { smtpUrl: server.url, from: 'Tenantry <no-reply@tenantry.example>' } } as never);
  });
  afterEach(() => server.stop());

  it('delivers text and HTML, under a Message-ID of the mail', async () => {
    await smtp.deliver(mail);
    expect(server.mails).toMatchObject([{ from: 'no-reply@tenantry.example', to: ['ada@example.com'] }]);
    const source = server.mails[0]!.source;
    expect(source).toContain('Message-ID: <0193@tenantry.example>');
    expect(source).toContain('From: Tenantry <no-reply@tenantry.example>');
    expect(source).toContain('To: ada@example.com');
    expect(source).toContain('Content-Language: de');
    expect(source).toContain('Content-Type: text/plain');
    expect(source).toContain('Content-Type: text/html');
    expect(source).toContain('one\r\n.\r\ntwo');
  });

  it('has in its head what every mail has, whatever the template and its language', async () => {
    for (const language of Object.keys(languages) as Language[]) {
      for (const content of samples('https://app.example.com/page')) {
        const rendered = render(content, language, 'Müller\u2028"Söhne"');
        await smtp.deliver({ id: '0193', to: 'ada@example.com', ...rendered });
        const { source } = server.mails.at(-1)!;
        expect(headersOf(source).map(([name]) => name)).toEqual([
          'Auto-Submitted',
          'Content-Language',
          'From',
          'To',
          'Subject',
          'Message-ID',
          'Date',
          'MIME-Version',
          'Content-Type',
        ]);
        expect(decodedWords(new Map(headersOf(source)).get('Subject')!)).toBe(rendered.subject);
      }
    }
  });

  it('brings a link whole, however long, in both parts', async () => {
    const link = `https://app.example.com/page?next=${'%C3%BC=.'.repeat(500)}#token=abc`;
    await smtp.deliver({
      id: '0193',
      to: 'ada@example.com',
      ...render({ template: 'magic_link', link }, 'de', 'Acme'),
    });
    const { source } = server.mails[0]!;
    expect(source.split('\r\n').filter((line) => line.length > 76)).toEqual([]);
    const [text, html] = partsOf(source);
    expect(text).toContain(`\r\n${link}\r\n`);
    expect(html).toContain(`href="${link}"`);
  });

  it('lets no value begin a header', async () => {
    await smtp.deliver({ ...mail, subject: 'Hello\r\nBcc: eve@example.com' });
    expect(server.mails).toMatchObject([{ to: ['ada@example.com'] }]);
    expect(server.mails[0]!.source).not.toMatch(/^Bcc:/im);
  });

  it('takes an address as one, commas and all', async () => {
    await smtp.deliver({ ...mail, to: '"eve@example.com,ada"@example.com' });
    expect(server.mails[0]!.to).toEqual(['"eve@example.com,ada"@example.com']);
  });

  it('says why a mail was not taken, and not to whom', async () => {
    server.refuse('RCPT', '550 no such user ada@example.com', 1);
    const error = await smtp.deliver(mail).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SmtpError);
    expect(error).toMatchObject({ reply: 550, recipientRefused: true });
    expect(JSON.stringify([String(error), (error as Error).stack, error])).not.toContain('ada@');
  });

  it.each([
    ['RCPT', '450 mailbox busy'],
    ['DATA', '554 we think this is spam'],
  ] as const)('takes a refusal of %s with %j for one that can pass', async (command, reply) => {
    server.refuse(command, reply, 1);
    await expect(smtp.deliver(mail)).rejects.toMatchObject({ recipientRefused: false });
  });

  it('gives up on a server that is away', async () => {
    const { url } = server;
    await server.stop();
    await expect(new Smtp({ mail: { smtpUrl: url, from: 'a@b.c' } } as never).deliver(mail)).rejects.toThrow('ESOCKET');
    server = await SmtpServer.start();
  });
});

/** The header fields of a message (RFC 5322, 2.2), those that go on in another line made one. */
function headersOf(source: string): [name: string, value: string][] {
  const [head = ''] = source.split('\r\n\r\n', 1);
  return head
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
}

/** A text of which words are encoded (RFC 2047), as they were; blanks between two of those are none. */
function decodedWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/(?:=\?UTF-8\?Q\?[^?]*\?=)+/g, (words) =>
      quotedPrintable(words.replace(/=\?UTF-8\?Q\?|\?=/g, '').replaceAll('_', ' ')),
    );
}

/** The parts of a message with alternatives, decoded. */
function partsOf(source: string): string[] {
  const [, boundary = ''] = /boundary="([^"]+)"/.exec(source) ?? [];
  return source
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => quotedPrintable(part.slice(part.indexOf('\r\n\r\n'))));
}

/** What was written as quoted-printable (RFC 2045, 6.7). */
function quotedPrintable(text: string): string {
  const bytes = text
    .replace(/=\r\n/g, '')
    .replace(/=([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
