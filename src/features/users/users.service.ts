import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/index.ts';
import type { Precondition } from '../../core/http/index.ts';
import type { EmailIdentity } from './email-identity.ts';
import { SecurityEvents } from './security-events.ts';
import { type ProfileChanges, type User, UsersRepository } from './users.repository.ts';

export type { User };

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

  async versionOf(): Promise<number> {
    return (await this.repository.find()).version;
  }

  /** @throws Problem precondition_failed when the profile has another version by now */
  async update(changes: ProfileChanges, precondition: Precondition): Promise<User> {
    return this.database.transaction(async () => {
      await this.repository.lock();
      const user = await this.repository.find();
      precondition.verify(user.version);
      const changed = differences(user, changes);
      if (Object.keys(changed).length === 0) return user;
      await this.events.record({ action: 'user.updated', outcome: 'success', changes: changed }, user.emailKey);
      return this.repository.update(user.id, changes);
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

function differences(user: User, { name, avatarUrl, phone }: ProfileChanges): Record<string, { changed: true }> {
  return {
    ...(name !== undefined && name !== user.name && { name: { changed: true } }),
    ...(avatarUrl !== undefined && avatarUrl !== user.avatarUrl && { avatar_url: { changed: true } }),
    ...(phone !== undefined && phone !== user.phone && { phone: { changed: true } }),
  };
}
