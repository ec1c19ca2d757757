import { Injectable } from '@nestjs/common';
import type { RequestInfo } from '../../core/context/context.ts';
import { Database, sql } from '../../core/database/index.ts';
import type { EmailIdentity } from '../users/index.ts';

export interface Credentials {
  /** null: unknown or suspended. */
  readonly userId: string | null;
  /** null: unknown, suspended or without a password. */
  readonly passwordHash: string | null;
  /** Seconds for which no attempt on the address is judged. */
  readonly retryAfter: number;
}

/** Of the same password, with the parameters of today. */
export interface StrongerHash {
  readonly current: string;
  readonly replacement: string;
}

/** What sign-in asks of the gate: functions that answer in any scope, each narrow enough for that. */
@Injectable()
export class AuthRepository {
  constructor(private readonly database: Database) {}

  /** Of the user in whose scope the current transaction runs; travels with its commit. */
  insertPassword(hash: string): void {
    this.database.defer(sql`insert into passwords (hash) values (${hash})`);
  }

  /**
   * Of the user in whose scope the current transaction runs; travels with its commit. Where the password has another hash by
   * now, that one stays.
   */
  strengthenPassword({ current, replacement }: StrongerHash): void {
    this.database.defer(sql`select app.strengthen_password(${current}, ${replacement})`);
  }

  async findCredentials({ key }: EmailIdentity, addressHash: Buffer): Promise<Credentials> {
    return this.database.one<Credentials>(sql`
      select user_id as "userId", password_hash as "passwordHash", retry_after as "retryAfter"
      from app.find_credentials(${key}, ${addressHash})`);
  }

  /** @returns seconds for which the address is blocked by attempts judged meanwhile; 0 where this one was counted */
  async recordFailure(
    { key }: EmailIdentity,
    addressHash: Buffer,
    { id, ipAddress, userAgent }: RequestInfo,
  ): Promise<number> {
    const { retryAfter } = await this.database.one<{ retryAfter: number }>(sql`
      select app.record_failed_sign_in(${key}, ${addressHash}, ${ipAddress}::inet, ${userAgent}, ${id})
        as "retryAfter"`);
    return retryAfter;
  }

  /** @returns seconds for which the address is blocked by attempts judged meanwhile; 0 where they are forgotten now */
  async forgiveFailures(addressHash: Buffer): Promise<number> {
    const { retryAfter } = await this.database.one<{ retryAfter: number }>(
      sql`select app.forgive_failed_sign_ins(${addressHash}) as "retryAfter"`,
    );
    return retryAfter;
  }
}
