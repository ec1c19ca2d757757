import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.ts';
import type { Rendered } from './letter.ts';

export interface KeptMail extends Rendered {
  readonly id: string;
  readonly to: string;
  readonly createdAt: Date;
}

const CAPACITY = 200;

/**
 * Development's mail server: the last mails that this process has delivered, in its memory. They are gone when it stops,
 * and a second server process keeps its own; who wants more points SMTP_URL at a mail catcher.
 */
@Injectable()
export class Mailbox {
  readonly #mails = new Map<string, KeptMail>();

  constructor(private readonly clock: Clock) {}

  /** A mail that is delivered again is the same mail. */
  keep(mail: Rendered & { id: string; to: string }): void {
    if (this.#mails.has(mail.id)) return;
    this.#mails.set(mail.id, { ...mail, createdAt: this.clock.now() });
    for (const oldest of this.#mails.keys()) {
      if (this.#mails.size <= CAPACITY) break;
      this.#mails.delete(oldest);
    }
  }

  find(id: string): KeptMail | undefined {
    return this.#mails.get(id);
  }

  /** Newest first; with an address, in any letter case, only those to it. */
  list(to = ''): KeptMail[] {
    const wanted = to.toLowerCase();
    return [...this.#mails.values()].toReversed().filter((mail) => wanted === '' || mail.to.toLowerCase() === wanted);
  }
}
