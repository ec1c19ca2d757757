import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { currentContext } from '../context/context.ts';
import { Jobs } from '../jobs/index.ts';
import { type Language, Languages } from './languages.ts';
import type { MailContent } from './templates.ts';

/** A mail on its way. The id is the mail's own, the same at every attempt. */
export interface MailJob {
  readonly id: string;
  readonly to: string;
  readonly withheld: boolean;
  readonly language: Language;
  readonly content: MailContent;
}

declare module '../jobs/tasks.ts' {
  interface TaskPayloads {
    send_mail: MailJob;
  }
}

/** To whom, and a template's name with its values. */
type NewMail = MailContent & {
  /** One address (RFC 5321), validated by the caller. */
  readonly to: string;
  /** Takes the way of a mail as far as the worker, who drops it: time does not tell whether there was one. */
  readonly withheld?: boolean;
};

@Injectable()
export class Mail {
  constructor(
    private readonly jobs: Jobs,
    private readonly languages: Languages,
  ) {}

  /**
   * Writes a mail in the current transaction: it is sent after the commit, retried while the mail server is away, and
   * never sent if the transaction rolls back. Costs no round trip. Its language is the one that the request asks for: whoever
   * has the address, the same, so that it tells nothing of them.
   * @throws Error outside of a transaction, or for an address that could break out of a header
   */
  send({ to, withheld = false, ...content }: NewMail): void {
    if (!isMailable(to)) throw new Error('The address of a mail must be one address.');
    const language = this.languages.choose(currentContext().request?.acceptLanguage);
    this.jobs.enqueue('send_mail', { id: uuid(), to, withheld, language, content });
  }
}

/** One address: no control character and no line end, which would end a header; no angle bracket, which delimits it in SMTP. */
const SAFE_ADDRESS =
  /^(?:[^\p{Cc}\s<>,;:"@]+|"(?:[^\p{Cc}\p{Zl}\p{Zp}<>"\\]|\\[^\p{Cc}\p{Zl}\p{Zp}<>])+")@[^\p{Cc}\s<>,;:"@]+$/u;

/** @returns whether a mail can be sent to the address: whoever keeps one asks first */
export function isMailable(address: string): boolean {
  return SAFE_ADDRESS.test(address);
}
