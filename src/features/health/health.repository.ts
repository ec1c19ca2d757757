import { Injectable } from '@nestjs/common';
import { Database, sql } from '../../core/database/index.ts';

@Injectable()
export class HealthRepository {
  constructor(private readonly database: Database) {}

  /** @throws when the database does not answer within the bound of every statement */
  async ping(): Promise<void> {
    await this.database.query(sql`select 1 as alive`);
  }
}
