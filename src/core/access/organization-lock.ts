import { Injectable } from '@nestjs/common';
import { Database, sql } from '../database/index.ts';
import { Problem } from '../http/problem.ts';

/** What is read under it stays so until the commit: who is in the organisation, what they may do there, and where its teams stand. */
@Injectable()
export class OrganizationLock {
  constructor(private readonly database: Database) {}

  /**
   * Waits for whoever holds it, and keeps others from it until the transaction ends.
   * @throws Problem not_found where the organisation was deleted meanwhile
   */
  async take(): Promise<{ readonly id: string; readonly name: string }> {
    const [organization] = await this.database.query<{ id: string; name: string }>(
      sql`select id, name from organizations where deleted_at is null for no key update`,
    );
    if (!organization) throw new Problem('not_found');
    return organization;
  }
}
