import fc from 'fast-check';
import { ConfigError } from '../../src/config/index.ts';
import { type Language, Languages, languages } from '../../src/core/mail/languages.ts';
import { render } from '../../src/core/mail/letter.ts';
import type { MailContent, MailTemplate } from '../../src/core/mail/templates.ts';
import { testConfig } from '../support/environment.ts';

const LINK = 'https://app.example.com/verify-email#token=abc_-123';

/** Complete by its type: a template that is missing here does not compile. */
const contents: { readonly [Name in MailTemplate]: (link: string) => MailContent<Name> } = {
  verify_email: (link) => ({ template: 'verify_email', link }),
  magic_link: (link) => ({ template: 'magic_link', link }),
  reset_password: (link) => ({ template: 'reset_password', link }),
  password_changed: () => ({ template: 'password_changed' }),
  address_known: () => ({ template: 'address_known' }),
  email_change: (link) => ({ template: 'email_change', link }),
  email_change_requested: () => ({ template: 'email_change_requested' }),
  email_changed: () => ({ template: 'email_changed' }),
  second_factor_added: () => ({ template: 'second_factor_added' }),
  second_factor_removed: () => ({ template: 'second_factor_removed' }),
  recovery_code_used: () => ({ template: 'recovery_code_used' }),
  recovery_codes_replaced: () => ({ template: 'recovery_codes_replaced' }),
  account_deleted: () => ({ template: 'account_deleted' }),
};

const tags = Object.keys(languages) as Language[];
const every = Object.values(contents).flatMap((make) =>
  tags.map((language) => ({ template: make(LINK).template, language, make })),
);

describe.each(every)('$template in $language', ({ language, make }) => {
  const hasLink = 'link' in make(LINK);

  it('says one thing as text and as HTML, in its language, with nothing left to fill in', () => {
    const { subject, text, html } = render(make(LINK), language, 'Acme');
    expect(subject).toMatch(/^\S.{3,70}\S$/u);
    expect(html).toContain(`<html lang="${language}"`);
    expect(wordsOf(readable(html))).toEqual(wordsOf(text));
    for (const part of [subject, text, html])
      expect(part).not.toMatch(/undefined|null|NaN|\[object|\$\{|\{\{|Tenantry/);
  });

  it(hasLink ? 'has its link in both parts, once to click on' : 'has no link', () => {
    const { text, html } = render(make(LINK), language, 'Acme');
    expect(text.match(/https?:\S+/g) ?? []).toEqual(hasLink ? [LINK] : []);
    expect(html.match(/href="[^"]*"/g) ?? []).toEqual(hasLink ? [`href="${LINK}"`] : []);
  });

  it('escapes every value', () => {
    const hostile = `</style><script>alert(1)</script>"'&amp;`;
    const { html } = render(make(`https://app.example.com/${hostile}`), language, hostile);
    expect(html).not.toMatch(/<script|alert\(1\)<\/|<\/style><|"'/);
    expect(readable(html)).toContain(hostile);
  });
});

describe('a language', () => {
  it.each(tags.filter((tag) => tag !== 'en'))('%s repeats no text of another', (language) => {
    const texts = (tag: Language) =>
      every.filter((one) => one.language === tag).map(({ make }) => render(make(LINK), tag, 'Acme'));
    const [ours, english] = [texts(language), texts('en')];
    for (const [index, { subject, text }] of ours.entries()) {
      expect(subject).not.toBe(english[index]!.subject);
      const sentences = text.split('\n').filter((line) => line !== '' && !line.startsWith('https:'));
      expect(sentences.filter((sentence) => english[index]!.text.includes(sentence))).toEqual([]);
    }
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
    fc.assert(fc.property(header, (parts) => expect(tags).toContain(chosen(parts.join('')))));
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
