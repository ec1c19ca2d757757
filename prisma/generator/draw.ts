import { createHash } from 'node:crypto';

/** Bytes of a digest that make an id; the rest is for what is drawn. */
const ID_BYTES = 10;
const DRAWN_BYTES = 4;
const BELOW = 2 ** 32;

/**
 * What is left to chance about one thing: decided by the seed and by which thing it is, and by nothing that was drawn before. So a
 * thing is the same however many there are beside it, and work that was cut short goes on where it was.
 */
export class Draw {
  readonly #digest: Buffer;
  #offset = ID_BYTES;

  /** @param thing such as `person 17 4` */
  constructor(seed: number, thing: string) {
    this.#digest = createHash('sha256').update(`${seed} ${thing}`).digest();
  }

  /** @returns a number from 0 up to 1; there are five of them */
  fraction(): number {
    const drawn = this.#digest.readUInt32BE(this.#offset);
    this.#offset += DRAWN_BYTES;
    return drawn / BELOW;
  }

  pick(words: readonly string[]): string {
    return words[Math.floor(this.fraction() * words.length)] ?? '';
  }

  /** @returns the thing's UUID, version 7, of that time */
  id(time: Date): string {
    const bytes = Buffer.alloc(16);
    bytes.writeUIntBE(time.getTime(), 0, 6);
    this.#digest.copy(bytes, 6, 0, ID_BYTES);
    bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
    bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}
