import { Injectable } from '@nestjs/common';
import { callerSessionId, currentRequest } from '../../core/context/context.ts';
import { Database } from '../../core/database/index.ts';
import { type Precondition, Problem } from '../../core/http/index.ts';
import { Mail } from '../../core/mail/index.ts';
import { SecurityEvents, UsersService } from '../users/index.ts';
import { AccountRepository } from './account.repository.ts';

/** How many of the organisations that keep somebody are named. */
const NAMED = 5;

@Injectable()
export class AccountService {
  constructor(
    private readonly database: Database,
    private readonly repository: AccountRepository,
    private readonly users: UsersService,
    private readonly events: SecurityEvents,
    private readonly mail: Mail,
  ) {}

  /**
   * Erases the caller, who is in no organisation and signed in nowhere from then on. Their address is anybody's to register.
   * @throws Problem precondition_failed when the profile has another version by now; last_owner while an organisation would be left
   * without an active owner
   */
  async delete(precondition: Precondition): Promise<void> {
    await this.database.transaction(async () => {
      const sessionId = callerSessionId();
      const kept = await this.repository.leaveOrganizations(sessionId, currentRequest());
      const user = await this.users.identity();
      precondition.verify(user.version);
      if (kept.length > 0) throw lastOwner(kept);
      await this.events.record({ action: 'user.deleted', outcome: 'success' }, user.emailKey);
      this.mail.send({ to: user.email, template: 'account_deleted' });
      await this.repository.erase();
      await this.database.forget();
    });
  }
}

function lastOwner(slugs: readonly string[]): Problem {
  const others = slugs.length > NAMED ? ` and ${slugs.length - NAMED} more` : '';
  const named = slugs.slice(0, NAMED).join(', ');
  const remedy = 'Make somebody else owner first, or delete the organization.';
  return new Problem('last_owner', { detail: `You are the only active owner of ${named}${others}. ${remedy}` });
}
