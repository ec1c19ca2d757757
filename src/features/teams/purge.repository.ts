import { Injectable } from '@nestjs/common';
import { Database, sql } from '../../core/database/index.ts';

@Injectable()
export class PurgeRepository {
  constructor(private readonly database: Database) {}

  /**
   * Deletes for good so many rows of a team that can't be restored any more, in any scope: the gate decides which.
   * @returns how many it deleted; 0 where there is no such team, or another worker is at it
   */
  async purge(limit: number): Promise<number> {
    const { purged } = await this.database.one<{ purged: number }>(
      sql`select app.purge_teams(${limit}::integer) as purged`,
    );
    return purged;
  }
}
