/** What begins a line, and other characters of control. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** What shows nothing, or turns the text around it. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** A quotation mark in the text would end the quotation that it stands in. */
const QUOTATION_MARKS = /["„“”«»‟]/gu;

/** Mail readers make a link of what has a dot, a colon or an @ within a word, and of the dots that a browser takes for one. */
const LINK = /([.:@\u3002\uff0e\uff61])(?=\S)/gu;

const LONGEST_NAME = 60;
const LONGEST_MESSAGE = 500;

/**
 * Text of others, as it may stand quoted in a mail to anybody: one line, bounded, of characters that are seen, and with nothing in it
 * that a mail reader would make a link of. A thin space is enough for that, and leaves it as it reads.
 */
export const quotable = {
  name: (text: string): string => quoted(text, LONGEST_NAME),
  message: (text: string): string => quoted(text, LONGEST_MESSAGE),
};

function quoted(text: string, longest: number): string {
  const line = text.replace(CONTROL, ' ').replace(UNSEEN, '').replace(/\s+/gu, ' ').trim();
  const characters = Array.from(line);
  const bounded = characters.length <= longest ? line : `${characters.slice(0, longest - 1).join('')}…`;
  return bounded.replace(QUOTATION_MARKS, "'").replace(LINK, '$1\u202f');
}
