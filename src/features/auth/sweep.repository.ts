import { Injectable } from '@nestjs/common';
import { Database, sql, type Sql } from '../../core/database/index.ts';

/** The gate's functions that delete, each of one kind; they answer in any scope. Tokens go before their sessions. */
const sweeps: readonly ((limit: number) => Sql)[] = [
  (limit) => sql`select app.sweep_email_tokens(${limit}::integer) as swept`,
  (limit) => sql`select app.sweep_sign_in_failures(${limit}::integer) as swept`,
  (limit) => sql`select app.sweep_mfa_challenges(${limit}::integer) as swept`,
  (limit) => sql`select app.sweep_second_factor_failures(${limit}::integer) as swept`,
  (limit) => sql`select app.sweep_refresh_tokens(${limit}::integer) as swept`,
  (limit) => sql`select app.sweep_sessions(${limit}::integer) as swept`,
];

@Injectable()
export class SweepRepository {
  constructor(private readonly database: Database) {}

  /** Deletes all that is over, in batches that are each a transaction of its own. */
  async sweep(batch: number): Promise<void> {
    for (const statement of sweeps) {
      while ((await this.#swept(statement(batch))) === batch);
    }
  }

  async #swept(statement: Sql): Promise<number> {
    const { swept } = await this.database.one<{ swept: number }>(statement);
    return swept;
  }
}
