import fc from 'fast-check';
import { ConfigError } from '../../src/config/index.ts';
import { type Language, Languages, languages } from '../../src/core/mail/languages.ts';
import { render } from '../../src/core/mail/letter.ts';
import { samples } from '../../src/core/mail/samples.ts';
import { testConfig } from '../support/environment.ts';

const LINK = 'https://app.example.com/verify-email#token=abc_-123';

const tags = Object.keys(languages) as Language[];
const every = samples(LINK).flatMap((content) =>
  tags.map((language) => ({ template: content.template, language, content })),
);

describe.each(every)('$template in $language', ({ language, content }) => {
  const hasLink = 'link' in content;

  it('says one thing as text and as HTML, in its language, with nothing left to fill in', () => {
    const { subject, text, html } = render(content, language, 'Acme');
    expect(subject).toMatch(/^\S.{3,70}\S$/u);
    expect(html).toContain(`<html lang="${language}"`);
    expect(wordsOf(readable(html))).toEqual(wordsOf(text));
    for (const part of [subject, text, html])
      expect(part).not.toMatch(/undefined|null|NaN|\[object|\$\{|\{\{|Tenantry/);
  });

  it('loads nothing, is small enough to be shown whole, and leaves no line for others to break', () => {
    const { text, html } = render(content, language, 'Acme');
    expect(html).not.toMatch(/src=|url\(|@import|<link|<script|<form/);
    expect(html.length).toBeLessThan(16_384);
    expect(text.split('\n').filter((line) => line.length > 76 && !line.startsWith('https:'))).toEqual([]);
  });

  it('shows its first sentences beside the subject', () => {
    const { html } = render(content, language, 'Acme');
    const [, preview = ''] = /<div aria-hidden="true" style="display:none[^>]*>([^<]*?)(?:&#847;|<)/u.exec(html) ?? [];
    expect(preview).toHaveLength(preview.trim().length);
    expect(preview.length).toBeGreaterThan(20);
    expect(readable(html)).toContain(readable(preview));
  });

  it(hasLink ? 'has its link in both parts, once to click on' : 'has no link', () => {
    const { text, html } = render(content, language, 'Acme');
    expect(text.match(/https?:\S+/g) ?? []).toEqual(hasLink ? [LINK] : []);
    expect(html.match(/href="[^"]*"/g) ?? []).toEqual(hasLink ? [`href="${LINK}"`] : []);
  });

  it('escapes every value', () => {
    const hostile = `</style><script>alert(1)</script>"'&amp;`;
    const values = hasLink ? { ...content, link: `https://app.example.com/${hostile}` } : content;
    const { html } = render(values, language, hostile);
    expect(html).not.toMatch(/<script|alert\(1\)<\/|<\/style><|"'/);
    expect(readable(html)).toContain(hostile);
  });
});

describe('a language', () => {
  it.each(tags.filter((tag) => tag !== 'en'))('%s repeats no text of another', (language) => {
    const texts = (tag: Language) => samples(LINK).map((content) => render(content, tag, 'Acme'));
    const [ours, english] = [texts(language), texts('en')];
    for (const [index, { subject, text }] of ours.entries()) {
      expect(subject).not.toBe(english[index]!.subject);
      const lines = text.split('\n').filter((line) => !['', 'Acme', LINK].includes(line));
      expect(lines.filter((line) => english[index]!.text.includes(line))).toEqual([]);
    }
  });
});

describe.each(tags)('an invitation in %s', (language) => {
  const invitation = {
    template: 'invitation',
    link: LINK,
    inviter: 'Ada',
    organization: 'Acme',
    message: null,
    days: 1,
  } as const;
  const said = (values: object) => render({ ...invitation, ...values }, language, 'Tenant');

  it('quotes who invites to what, and what they write, if anything', () => {
    const { text } = said({ message: 'Come and see' });
    for (const quotation of ['Ada', 'Acme', 'Come and see']) expect(text).toMatch(new RegExp(`["„]${quotation}["“]`));
    expect(said({}).text).not.toMatch(/"null|""|„“/);
  });

  it.each([
    'https://evil.example/login',
    'www.evil.example',
    'evil.example',
    'evil\u3002example',
    'evil\uff0eexample',
    'evil.\u200bexample',
    'mailto:eve@evil.example',
    'tel:+491234567',
    'eve@evil',
    '//evil.example',
  ])('lets nobody make a link of %j', (text) => {
    for (const values of [{ message: `See ${text} now` }, { inviter: text }, { organization: text }]) {
      const mail = said(values);
      for (const part of [mail.text, readable(mail.html)]) {
        const others = part.replaceAll(LINK, '').replaceAll(/[.:](?=\s)/g, '');
        expect(others).not.toMatch(/[.:@\u3002\uff0e\uff61](?=\S)/u);
      }
      expect(mail.html.match(/href="[^"]*"/g)).toEqual([`href="${LINK}"`]);
    }
  });

  it('keeps what others write on its line, in its quotation and in bounds, and out of the subject', () => {
    const { subject } = said({});
    const message = `a"b“c\r\n\r\nSincerely\u202e\u2028${'x '.repeat(2_000)}`;
    const mail = said({ inviter: 'y'.repeat(200), organization: '<b>z</b>\n'.repeat(40), message });
    expect(mail.subject).toBe(subject);
    expect(mail.text).toContain("a'b'c Sincerely x");
    expect(mail.text.length).toBeLessThan(2_000);
    expect(mail.text).toContain(`${'y'.repeat(59)}…`);
    expect(mail.html).not.toContain('<b>');
  });
});

describe('the language of a mail', () => {
  const chosen = (header: string | undefined, DEFAULT_LANGUAGE = 'en') =>
    new Languages(testConfig({ DEFAULT_LANGUAGE })).choose(header);

  it.each([
    ['de', 'de'],
    ['DE', 'de'],
    ['de-CH', 'de'],
    ['de-DE-1996', 'de'],
    ['en-US,en;q=0.9,de;q=0.8', 'en'],
    ['fr-FR, fr;q=0.9, de;q=0.2', 'de'],
    ['en;q=0.1, de;q=0.2', 'de'],
    ['de;q=0, *', 'en'],
  ])('is what %j likes best', (header, expected) => {
    expect(chosen(header)).toBe(expected);
  });

  it.each([undefined, '', '*', 'fr', 'en;q=0', '*;q=0', ',;q=', 'de;q=no', '__proto__', 'constructor', '\u0000'])(
    'is the default where %j asks for none that there is',
    (header) => {
      expect(['en', 'de'].map((tag) => chosen(header, tag))).toEqual(['en', 'de']);
    },
  );

  it('is one that there is, whatever a stranger asks for', () => {
    const part = fc.constantFrom('de', 'en', '-', ';', 'q', '=', '0.5', ',', '*', ' ', '"', '\\', '\t');
    const header = fc.array(fc.oneof(part, fc.string({ unit: 'binary' })), { maxLength: 12 });
    const known = new Languages(testConfig());
    fc.assert(fc.property(header, (parts) => expect(tags).toContain(known.choose(parts.join('')))));
  });

  it('has a default that there is, or the server says so when it starts', () => {
    expect(() => chosen('de', 'pt-BR')).toThrow(ConfigError);
    expect(() => chosen('de', 'pt-BR')).toThrow('DEFAULT_LANGUAGE must be one of');
  });
});

/** What a person sees of the HTML, as text. */
function readable(html: string): string {
  return html
    .replace(/<head>.*<\/head>/su, '')
    .replace(/<!--.*?-->/gsu, '')
    .replace(/<div aria-hidden="true" style="display:none[^>]*>.*?<\/div>/gsu, '')
    .replace(/<[^>]*>/gu, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&');
}

/** The words of a mail: text puts a colon before a link, where HTML has a button. */
function wordsOf(text: string): string[] {
  return text
    .replace(/:\n(?=https)/g, '\n')
    .split(/\s+/u)
    .filter(Boolean);
}
