import { Injectable } from '@nestjs/common';
import { Config } from '../../config/index.ts';
import { currentRequest } from '../../core/context/context.ts';
import { KeyedHash, randomToken, tokenHash } from '../../core/crypto/index.ts';
import { Problem } from '../../core/http/index.ts';
import { type Block, refuseWhileBlocked } from '../../core/limits/index.ts';
import type { EmailIdentity, SecurityAction } from '../users/index.ts';
import {
  type AddressPurpose,
  type EmailToken,
  EmailTokensRepository,
  type IssuedToken,
  type LinkPurpose,
} from './email-tokens.repository.ts';
import { currentSessionId } from './sessions.service.ts';

export type { AddressPurpose, EmailToken };

/** A link that was made for an address. */
export interface IssuedLink {
  readonly url: string;
  /** The address has a user. */
  readonly known: boolean;
  /** The address has had its few mails: one is made like any other, and not sent. */
  readonly withheld: boolean;
}

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Of one person. */
const changes: Block = {
  name: 'email-change',
  requests: 20,
  seconds: HOUR,
  detail: 'You have asked for another address too often. Wait as long as Retry-After says.',
};

/**
 * The page of the front end that takes each link, and how long it is good for: no shorter than the hour in which an address
 * is sent three of them, or a stranger who asks for those would keep their owner from having any.
 */
const links: Readonly<Record<LinkPurpose, { page: string; lifetimeSeconds: number }>> = {
  verify_email: { page: 'verify-email', lifetimeSeconds: DAY },
  magic_link: { page: 'magic-link', lifetimeSeconds: HOUR },
  reset_password: { page: 'reset-password', lifetimeSeconds: HOUR },
  change_email: { page: 'change-email', lifetimeSeconds: HOUR },
};

const actions: Readonly<Record<AddressPurpose, SecurityAction>> = {
  verify_email: 'auth.registration_requested',
  magic_link: 'auth.magic_link_requested',
  reset_password: 'auth.password_reset_requested',
};

/** Links that prove to us who holds a mailbox: single-use, and good for one purpose and one address. */
@Injectable()
export class MailedLinks {
  constructor(
    private readonly config: Config,
    private readonly repository: EmailTokensRepository,
    private readonly keyedHash: KeyedHash,
  ) {}

  /**
   * Makes a link in the current transaction, which mails it: the same work for every address.
   * @param name of the person that a new address stands for
   */
  async issue(purpose: AddressPurpose, email: EmailIdentity, name: string): Promise<IssuedLink> {
    const token = randomToken();
    const issued = await this.repository.issue(
      {
        hash: tokenHash(token),
        purpose,
        lifetimeSeconds: links[purpose].lifetimeSeconds,
        email,
        name,
        action: actions[purpose],
        addressHash: this.#hashOf(email.key),
      },
      currentRequest(),
    );
    return this.#link(purpose, token, issued);
  }

  /**
   * Makes a link by which the caller's address becomes this one, and voids the one that they were sent before. It is good while the
   * session is live in which it is asked for, and the address is the one of this moment.
   * @throws Problem rate_limited after 20 in an hour
   */
  async issueChange(email: EmailIdentity): Promise<IssuedLink> {
    const token = randomToken();
    const { lifetimeSeconds } = links.change_email;
    const sessionId = currentSessionId();
    const issued = await this.repository.issueChange({ hash: tokenHash(token), lifetimeSeconds, email, sessionId });
    refuseWhileBlocked(changes, issued.retryAfter);
    return this.#link('change_email', token, issued);
  }

  #link(purpose: LinkPurpose, token: string, { known, due }: IssuedToken): IssuedLink {
    // The token stands behind the #: a browser sends that to no server, so it is in no log and no Referer.
    return { url: `${this.config.appUrl}/${links[purpose].page}#token=${token}`, known, withheld: !due };
  }

  /**
   * Says what a token stands for, without spending it.
   * @throws Problem token_used
   */
  async find(purpose: AddressPurpose, token: string): Promise<EmailToken> {
    const found = await this.repository.find(tokenHash(token), purpose);
    if (!found) throw new Problem('token_used');
    return found;
  }

  /**
   * Spends a token in the current transaction.
   * @throws Problem token_used for all but one caller, ever
   */
  async use(purpose: AddressPurpose, token: string): Promise<void> {
    if (!(await this.repository.use(tokenHash(token), purpose))) throw new Problem('token_used');
  }

  /** Voids the links that were sent to the scope's user and wait to be used. */
  async voidAll(): Promise<void> {
    await this.repository.voidAll();
  }

  /** @returns whose address the token would change, whatever it is still good for; null where it is for something else */
  async findChange(token: string): Promise<string | null> {
    return this.repository.findChange(tokenHash(token));
  }

  /**
   * Spends a token in the current transaction of its user, and gives them the address that it was sent to.
   * @returns the address before
   * @throws Problem token_used for all but one caller, and where the token is void or somebody else has got the address
   */
  async useChange(token: string): Promise<string> {
    const previous = await this.repository.useChange(tokenHash(token));
    if (previous === null) throw new Problem('token_used');
    return previous;
  }

  /**
   * Runs what a token is shown for, and records where it is refused, after all else was undone. One that nobody was sent leaves nothing:
   * anybody can make up any number.
   */
  async attempt<T>(purpose: LinkPurpose, token: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const isRefused = error instanceof Problem && error.code === 'token_used';
      if (isRefused) await this.#recordRefusal(purpose, token);
      throw error;
    }
  }

  async #recordRefusal(purpose: LinkPurpose, token: string): Promise<void> {
    const hash = tokenHash(token);
    const emailKey = await this.repository.findEmailKey(hash, purpose);
    if (emailKey === null) return;
    await this.repository.recordRefusal({ hash, purpose, addressHash: this.#hashOf(emailKey) }, currentRequest());
  }

  #hashOf(emailKey: string): Buffer {
    return this.keyedHash.digest('email_address', emailKey);
  }
}
