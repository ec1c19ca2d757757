import { Injectable } from '@nestjs/common';
import { Database, Scope } from '../../core/database/index.ts';
import { Problem, validationProblem } from '../../core/http/index.ts';
import { Mail } from '../../core/mail/index.ts';
import {
  type EmailIdentity,
  emailIdentity,
  nameAfter,
  SecurityEvents,
  type UserIdentity,
  UsersService,
} from '../users/index.ts';
import { AuthRepository } from './auth.repository.ts';
import { MailedLinks } from './mailed-links.ts';
import { NewPasswords } from './new-passwords.ts';
import { PasswordAttempts } from './password-attempts.ts';
import { SessionsService } from './sessions.service.ts';

const CURRENT = '/current_password';
const NEW = '/new_password';

/** Setting another password, or a first one. Its owner is told by mail, and whoever else is signed in is so no longer. */
@Injectable()
export class PasswordsService {
  constructor(
    private readonly database: Database,
    private readonly repository: AuthRepository,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly events: SecurityEvents,
    private readonly links: MailedLinks,
    private readonly attempts: PasswordAttempts,
    private readonly passwords: NewPasswords,
    private readonly mail: Mail,
  ) {}

  /**
   * Mails a link to the owner of a known address, and takes as long for another.
   * @throws Problem validation_failed for what no mail can be sent to
   */
  async forgot(email: string): Promise<void> {
    const identity = emailIdentity(email);
    await this.database.transaction(async () => {
      const { known, withheld, url } = await this.links.issue('reset_password', identity, nameAfter(identity));
      const to = identity.address;
      this.mail.send({ to, withheld: withheld || !known, template: 'reset_password', link: url });
    });
  }

  /**
   * Sets the password of whoever holds the mailbox, and signs nobody in.
   * @throws Problem token_used; validation_failed for a poor password, which leaves the token unspent
   */
  async reset(token: string, password: string): Promise<void> {
    await this.links.attempt('reset_password', token, async () => {
      const { userId } = await this.links.find('reset_password', token);
      if (userId === null) throw new Problem('token_used');
      await this.database.inScope(Scope.user(userId), () => this.#reset(token, password));
    });
  }

  async #reset(token: string, password: string): Promise<void> {
    const user = await this.users.identity();
    const hash = await this.passwords.hash(password, knownOf(user));
    await this.database.transaction(async () => {
      await this.links.spend('reset_password', token);
      await this.repository.setPassword(hash);
      await this.#announce(user);
    });
  }

  /**
   * Sets the caller's password.
   * @param current left out by who has none
   * @throws Problem validation_failed for a wrong current or a poor new one; rate_limited after too many wrong ones
   */
  async change(current: string | undefined, next: string): Promise<void> {
    const user = await this.users.identity();
    const passwordSetAt = await this.#proveOwner(identityOf(user), current);
    const hash = await this.passwords.hash(next, knownOf(user), NEW);
    await this.database.transaction(async () => {
      if (!(await this.repository.replacePassword(hash, passwordSetAt))) throw wrongCurrent();
      await this.#announce(user);
    });
  }

  /** @returns what tells the password that there is now from the next one; null where there is none */
  async #proveOwner(identity: EmailIdentity, current: string | undefined): Promise<string | null> {
    if (current !== undefined) {
      const proved = await this.attempts.prove(identity, current, 'auth.password_change_failed');
      if (!proved || !(await this.attempts.accept(proved))) throw wrongCurrent();
      return proved.passwordSetAt;
    }
    const { passwordHash } = await this.attempts.credentialsOf(identity);
    if (passwordHash !== null) {
      throw validationProblem([{ pointer: CURRENT, code: 'required', detail: 'must be given: you have a password' }]);
    }
    return null;
  }

  /**
   * The statements before have the password's row, so nobody begins a session by the old one any more; nor, from the first of these on,
   * by a link that was mailed before.
   */
  async #announce({ email: to, emailKey }: UserIdentity): Promise<void> {
    await this.links.voidAll();
    await this.events.record({ action: 'user.password_changed', outcome: 'success' }, emailKey);
    await this.sessions.endOthers(emailKey);
    this.mail.send({ to, template: 'password_changed' });
  }
}

function knownOf({ emailKey, name }: UserIdentity): string[] {
  return [emailKey, name];
}

function identityOf({ email, emailKey }: UserIdentity): EmailIdentity {
  return { address: email, key: emailKey };
}

function wrongCurrent(): Problem {
  return validationProblem([{ pointer: CURRENT, code: 'wrong', detail: 'must be your current password' }]);
}
