import { escapeHtml } from '../../core/mail/index.ts';

/** How wide a mail is shown, in CSS pixels: as in a window, and as on a phone. */
const WIDTHS = { wide: 680, phone: 375 };

/** Which colours a reader has chosen. */
const SCHEMES = { light: 'not all', dark: 'all' };

interface PictureOptions {
  readonly width: keyof typeof WIDTHS;
  readonly scheme: keyof typeof SCHEMES;
}

/**
 * A mail as it looks to somebody: in a frame that runs no script and can do nothing but open a link in a tab. The frame knows
 * but the colours of this browser, so the question for them is answered in the mail's own style sheet.
 */
export function picture(html: string, { width, scheme }: PictureOptions): string {
  const shown = html
    .replaceAll('(prefers-color-scheme: dark)', SCHEMES[scheme])
    // A link in a sandboxed frame leads nowhere unless it opens a tab.
    .replace('<head>', '<head><base target="_blank">');
  return `<iframe class="${width}" title="The mail, ${width}, ${scheme}" loading="lazy" width="${WIDTHS[width]}" height="540"
sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${escapeHtml(shown)}"></iframe>`;
}
