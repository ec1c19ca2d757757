import { Injectable } from '@nestjs/common';
import { Database, sql } from '../database/index.ts';

/** What is read under it stays so until the commit: who is in the organisation, what they may do there, and where its teams stand. */
@Injectable()
export class OrganizationLock {
  constructor(private readonly database: Database) {}

  /**
   * The next statement waits for whoever holds it, and others are kept from it until the transaction ends. Whoever calls is let in
   * again before that statement, for what they may have been taken while it waited.
   */
  async take(): Promise<void> {
    await this.database.lock(sql`select from organizations for no key update`);
  }
}
