import { Injectable } from '@nestjs/common';
import type { RequestInfo } from '../../core/context/context.ts';
import { Database, sql } from '../../core/database/index.ts';
import type { EmailIdentity, SecurityAction } from '../users/index.ts';

/** What a mailed link is for; its token is good for nothing else. */
export type LinkPurpose = 'verify_email' | 'magic_link' | 'reset_password' | 'change_email';

/** What a link is for that proves an address, and nothing else. */
export type AddressPurpose = Exclude<LinkPurpose, 'change_email'>;

export interface NewEmailToken {
  readonly hash: Buffer;
  readonly purpose: AddressPurpose;
  readonly lifetimeSeconds: number;
  readonly email: EmailIdentity;
  readonly name: string;
  /** What the log says that was asked for. */
  readonly action: SecurityAction;
  readonly addressHash: Buffer;
}

/** By which the address of the scope's user becomes this one. */
export interface NewEmailChange {
  readonly hash: Buffer;
  readonly lifetimeSeconds: number;
  readonly email: EmailIdentity;
  /** In which it is asked for: it is good for no longer than that is live. */
  readonly sessionId: string;
}

export interface IssuedToken {
  /** The address has a user. */
  readonly known: boolean;
  /** The address is to be sent a mail: anybody can ask for one, so they are few in an hour. */
  readonly due: boolean;
}

/** What became of a change of address that was asked for. */
export interface IssuedChange extends IssuedToken {
  /** Seconds for which the person has asked often enough, and nothing has happened; else 0. */
  readonly retryAfter: number;
}

export interface EmailToken {
  readonly email: EmailIdentity;
  readonly name: string;
  /** Who has the address by now. */
  readonly userId: string | null;
}

export interface RefusedToken {
  readonly hash: Buffer;
  readonly purpose: LinkPurpose;
  /** Of the address that it was sent to. */
  readonly addressHash: Buffer;
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
  async find(hash: Buffer, purpose: AddressPurpose): Promise<EmailToken | undefined> {
    const [row] = await this.database.query<{ address: string; key: string; name: string; userId: string | null }>(sql`
      select email as address, email_key as key, name, user_id as "userId"
      from app.find_email_token(${hash}, ${purpose})`);
    return row && { email: { address: row.address, key: row.key }, name: row.name, userId: row.userId };
  }

  /** @returns true for one caller, ever */
  async use(hash: Buffer, purpose: AddressPurpose): Promise<boolean> {
    const { used } = await this.database.one<{ used: boolean }>(
      sql`select app.use_email_token(${hash}, ${purpose}) as used`,
    );
    return used;
  }

  /** Spends, for nothing, what proves the address of the scope's user and has not been used. */
  async voidAll(): Promise<void> {
    await this.database.query(sql`select app.void_email_tokens()`);
  }

  async issueChange({ hash, lifetimeSeconds, email, sessionId }: NewEmailChange): Promise<IssuedChange> {
    return this.database.one<IssuedChange>(sql`
      select known, due, retry_after as "retryAfter"
      from app.issue_email_change(${hash}, ${lifetimeSeconds}::integer, ${email.address}, ${email.key},
        ${sessionId}::uuid)`);
  }

  /** @returns whose address the token would change, whatever it is still good for; null where it is for something else */
  async findChange(hash: Buffer): Promise<string | null> {
    const { userId } = await this.database.one<{ userId: string | null }>(
      sql`select app.find_email_change(${hash}) as "userId"`,
    );
    return userId;
  }

  /**
   * Spends a token of the scope's user, and gives them the address that it stands for.
   * @returns the address before; null, and the transaction has to be undone, where that can't be
   */
  async useChange(hash: Buffer): Promise<string | null> {
    const { previous } = await this.database.one<{ previous: string | null }>(
      sql`select app.change_email(${hash}) as previous`,
    );
    return previous;
  }

  /** @returns of the address that it was sent to, also where it is spent or has expired; null where it is unknown */
  async findEmailKey(hash: Buffer, purpose: LinkPurpose): Promise<string | null> {
    const { key } = await this.database.one<{ key: string | null }>(
      sql`select app.email_key_of_token(${hash}, ${purpose}) as key`,
    );
    return key;
  }

  async recordRefusal(
    { hash, purpose, addressHash }: RefusedToken,
    { id, ipAddress, userAgent }: RequestInfo,
  ): Promise<void> {
    await this.database.query(sql`
      select app.record_refused_email_token(${hash}, ${purpose}, ${addressHash}, ${ipAddress}::inet, ${userAgent},
        ${id})`);
  }
}
