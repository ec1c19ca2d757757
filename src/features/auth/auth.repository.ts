import { Injectable } from '@nestjs/common';
import type { RequestInfo } from '../../core/context/context.ts';
import { Database, sql } from '../../core/database/index.ts';
import type { EmailIdentity, SecurityAction } from '../users/index.ts';

export interface Credentials {
  /** null: unknown or suspended. */
  readonly userId: string | null;
  /** null: unknown, suspended or without a password. */
  readonly passwordHash: string | null;
  /** Tells this password from the next one; null where there is none. */
  readonly passwordSetAt: string | null;
  /** Seconds for which no attempt on the address is judged. */
  readonly retryAfter: number;
}

/** Of the same password, with the parameters of today. */
export interface StrongerHash {
  readonly current: string;
  readonly replacement: string;
}

/** What somebody was trying to do with a wrong password. */
export type FailedAttempt = Extract<
  SecurityAction,
  'auth.sign_in_failed' | 'auth.step_up_failed' | 'user.password_change_failed' | 'user.email_change_failed'
>;

export interface WrongPassword {
  readonly emailKey: string;
  /** What it counts for. */
  readonly subject: Buffer;
  readonly addressHash: Buffer;
  readonly action: FailedAttempt;
  /** null: it was tried before a sign-in. */
  readonly callerSessionId: string | null;
}

export interface AcceptedPassword {
  /** Seconds for which the address is blocked by attempts judged meanwhile; 0 where they are forgotten now. */
  readonly retryAfter: number;
  /** false: another password was set meanwhile. */
  readonly isCurrent: boolean;
}

/** Passwords, and what sign-in asks of the gate: functions that answer in any scope, each narrow enough for that. */
@Injectable()
export class AuthRepository {
  constructor(private readonly database: Database) {}

  async findCredentials({ key }: EmailIdentity, subject: Buffer): Promise<Credentials> {
    return this.database.one<Credentials>(sql`
      select user_id as "userId", password_hash as "passwordHash", password_set_at as "passwordSetAt",
        retry_after as "retryAfter"
      from app.find_credentials(${key}, ${subject})`);
  }

  /**
   * Counts a wrong password, and records it.
   * @returns seconds for which the address is blocked by attempts judged meanwhile; 0 where this one was counted
   */
  async recordFailure(
    { emailKey, subject, addressHash, action, callerSessionId }: WrongPassword,
    { id, ipAddress, userAgent }: RequestInfo,
  ): Promise<number> {
    const { retryAfter } = await this.database.one<{ retryAfter: number }>(sql`
      select app.record_failed_sign_in(${emailKey}, ${action}, ${subject}, ${addressHash}, ${callerSessionId}::uuid,
        ${ipAddress}::inet, ${userAgent}, ${id}) as "retryAfter"`);
    return retryAfter;
  }

  /**
   * Forgets wrong passwords after a right one, and keeps that as it is until the current transaction of its owner ends.
   * @param passwordSetAt of the password that was right
   */
  async acceptPassword(subject: Buffer, passwordSetAt: string | null): Promise<AcceptedPassword> {
    return this.database.one<AcceptedPassword>(sql`
      select app.forgive_failed_sign_ins(${subject}) as "retryAfter",
        app.hold_password(${passwordSetAt}::text::timestamptz) as "isCurrent"`);
  }

  /**
   * Of the user in whose scope the current transaction runs; travels with its commit. Where the password has another hash by
   * now, that one stays.
   */
  strengthenPassword({ current, replacement }: StrongerHash): void {
    this.database.defer(sql`select app.strengthen_password(${current}, ${replacement})`);
  }

  /** Of the user in whose scope the current transaction runs; travels with its commit. */
  insertPassword(hash: string): void {
    this.database.defer(sql`insert into passwords (hash) values (${hash})`);
  }

  /** Sets the password of the user of the scope, whatever there was. Whoever signs in by the old one waits, and is refused. */
  async setPassword(hash: string): Promise<void> {
    await this.database.query(sql`select app.set_password(${hash})`);
  }

  /** @returns false, and nothing changed, where the user of the scope has got one meanwhile */
  async insertFirstPassword(hash: string): Promise<boolean> {
    const rows = await this.database.query(
      sql`insert into passwords (hash) values (${hash}) on conflict (user_id) do nothing returning user_id`,
    );
    return rows.length === 1;
  }
}
