import { escapeHtml } from '../../core/mail/index.ts';
import type { MailResponse } from './mailbox.dto.ts';

/** Mails bring inline styles of their own; nothing else may be loaded, run or embedded. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE = `
body { margin: 0 auto; padding: 1rem; max-width: 60rem; font: 16px/1.5 sans-serif; color: #1a1a1a; background: #f4f4f5 }
article { margin: 1rem 0; padding: 1rem; border: 1px solid #d4d4d8; border-radius: 8px; background: #fff }
h2 { margin: 0; font-size: 1.1rem } .meta { margin: 0 0 .5rem; color: #666 } pre { white-space: pre-wrap; overflow-wrap: anywhere }
a { overflow-wrap: anywhere } iframe { width: 100%; height: 24rem; border: 1px solid #d4d4d8 } input { font: inherit; width: 20rem }`;

/** The mailbox for a person: no script, and each mail's HTML in a frame that can do nothing but open a link. */
export function mailboxPage(mails: readonly MailResponse[], to = ''): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mailbox</title><style>${STYLE}</style></head>
<body>
<h1>Mailbox</h1>
<p>The mails that this server process has sent since it started, newest first. Development only.</p>
<form><label>To <input name="to" type="email" value="${escapeHtml(to)}"></label> <button>Show</button></form>
${mails.length === 0 ? '<p>No mail yet.</p>' : mails.map(article).join('\n')}
</body>
</html>
`;
}

function article(mail: MailResponse): string {
  return `<article>
<h2>${escapeHtml(mail.subject)}</h2>
<p class="meta">To ${escapeHtml(mail.to)}, ${mail.created_at}</p>
${mail.links.length === 0 ? '' : `<ul>${mail.links.map(link).join('')}</ul>`}
<iframe title="The mail as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${escapeHtml(inNewTab(mail.html))}"></iframe>
<details><summary>Plain text</summary><pre>${escapeHtml(mail.text)}</pre></details>
</article>`;
}

function link(url: string): string {
  return `<li><a href="${escapeHtml(url)}" rel="noreferrer">${escapeHtml(url)}</a></li>`;
}

/** A link in a sandboxed frame leads nowhere unless it opens a tab. */
function inNewTab(html: string): string {
  return html.replace('<head>', '<head><base target="_blank">');
}
