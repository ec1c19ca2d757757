import { Injectable } from '@nestjs/common';
import { Audit } from '../../core/audit/index.ts';
import { callerSessionId, currentRequest } from '../../core/context/context.ts';
import { Database } from '../../core/database/index.ts';
import { MAXIMUM_NAMED, type Precondition, Problem } from '../../core/http/index.ts';
import { Mail } from '../../core/mail/index.ts';
import { SecurityEvents, UsersService } from '../users/index.ts';
import { AccountRepository } from './account.repository.ts';

@Injectable()
export class AccountService {
  constructor(
    private readonly database: Database,
    private readonly repository: AccountRepository,
    private readonly users: UsersService,
    private readonly events: SecurityEvents,
    private readonly mail: Mail,
    private readonly audit: Audit,
  ) {}

  /**
   * Erases the caller, who is in no organisation and signed in nowhere from then on. Their address is anybody's to register.
   * @throws Problem precondition_failed when the profile has another version by now; last_owner while an organisation would be left
   * without an active owner
   */
  async delete(precondition: Precondition): Promise<void> {
    await this.database.transaction(async () => {
      const sessionId = callerSessionId();
      await this.audit.announce();
      const kept = await this.repository.leaveOrganizations(sessionId, currentRequest());
      const user = await this.users.identity();
      precondition.verify(user.version);
      if (kept.length > 0) throw await this.#lastOwner(kept);
      await this.events.record({ action: 'user.deleted', outcome: 'success' }, user.emailKey);
      this.mail.send({ to: user.email, template: 'account_deleted' });
      await this.repository.erase();
      await this.database.forget();
    });
  }

  async #lastOwner(slugs: readonly string[]): Promise<Problem> {
    const organizations = await this.repository.findOrganizations(slugs, MAXIMUM_NAMED);
    const others = slugs.length > MAXIMUM_NAMED ? ` and ${slugs.length - MAXIMUM_NAMED} more` : '';
    const named = organizations.map(({ slug }) => slug).join(', ');
    const remedy = 'Make somebody else owner first, or delete the organization.';
    const detail = `You are the only active owner of ${named}${others}. ${remedy}`;
    return new Problem('last_owner', { detail, members: { organizations } });
  }
}
