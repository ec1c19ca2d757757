import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/index.ts';
import { type Problem, validationProblem } from '../../core/http/index.ts';
import { Mail } from '../../core/mail/index.ts';
import { emailIdentity, SecurityEvents, type UserIdentity, UsersService } from '../users/index.ts';
import { MailedLinks } from './mailed-links.ts';
import { maskedAddress } from './masked-address.ts';
import { PasswordAttempts, type ProvedOwnPassword } from './password-attempts.ts';

/**
 * Another address for a person. It is theirs when the new mailbox has confirmed it, and the old one is told twice. It signs nobody in and
 * nobody out.
 */
@Injectable()
export class EmailChangeService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly events: SecurityEvents,
    private readonly links: MailedLinks,
    private readonly attempts: PasswordAttempts,
    private readonly mail: Mail,
  ) {}

  /**
   * Mails a link to the new address, or a notice where somebody has it: the same work, so that neither answer nor time tells.
   * @param password has to be right where it is given
   * @throws Problem validation_failed for what no mail can be sent to, the caller's own address, or a wrong password; rate_limited
   * after too many wrong ones, or 20 changes asked for in an hour
   */
  async request(email: string, password: string | undefined): Promise<void> {
    const user = await this.users.identity();
    const identity = emailIdentity(email);
    if (identity.key === user.emailKey) throw unchanged();
    const proved = password === undefined ? undefined : await this.#prove(user, password);
    await this.database.transaction(async () => {
      if (proved) await this.attempts.acceptOwn(proved);
      const { withheld, known, url } = await this.links.issueChange(identity);
      const to = identity.address;
      if (known) this.mail.send({ to, withheld, template: 'address_known' });
      else this.mail.send({ to, withheld, template: 'email_change', link: url, account: maskedAddress(user.email) });
      this.mail.send({ to: user.email, withheld, template: 'email_change_requested' });
      await this.events.record({ action: 'user.email_change_requested', outcome: 'success' }, user.emailKey);
    });
  }

  async #prove(user: UserIdentity, password: string): Promise<ProvedOwnPassword> {
    const credentials = await this.attempts.ownCredentials(user);
    return this.attempts.proveOwn(credentials, password, 'user.email_change_failed', '/password');
  }

  /**
   * Changes the address of whoever asked for the link. Whoever opens it has the mailbox, and need not be signed in.
   * @returns false, and nothing happened, where the token is not one of these
   * @throws Problem token_used where it is spent, expired or void, or somebody else has the address by now
   */
  async confirm(token: string): Promise<boolean> {
    const userId = await this.links.findChange(token);
    if (userId === null) return false;
    await this.links.attempt('change_email', token, () =>
      this.database.inTransactionOf(userId, () => this.#change(token)),
    );
    return true;
  }

  async #change(token: string): Promise<void> {
    const to = await this.links.useChange(token);
    const changes = { email: { changed: true } } as const;
    await this.events.record({ action: 'user.email_changed', outcome: 'success', changes });
    this.mail.send({ to, template: 'email_changed' });
  }
}

function unchanged(): Problem {
  return validationProblem([{ pointer: '/email', code: 'unchanged', detail: 'must be another address than yours' }]);
}
