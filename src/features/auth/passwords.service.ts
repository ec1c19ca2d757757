import { Injectable } from '@nestjs/common';
import { Database, Scope } from '../../core/database/index.ts';
import { Problem, validationProblem } from '../../core/http/index.ts';
import { Mail } from '../../core/mail/index.ts';
import { emailIdentity, nameAfter, SecurityEvents, type UserIdentity, UsersService } from '../users/index.ts';
import { AuthRepository } from './auth.repository.ts';
import { MailedLinks } from './mailed-links.ts';
import { NewPasswords } from './new-passwords.ts';
import { PasswordAttempts, type ProvedOwnPassword, wrongPassword } from './password-attempts.ts';
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
      await this.links.use('reset_password', token);
      await this.repository.setPassword(hash);
      await this.#endWhatTheOldOneBegan(user);
    });
  }

  /**
   * Sets the caller's password.
   * @param current left out by who has none
   * @throws Problem validation_failed for a wrong current or a poor new one; rate_limited after too many wrong ones
   */
  async change(current: string | undefined, next: string): Promise<void> {
    const user = await this.users.identity();
    const proved = await this.#proveOwner(user, current);
    const hash = await this.passwords.hash(next, knownOf(user), NEW);
    await this.database.transaction(async () => {
      await this.#replace(proved, hash);
      await this.#endWhatTheOldOneBegan(user);
    });
  }

  /** @returns the password that there is; undefined where there is none */
  async #proveOwner(user: UserIdentity, current: string | undefined): Promise<ProvedOwnPassword | undefined> {
    const credentials = await this.attempts.ownCredentials(user);
    if (current !== undefined) {
      return this.attempts.proveOwn(credentials, current, 'user.password_change_failed', CURRENT);
    }
    if (credentials.passwordHash === null) return undefined;
    throw validationProblem([{ pointer: CURRENT, code: 'required', detail: 'must be given: you have a password' }]);
  }

  async #replace(proved: ProvedOwnPassword | undefined, hash: string): Promise<void> {
    if (proved) {
      await this.attempts.acceptOwn(proved);
      await this.repository.setPassword(hash);
    } else if (!(await this.repository.insertFirstPassword(hash))) {
      throw wrongPassword(CURRENT);
    }
  }

  /**
   * After the password's row is taken no session begins by the old password, and after `voidAll` none by an older link.
   */
  async #endWhatTheOldOneBegan({ email: to, emailKey }: UserIdentity): Promise<void> {
    await this.links.voidAll();
    await this.events.record({ action: 'user.password_changed', outcome: 'success' }, emailKey);
    await this.sessions.endOthers(emailKey);
    this.mail.send({ to, template: 'password_changed' });
  }
}

function knownOf({ emailKey, name }: UserIdentity): string[] {
  return [emailKey, name];
}
