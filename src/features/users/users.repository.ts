import { Injectable } from '@nestjs/common';
import { Undecipherable } from '../../core/crypto/index.ts';
import { Database, encrypted, sql } from '../../core/database/index.ts';
import { Problem } from '../../core/http/index.ts';
import type { User as UserRow } from '../../generated/prisma/client.ts';
import type { EmailIdentity } from './email-identity.ts';

/** A person who is here: whoever has deleted their account has no address, and is none. */
export type User = Omit<UserRow, 'email' | 'emailKey'> & { readonly email: string; readonly emailKey: string };

encrypted({ model: 'User', table: 'users', column: 'phone' });

/** What is known of a person without opening what is sealed: it can be had when that can't, as after the loss of a master key. */
export type UserIdentity = Omit<User, 'phone'>;

/** What a person may change of themselves; a field that is left out stays. */
export interface ProfileChanges {
  name?: string;
  avatarUrl?: string | null;
  phone?: string | null;
}

/** Works in a user's own scope, which shows one row: their own. */
@Injectable()
export class UsersRepository {
  constructor(private readonly database: Database) {}

  /** @throws Problem unauthenticated for whoever has deleted their account this moment */
  async find(): Promise<User> {
    return here(await this.database.prisma.user.findFirstOrThrow());
  }

  /** @throws Problem unauthenticated for whoever has deleted their account this moment */
  async findIdentity(): Promise<UserIdentity> {
    return here(await this.database.prisma.user.findFirstOrThrow({ omit: { phone: true } }));
  }

  /** @returns undefined for one that can't be opened any more */
  async findPhone(): Promise<string | null | undefined> {
    try {
      return (await this.database.prisma.user.findFirstOrThrow({ select: { phone: true } })).phone;
    } catch (error) {
      if (error instanceof Undecipherable) return undefined;
      throw error;
    }
  }

  /** Waits for whoever is changing the row, and keeps it until the transaction ends. */
  async lock(): Promise<void> {
    await this.database.query(sql`select from users where id = app.user_id() for no key update`);
  }

  async update(id: string, changes: ProfileChanges): Promise<User> {
    return here(await this.database.prisma.user.update({ where: { id }, data: changes }));
  }

  /** @returns false where another user has the address */
  async insert({ address, key }: EmailIdentity, name: string): Promise<boolean> {
    const rows = await this.database.query(sql`
      insert into users (id, email, email_key, name) values (app.user_id(), ${address}, ${key}, ${name})
      on conflict (email_key) do nothing returning id`);
    return rows.length === 1;
  }
}

function here<R extends Pick<UserRow, 'email' | 'emailKey'>>({
  email,
  emailKey,
  ...rest
}: R): Omit<R, 'email' | 'emailKey'> & Pick<User, 'email' | 'emailKey'> {
  if (email === null || emailKey === null) throw new Problem('unauthenticated');
  return { ...rest, email, emailKey };
}
