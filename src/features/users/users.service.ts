import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/index.ts';
import type { Precondition } from '../../core/http/index.ts';
import type { EmailIdentity } from './email-identity.ts';
import { SecurityEvents } from './security-events.ts';
import { type ProfileChanges, type User, type UserIdentity, UsersRepository } from './users.repository.ts';

export type { User, UserIdentity };

@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly repository: UsersRepository,
    private readonly events: SecurityEvents,
  ) {}

  async profile(): Promise<User> {
    return this.repository.find();
  }

  /** Who the caller is, for whatever secures or ends an account: what is sealed is not opened, and may be past opening. */
  async identity(): Promise<UserIdentity> {
    return this.repository.findIdentity();
  }

  async versionOf(): Promise<number> {
    return (await this.repository.findIdentity()).version;
  }

  /**
   * Changes what is given. A phone that can't be opened any more is replaced like another.
   * @throws Problem precondition_failed when the profile has another version by now
   */
  async update(changes: ProfileChanges, precondition: Precondition): Promise<User> {
    return this.database.transaction(async () => {
      await this.repository.lock();
      const { id, emailKey, ...before } = await this.repository.findIdentity();
      precondition.verify(before.version);
      const phone = changes.phone === undefined ? undefined : await this.repository.findPhone();
      const changed = differences({ ...before, phone }, changes);
      if (Object.keys(changed).length === 0) return this.repository.find();
      await this.events.record({ action: 'user.updated', outcome: 'success', changes: changed }, emailKey);
      return this.repository.update(id, changes);
    });
  }

  /**
   * Makes the user in whose (new) scope the current transaction runs. The caller has proved the address.
   * @returns false, and nothing made, where another user has the address
   */
  async create(email: EmailIdentity, name: string): Promise<boolean> {
    const created = await this.repository.insert(email, name);
    if (created) await this.events.record({ action: 'auth.registered', outcome: 'success' }, email.key);
    return created;
  }
}

function differences(
  before: Pick<User, 'name' | 'avatarUrl'> & { readonly phone: User['phone'] | undefined },
  { name, avatarUrl, phone }: ProfileChanges,
): Record<string, { changed: true }> {
  return {
    ...(name !== undefined && name !== before.name && { name: { changed: true } }),
    ...(avatarUrl !== undefined && avatarUrl !== before.avatarUrl && { avatar_url: { changed: true } }),
    ...(phone !== undefined && phone !== before.phone && { phone: { changed: true } }),
  };
}
