import { Injectable } from '@nestjs/common';
import type { RequestInfo } from '../../core/context/context.ts';
import { Database, sql } from '../../core/database/index.ts';
import type { EmailIdentity } from '../users/index.ts';

/** What a mailed link is for; its token is good for nothing else. */
export type LinkPurpose = 'verify_email' | 'magic_link' | 'reset_password';

export interface NewEmailToken {
  readonly hash: Buffer;
  readonly purpose: LinkPurpose;
  readonly lifetimeSeconds: number;
  readonly email: EmailIdentity;
  readonly name: string;
  /** What the log says that was asked for. */
  readonly action: string;
  readonly addressHash: Buffer;
}

export interface IssuedToken {
  /** The address has a user. */
  readonly known: boolean;
  /** The address is to be sent a mail: anybody can ask for one, so they are few in an hour. */
  readonly due: boolean;
}

export interface EmailToken {
  readonly email: EmailIdentity;
  readonly name: string;
  /** Who has the address by now. */
  readonly userId: string | null;
}

/** Of the address that it was sent to; null where that is unknown. */
export interface RefusedToken {
  readonly emailKey: string | null;
  readonly addressHash: Buffer | null;
}

/** The tokens of mailed links, by the gate's functions, which answer in any scope. */
@Injectable()
export class EmailTokensRepository {
  constructor(private readonly database: Database) {}

  async issue(
    { hash, purpose, lifetimeSeconds, email, name, action, addressHash }: NewEmailToken,
    { id, ipAddress, userAgent }: RequestInfo,
  ): Promise<IssuedToken> {
    return this.database.one<IssuedToken>(sql`
      select known, due
      from app.issue_email_token(${hash}, ${purpose}, ${lifetimeSeconds}::integer, ${email.address}, ${email.key},
        ${name}, ${action}, ${addressHash}, ${ipAddress}::inet, ${userAgent}, ${id})`);
  }

  /** @returns undefined for a token that is unknown, expired or spent, or whose person is suspended */
  async find(hash: Buffer, purpose: LinkPurpose): Promise<EmailToken | undefined> {
    const [row] = await this.database.query<{ address: string; key: string; name: string; userId: string | null }>(sql`
      select email as address, email_key as key, name, user_id as "userId"
      from app.find_email_token(${hash}, ${purpose})`);
    return row && { email: { address: row.address, key: row.key }, name: row.name, userId: row.userId };
  }

  /** @returns true for one caller, ever */
  async use(hash: Buffer, purpose: LinkPurpose): Promise<boolean> {
    const { used } = await this.database.one<{ used: boolean }>(
      sql`select app.use_email_token(${hash}, ${purpose}) as used`,
    );
    return used;
  }

  /** @returns of the address that it was sent to, also where it is spent or has expired; null where it is unknown */
  async findEmailKey(hash: Buffer, purpose: LinkPurpose): Promise<string | null> {
    const { key } = await this.database.one<{ key: string | null }>(
      sql`select app.email_key_of_token(${hash}, ${purpose}) as key`,
    );
    return key;
  }

  async recordRefusal(
    { emailKey, addressHash }: RefusedToken,
    { id, ipAddress, userAgent }: RequestInfo,
  ): Promise<void> {
    await this.database.query(sql`
      select app.record_refused_email_token(${emailKey}, ${addressHash}::bytea, ${ipAddress}::inet, ${userAgent}, ${id})`);
  }
}
