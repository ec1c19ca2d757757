import { escapeHtml, type Language, languages } from '../../core/mail/index.ts';
import type { Specimen } from './gallery.ts';
import type { MailResponse } from './mailbox.dto.ts';
import { picture } from './picture.ts';

/** Mails bring inline styles of their own; nothing else may be loaded, run or embedded. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE = `
:root { color-scheme: light dark }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; font: 16px/1.5 system-ui, sans-serif; color: light-dark(#1b1f24, #e9ebee); background: light-dark(#f2f3f5, #111316) }
article { margin: 1.5rem 0; padding: 1rem 1.25rem; border: 1px solid light-dark(#d5d9df, #30353d); border-radius: 12px; background: light-dark(#fff, #1c1f24) }
h1 { font-size: 1.5rem } h2 { margin: 0; font-size: 1.1rem } .meta { margin: 0 0 .75rem; color: light-dark(#5c6470, #a2a9b4) }
a { color: light-dark(#1f4fd8, #8ba8ff); overflow-wrap: anywhere } ul { padding-left: 1.25rem } pre { white-space: pre-wrap; overflow-wrap: anywhere }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; margin: .75rem 0 } iframe { max-width: 100%; border: 1px solid light-dark(#d5d9df, #30353d); border-radius: 8px }
input { font: inherit; width: 20rem } button { font: inherit }`;

/** The mailbox for a person, without a script. */
export function mailboxPage(mails: readonly MailResponse[], to = ''): string {
  return page(
    'Mailbox',
    `<p>The mails that this server process has sent since it started, newest first. Development only. <a href="/dev/mailbox/templates">All templates</a></p>
<form><label>To <input name="to" type="email" value="${escapeHtml(to)}"></label> <button>Show</button></form>
${mails.length === 0 ? '<p>No mail yet.</p>' : mails.map(article).join('\n')}`,
  );
}

/** One mail, in every way that it may be seen. */
export function mailPage(mail: MailResponse): string {
  const { subject, html, text } = mail;
  return page(
    subject,
    `<p><a href="/dev/mailbox">Mailbox</a></p>
${about(mail)}
${pictures(picture(html, { width: 'wide', scheme: 'light' }), picture(html, { width: 'phone', scheme: 'light' }))}
${pictures(picture(html, { width: 'wide', scheme: 'dark' }), picture(html, { width: 'phone', scheme: 'dark' }))}
<h2>Plain text</h2><pre>${escapeHtml(text)}</pre>`,
  );
}

/** Every template in one language. */
export function galleryPage(specimens: readonly Specimen[], language: Language): string {
  const others = Object.keys(languages).map((tag) => `<a href="?language=${tag}">${tag}</a>`);
  const articles = specimens.map(
    ({ template, subject, html, text }) => `<article lang="${language}">
<h2>${escapeHtml(subject)}</h2>
<p class="meta"><code>${template}</code></p>
${glance(html)}
${plain(text)}
</article>`,
  );
  return page('Templates', `<p><a href="/dev/mailbox">Mailbox</a> · ${others.join(' ')}</p>${articles.join('\n')}`);
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body>
<h1>${escapeHtml(title)}</h1>
${content}
</body>
</html>
`;
}

function article(mail: MailResponse): string {
  return `<article>
<h2><a href="/dev/mailbox/${mail.id}">${escapeHtml(mail.subject)}</a></h2>
${about(mail)}
${glance(mail.html)}
${plain(mail.text)}
</article>`;
}

function about({ to, created_at, links }: MailResponse): string {
  const list = links.length === 0 ? '' : `<ul>${links.map(link).join('')}</ul>`;
  return `<p class="meta">To <bdi>${escapeHtml(to)}</bdi>, ${created_at}</p>${list}`;
}

function link(url: string): string {
  return `<li><a href="${escapeHtml(url)}" rel="noreferrer">${escapeHtml(url)}</a></li>`;
}

/** The two that differ most. */
function glance(html: string): string {
  return pictures(picture(html, { width: 'wide', scheme: 'light' }), picture(html, { width: 'phone', scheme: 'dark' }));
}

function pictures(...frames: readonly string[]): string {
  return `<div class="pictures">${frames.join('')}</div>`;
}

function plain(text: string): string {
  return `<details><summary>Plain text</summary><pre>${escapeHtml(text)}</pre></details>`;
}
