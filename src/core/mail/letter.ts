import { escapeHtml } from './html.ts';
import { type Letter, type MailContent, templates } from './templates.ts';

export interface Rendered {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Whoever reads it: the mailbox is all that is known of them. */
const GREETING = 'Hello,';

/** A mail as it is sent: one content, as plain text and as HTML, in which every value is escaped. */
export function render(content: MailContent): Rendered {
  const letter = letterOf(content);
  return { subject: letter.subject, text: asText(letter), html: asHtml(letter) };
}

function letterOf(content: MailContent): Letter {
  switch (content.template) {
    case 'verify_email':
      return templates.verify_email(content);
    case 'magic_link':
      return templates.magic_link(content);
    case 'reset_password':
      return templates.reset_password(content);
    case 'password_changed':
      return templates.password_changed(content);
    case 'address_known':
      return templates.address_known(content);
  }
}

function asText(letter: Letter): string {
  const action = letter.action ? [`${letter.action.label}:\n${letter.action.link}`] : [];
  return [GREETING, ...letter.paragraphs, ...action, letter.footnote].join('\n\n') + '\n';
}

function asHtml(letter: Letter): string {
  const paragraphs = [GREETING, ...letter.paragraphs].map((text) => `<p>${escapeHtml(text)}</p>`);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHtml(letter.subject)}</title></head>
<body style="margin:0;padding:24px;font:16px/1.5 sans-serif;color:#1a1a1a;background:#ffffff">
<div style="max-width:560px;margin:0 auto">
${paragraphs.join('\n')}
${letter.action ? button(letter.action) : ''}
<p style="color:#666666;font-size:14px">${escapeHtml(letter.footnote)}</p>
</div>
</body>
</html>
`;
}

/** The link is shown in full as well: for those whose reader shows no buttons, and who like to see where they go. */
function button({ label, link }: { label: string; link: string }): string {
  const href = escapeHtml(link);
  return `<p><a href="${href}" style="display:inline-block;padding:10px 20px;border-radius:6px;background:#1f4fd8;color:#ffffff;text-decoration:none">${escapeHtml(label)}</a></p>
<p style="font-size:14px;word-break:break-all">${href}</p>`;
}
