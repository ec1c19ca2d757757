import { htmlPart } from './html-part.ts';
import { type Language, languages } from './languages.ts';
import type { Letter, MailContent, MailTemplate, Texts } from './templates.ts';
import { textPart } from './text-part.ts';

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
  const page = { language, app, greeting, letter };
  return { subject: letter.subject, language, text: textPart(page), html: htmlPart(page) };
}

function letterOf<Name extends MailTemplate>(
  letters: Texts['letters'],
  content: MailContent<Name>,
  app: string,
): Letter {
  return letters[content.template]({ ...content, app });
}
