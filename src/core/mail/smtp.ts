import { Injectable } from '@nestjs/common';
import { createTransport, type Transporter } from 'nodemailer';
import { Config } from '../../config/index.ts';
import { JobError } from '../jobs/index.ts';
import type { Rendered } from './letter.ts';

/** Well below the time after which the worker would give the job up at a stop, and above a slow server's greylisting. */
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 10_000;

/** The mail server would not take the mail, now or at all. It says neither to whom nor what: the text is in no log. */
export class SmtpError extends JobError {
  override readonly name = 'SmtpError';

  constructor(
    readonly reply: number | undefined,
    /** The server will never take a mail to this address (a 5yz reply to RCPT, RFC 5321, 4.2.1). */
    readonly recipientRefused: boolean,
    code: string,
  ) {
    super(`The mail server did not take the mail: ${code}${reply === undefined ? '' : `, reply ${reply}`}`);
  }
}

/** The mail server at SMTP_URL, if there is one. */
@Injectable()
export class Smtp {
  readonly #transport: Transporter | undefined;

  constructor(private readonly config: Config) {
    this.#transport = config.mail.smtpUrl === undefined ? undefined : transport(config.mail.smtpUrl);
  }

  /**
   * @param mail its id becomes the Message-ID, by which mail servers and readers know a second delivery for what it is
   * @throws SmtpError
   */
  async deliver({ id, to, language, ...content }: Rendered & { id: string; to: string }): Promise<void> {
    try {
      await this.#transport?.sendMail({
        from: this.config.mail.from,
        // As an object it is taken as one address, whatever characters are in it.
        to: { name: '', address: to },
        messageId: `<${id}@${domainOf(this.config.mail.from)}>`,
        // Keeps holiday notices from answering (RFC 3834), and lets a reader offer no translation (RFC 3282).
        headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': language },
        ...content,
      });
    } catch (error) {
      throw translated(error);
    }
  }
}

function transport(url: string): Transporter {
  return createTransport({
    url,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: IDLE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

function domainOf(from: string): string {
  return /@([\w.-]+)/.exec(from)?.[1] ?? 'localhost';
}

/** What nodemailer's errors say of themselves. */
interface Failure {
  readonly code?: unknown;
  /** Of SMTP, in whose course it happened. */
  readonly command?: unknown;
  readonly responseCode?: unknown;
}

function translated(error: unknown): SmtpError {
  const { code, command, responseCode }: Failure = typeof error === 'object' && error !== null ? error : {};
  const reply = typeof responseCode === 'number' ? responseCode : undefined;
  const recipientRefused = command === 'RCPT TO' && reply !== undefined && reply >= 500;
  return new SmtpError(reply, recipientRefused, typeof code === 'string' ? code : 'unknown');
}
