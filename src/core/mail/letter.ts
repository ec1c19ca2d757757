import { escapeHtml } from './html.ts';
import { type Language, languages } from './languages.ts';
import type { Letter, MailContent, MailTemplate, Texts } from './templates.ts';

export interface Rendered {
  readonly subject: string;
  readonly language: Language;
  readonly text: string;
  readonly html: string;
}

/**
 * A mail as it is sent: one content, as plain text and as HTML, in which every value is escaped.
 * @param app what the product calls itself
 */
export function render(content: MailContent, language: Language, app: string): Rendered {
  const { greeting, letters } = languages[language];
  const letter = letterOf(letters, content, app);
  return {
    subject: letter.subject,
    language,
    text: asText(greeting, letter),
    html: asHtml(language, greeting, letter),
  };
}

function letterOf<Name extends MailTemplate>(
  letters: Texts['letters'],
  content: MailContent<Name>,
  app: string,
): Letter {
  return letters[content.template]({ ...content, app });
}

function asText(greeting: string, letter: Letter): string {
  const action = letter.action ? [`${letter.action.label}:\n${letter.action.link}`] : [];
  return [greeting, ...letter.paragraphs, ...action, letter.footnote].join('\n\n') + '\n';
}

function asHtml(language: Language, greeting: string, letter: Letter): string {
  const paragraphs = [greeting, ...letter.paragraphs].map((text) => `<p>${escapeHtml(text)}</p>`);
  return `<!doctype html>
<html lang="${language}">
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
