const DEEPEST = 32;
const MOST_MEMBERS = 20_000;
const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const CHARACTERS = /[^"\\\p{Cc}]+|[\u007f-\u009f]+/uy;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * The grammar of RFC 8259 with our limits, rule by rule and by recursion: too slow for a server, and plain enough to be right.
 * @returns whether a body of this text is taken
 */
export function isTaken(text: string): boolean {
  try {
    new Reader(text).document();
    return true;
  } catch {
    return false;
  }
}

class Reader {
  #at = 0;
  #members = 0;

  constructor(private readonly text: string) {}

  document(): void {
    this.#value(0);
    if (this.#at < this.text.length) throw new Error('something follows');
  }

  #value(depth: number): void {
    this.#match(SPACE);
    const first = this.text[this.#at];
    if (first === '{') this.#object(depth + 1);
    else if (first === '[') this.#list(depth + 1);
    else if (first === '"') this.#string();
    else if (WORD.test(this.#sticky(WORD))) this.#match(WORD);
    else this.#number();
    this.#match(SPACE);
  }

  #object(depth: number): void {
    const names = new Set<string>();
    this.#items(depth, '}', () => {
      this.#match(SPACE);
      const name = this.#string();
      if (names.has(name) || name === '__proto__') throw new Error('a name twice, or a bad one');
      names.add(name);
      this.#match(SPACE);
      this.#expect(':');
      this.#value(depth);
    });
  }

  #list(depth: number): void {
    this.#items(depth, ']', () => this.#value(depth));
  }

  #items(depth: number, end: string, read: () => void): void {
    if (depth > DEEPEST) throw new Error('too deep');
    this.#at += 1;
    this.#match(SPACE);
    if (this.text[this.#at] === end) {
      this.#at += 1;
      return;
    }
    for (;;) {
      this.#members += 1;
      if (this.#members > MOST_MEMBERS) throw new Error('too many members');
      read();
      if (this.text[this.#at] !== ',') break;
      this.#at += 1;
    }
    this.#expect(end);
  }

  #string(): string {
    const start = this.#at;
    this.#expect('"');
    while (this.text[this.#at] !== '"') this.#match(this.text[this.#at] === '\\' ? ESCAPE : CHARACTERS);
    this.#at += 1;
    const string = String(JSON.parse(this.text.slice(start, this.#at)));
    if (string.includes('\0') || /\p{Cs}/u.test(string)) throw new Error('NUL or half a pair');
    return string;
  }

  #number(): void {
    const text = this.#match(NUMBER);
    const number = Number(text);
    const isLost = number === 0 && /[1-9]/.test(text.replace(/e.*/i, ''));
    const isRounded = Number.isInteger(number) && Math.abs(number) > Number.MAX_SAFE_INTEGER;
    const isTiny = number !== 0 && Math.abs(number) < 1e-38;
    if (isLost || isRounded || isTiny || !Number.isFinite(number)) throw new Error('not kept exactly');
  }

  #expect(character: string): void {
    if (this.text[this.#at] !== character) throw new Error(`no ${character}`);
    this.#at += 1;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) throw new Error('something else');
    this.#at += found.length;
    return found;
  }

  /** Sets the pattern to where we are. @returns the text */
  #sticky(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    return this.text;
  }
}
