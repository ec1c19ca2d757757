import { Text } from '../../core/http/index.ts';
import type { KeptMail } from '../../core/mail/index.ts';

export class MailboxQuery {
  @Text({ optional: true, description: 'Only the mails to this address.' })
  to?: string;
}

export class MailResponse {
  id: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  created_at: string;
  /** Every link in the mail, in order. */
  links: string[];
}

export class MailboxResponse {
  data: MailResponse[];
}

export function toMailbox(mails: readonly KeptMail[]): MailboxResponse {
  return { data: mails.map(toMail) };
}

function toMail({ id, to, subject, text, html, createdAt }: KeptMail): MailResponse {
  return {
    id,
    to,
    subject,
    text,
    html,
    created_at: createdAt.toISOString(),
    links: text.match(/https?:\/\/\S+/g) ?? [],
  };
}
