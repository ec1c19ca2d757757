import { escapeHtml } from './html.ts';
import type { Letter } from './templates.ts';

interface Page {
  /** As a language tag (RFC 5646). */
  readonly language: string;
  readonly app: string;
  readonly greeting: string;
  readonly letter: Letter;
}

/**
 * A letter as HTML that mail readers show alike: tables for the layout, because Outlook lays out nothing else, and the styles
 * in the elements, because some readers take a style sheet out. What the sheet adds is what only the others can: dark colours
 * and less of a margin on a phone. Nothing is loaded from anywhere, so that opening a mail tells nobody of it.
 */
export function htmlPart({ language, app, greeting, letter }: Page): string {
  const { subject, paragraphs, action, footnote } = letter;
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<meta name="x-apple-disable-message-reformatting">
<title>${escapeHtml(subject)}</title>
<style>${SHEET}</style>
</head>
<body class="page" style="margin:0;padding:0;background:${LIGHT.page}">
${preview(paragraphs)}
<table class="page" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:${LIGHT.page}">
<tr><td align="center" style="padding:32px 12px">
<!--[if mso]><table role="presentation" width="${WIDTH}" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:${WIDTH}px">
<tr><td class="text" style="padding:0 4px 16px;${FONT};font-size:18px;font-weight:bold;color:${LIGHT.text}">${escapeHtml(app)}</td></tr>
<tr><td class="card" style="padding:32px 32px 16px;border:1px solid ${LIGHT.border};border-radius:12px;background:${LIGHT.card}">
${[greeting, ...paragraphs].map(paragraph).join('\n')}
${action ? button(action) : ''}</td></tr>
<tr><td class="muted" style="padding:16px 4px 0;${FONT};font-size:14px;color:${LIGHT.muted}">${escapeHtml(footnote)}</td></tr>
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr>
</table>
</body>
</html>
`;
}

/** What a list of mails shows beside the subject; the blanks keep it from going on with what stands below. */
function preview([first = '']: readonly string[]): string {
  const blanks = '&#847;&zwnj;&nbsp;'.repeat(PREVIEW_LENGTH);
  return `<div aria-hidden="true" style="display:none;max-height:0;overflow:hidden;mso-hide:all">${escapeHtml(first)}${blanks}</div>`;
}

function paragraph(text: string): string {
  return `<p class="text" style="margin:0 0 16px;${FONT};font-size:16px;color:${LIGHT.text}">${escapeHtml(text)}</p>`;
}

/**
 * A cell with a colour, which Outlook shows where it leaves out the padding of a link. Below it the link in full: for those
 * whose reader shows no buttons, and who like to see where they go.
 */
function button({ label, link }: { label: string; link: string }): string {
  const href = escapeHtml(link);
  return `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:24px 0 0">
<tr><td class="button" align="center" bgcolor="${LIGHT.button}" style="border-radius:8px;background:${LIGHT.button};mso-padding-alt:12px 28px">
<a class="button" href="${href}" style="display:inline-block;padding:12px 28px;border-radius:8px;background:${LIGHT.button};${FONT};font-size:16px;font-weight:bold;color:#ffffff;text-decoration:none">${escapeHtml(label)}</a>
</td></tr>
</table>
<p class="muted" style="margin:20px 0 16px;${FONT};font-size:13px;color:${LIGHT.muted};word-break:break-all">${href}</p>
`;
}

const WIDTH = 560;
const PREVIEW_LENGTH = 100;
/** First a font that Outlook has: for a list that begins with another it may take Times. */
const FONT = "font-family:'Segoe UI',Roboto,Helvetica,Arial,sans-serif;line-height:1.5";

/** Text has at least 4.5 times the contrast of what it stands on (WCAG 2.2, 1.4.3), in the dark as well. */
const LIGHT = {
  page: '#f2f3f5',
  card: '#ffffff',
  border: '#e1e4e8',
  text: '#1b1f24',
  muted: '#5c6470',
  button: '#1f4fd8',
};
const DARK: typeof LIGHT = {
  page: '#111316',
  card: '#1c1f24',
  border: '#30353d',
  text: '#e9ebee',
  muted: '#a2a9b4',
  button: '#3f6bea',
};

const SHEET = `
:root { color-scheme: light dark; supported-color-schemes: light dark }
@media (prefers-color-scheme: dark) {
.page { background: ${DARK.page} !important }
.card { background: ${DARK.card} !important; border-color: ${DARK.border} !important }
.text { color: ${DARK.text} !important }
.muted { color: ${DARK.muted} !important }
.button { background: ${DARK.button} !important }
}
@media (max-width: 480px) { .card { padding: 24px 20px 8px !important } }
`;
