import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Config } from '../../config/index.ts';
import { type Attempt, Tasks } from '../jobs/index.ts';
import { render } from './letter.ts';
import type { MailJob } from './mail.ts';
import { Mailbox } from './mailbox.ts';
import { Smtp, SmtpError } from './smtp.ts';

/** Delivers the mails that wait in the outbox: to the mail server, and in development to the mailbox as well. */
@Injectable()
export class Delivery implements OnModuleInit {
  readonly #logger = new Logger('Mail');

  constructor(
    private readonly config: Config,
    private readonly tasks: Tasks,
    private readonly mailbox: Mailbox,
    private readonly smtp: Smtp,
  ) {}

  onModuleInit(): void {
    this.tasks.register('send_mail', (job, attempt) => this.#deliver(job, attempt));
  }

  async #deliver({ id, to, withheld, language, content }: MailJob, { jobId }: Attempt): Promise<void> {
    if (withheld) return;
    const mail = { id, to, ...render(content, language, this.config.appName) };
    if (this.config.isDevelopment) this.mailbox.keep(mail);
    try {
      await this.smtp.deliver(mail);
    } catch (error) {
      // Asking again gets the same answer, and costs the sender its good name.
      if (!(error instanceof SmtpError && error.recipientRefused)) throw error;
      this.#logger.warn({ msg: 'mail refused for its recipient', job_id: jobId, reply: error.reply });
    }
  }
}
