import { Injectable } from '@nestjs/common';
import { Database, sql } from '../../core/database/index.ts';
import type { FirstFactor } from './sessions.service.ts';

/** What an attempt at a challenge found. */
export interface ClaimedAttempt {
  /** Whose challenge it is, or was; null: unknown. */
  readonly userId: string | null;
  /** By which they proved themselves first; null: the challenge is over, and no code of it is judged. */
  readonly method: FirstFactor | null;
  /** Seconds for which no code of the person is judged; then no attempt was taken. */
  readonly retryAfter: number;
}

/** The challenges for a second factor, by the gate's functions. */
@Injectable()
export class MfaChallengesRepository {
  constructor(private readonly database: Database) {}

  /** Of the user in whose scope the current transaction runs; travels with its commit. */
  issue(hash: Buffer, method: FirstFactor, lifetimeSeconds: number): void {
    this.database.defer(sql`select app.issue_mfa_challenge(${hash}, ${method}, ${lifetimeSeconds}::integer)`);
  }

  /** Takes one of the attempts, before its code is judged. Answers in any scope. */
  async claim(hash: Buffer): Promise<ClaimedAttempt> {
    return this.database.one<ClaimedAttempt>(sql`
      select user_id as "userId", method, coalesce(retry_after, 0) as "retryAfter" from app.claim_mfa_attempt(${hash})`);
  }

  /**
   * Ends a challenge of the user in whose scope the current transaction runs, and keeps their password as it is until its end.
   * @returns true for one caller, ever, unless it has expired or another password was set since it was issued
   */
  async spend(hash: Buffer): Promise<boolean> {
    const { spent } = await this.database.one<{ spent: boolean }>(
      sql`select app.spend_mfa_challenge(${hash}) as spent`,
    );
    return spent;
  }
}
