/**
 * `altered`: it was edited, cut, or moved from another place. `lost_key`: there is no such key, or its master key is not
 * configured. `forgotten`: its key was destroyed.
 */
export type Reason = 'altered' | 'lost_key' | 'forgotten';

/** A sealed text can't be opened. It says nothing of the text, and no caller is told more than that there was a fault. */
export class Undecipherable extends Error {
  override readonly name: string = 'Undecipherable';
  readonly reason: Reason;

  constructor(reason: Reason) {
    super(`a sealed text can't be opened: ${reason}`);
    this.reason = reason;
  }
}

/** The data key was destroyed on purpose: what it sealed is gone for everybody, and stays so. */
export class Forgotten extends Undecipherable {
  override readonly name = 'Forgotten';

  constructor() {
    super('forgotten');
  }
}
