import type { MasterKey } from '../../config/index.ts';
import { type SealContext, SecretBox } from './secret-box.ts';
import { format, parse } from './sealed-text.ts';
import { Undecipherable } from './undecipherable.ts';

/** The keys above all others. They are configuration, and never in the database; each names itself in what it seals. */
export class MasterKeys {
  readonly currentId: string;
  readonly #boxes: ReadonlyMap<string, SecretBox>;

  /**
   * @param keys the first one seals, every one opens
   * @throws Error where there is none
   */
  constructor(keys: readonly MasterKey[]) {
    const [current] = keys;
    if (!current) throw new Error('there is no master key');
    this.currentId = current.id;
    this.#boxes = new Map(keys.map(({ id, secret }) => [id, new SecretBox(secret)]));
  }

  seal(text: string, context: SealContext): string {
    return format({ keyId: this.currentId, box: this.#box(this.currentId).seal(text, context) });
  }

  /** @throws Undecipherable for what was sealed in another context or under a key that is not among these, or was changed */
  open(sealed: string, context: SealContext): string {
    const { keyId, box } = parse(sealed);
    const text = this.#box(keyId).open(box, context);
    if (text === undefined) throw new Undecipherable('altered');
    return text;
  }

  #box(id: string): SecretBox {
    const box = this.#boxes.get(id);
    if (!box) throw new Undecipherable('lost_key');
    return box;
  }
}
