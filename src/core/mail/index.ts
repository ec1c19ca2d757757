export { escapeHtml } from './html.ts';
export { type Language, languages } from './languages.ts';
export { render, type Rendered } from './letter.ts';
export { isMailable, Mail } from './mail.ts';
export { MailModule } from './mail.module.ts';
export { type KeptMail, Mailbox } from './mailbox.ts';
export { samples } from './samples.ts';
export type { MailContent } from './templates.ts';
