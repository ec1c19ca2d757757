import { Choice, Text } from '../../core/http/index.ts';
import { type KeptMail, type Language, languages } from '../../core/mail/index.ts';

export class MailboxQuery {
  @Text({ optional: true, description: 'Only the mails to this address.' })
  to?: string;
}

export class GalleryQuery {
  @Choice(Object.keys(languages), { optional: true })
  language?: Language;
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

export function toMail({ id, to, subject, text, html, createdAt }: KeptMail): MailResponse {
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
