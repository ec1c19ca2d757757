import { Injectable } from '@nestjs/common';
import { Database, sql, type Sql } from '../../core/database/index.ts';
import type { Batch } from '../../core/jobs/index.ts';

/** The gate's functions that delete, each of one kind; they answer in any scope. Tokens go before their sessions. */
const statements: readonly ((limit: number) => Sql)[] = [
  (limit) => sql`select app.sweep_email_tokens(${limit}::integer) as swept`,
  (limit) => sql`select app.sweep_sign_in_failures(${limit}::integer) as swept`,
  (limit) => sql`select app.sweep_mfa_challenges(${limit}::integer) as swept`,
  (limit) => sql`select app.sweep_second_factor_failures(${limit}::integer) as swept`,
  (limit) => sql`select app.sweep_refresh_tokens(${limit}::integer) as swept`,
  (limit) => sql`select app.sweep_sessions(${limit}::integer) as swept`,
];

@Injectable()
export class SweepRepository {
  /** Each deletes so many at most of what is over. */
  readonly sweeps: readonly Batch[] = statements.map((statement) => (limit) => this.#swept(statement(limit)));

  constructor(private readonly database: Database) {}

  async #swept(statement: Sql): Promise<number> {
    const { swept } = await this.database.one<{ swept: number }>(statement);
    return swept;
  }
}
