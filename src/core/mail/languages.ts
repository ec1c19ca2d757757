import { Injectable } from '@nestjs/common';
import Negotiator from 'negotiator';
import { Config, ConfigError } from '../../config/index.ts';
import { de } from './languages/de.ts';
import { en } from './languages/en.ts';

/** The texts of all mails by language tag (RFC 5646). */
export const languages = { en, de };

export type Language = keyof typeof languages;

/** Which of the languages that are shipped a mail is written in. */
@Injectable()
export class Languages {
  /** The one to fall back on first: of those wanted alike, the first is taken. */
  readonly #shipped: readonly string[];
  readonly #fallback: Language;

  /** @throws ConfigError for a DEFAULT_LANGUAGE that is not shipped */
  constructor({ mail: { defaultLanguage } }: Config) {
    const names = Object.keys(languages);
    if (!isShipped(defaultLanguage)) throw new ConfigError([`DEFAULT_LANGUAGE must be one of ${names.join(', ')}`]);
    this.#fallback = defaultLanguage;
    this.#shipped = [defaultLanguage, ...names.filter((name) => name !== defaultLanguage)];
  }

  /**
   * @param wanted an `Accept-Language` (RFC 9110, 12.5.4), of whatever form
   * @returns the one that it likes best; the default where it likes none, or there is no such header
   */
  choose(wanted: string | undefined): Language {
    const chosen = new Negotiator({ headers: { 'accept-language': wanted } }).language(this.#shipped);
    return chosen !== undefined && isShipped(chosen) ? chosen : this.#fallback;
  }
}

function isShipped(tag: string): tag is Language {
  return Object.hasOwn(languages, tag);
}
