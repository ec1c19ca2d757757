export { escapeHtml } from './html.ts';
export { isMailable, Mail } from './mail.ts';
export { MailModule } from './mail.module.ts';
export { type KeptMail, Mailbox } from './mailbox.ts';
export type { MailContent } from './templates.ts';
