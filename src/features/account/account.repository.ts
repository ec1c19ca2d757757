import { Injectable } from '@nestjs/common';
import type { RequestInfo } from '../../core/context/context.ts';
import { Database, sql } from '../../core/database/index.ts';

export interface NamedOrganization {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
}

/** By the gate's functions, which act on the user in whose own scope they are called, and reach all that is theirs. */
@Injectable()
export class AccountRepository {
  constructor(private readonly database: Database) {}

  /**
   * Ends every membership, in the current transaction, which has the user's row from then on.
   * @returns the slugs of organisations that would have no active owner left; where there is one, nothing has ended
   */
  async leaveOrganizations(sessionId: string | null, { id, ipAddress, userAgent }: RequestInfo): Promise<string[]> {
    const rows = await this.database.query<{ slug: string }>(sql`
      select slug from app.leave_organizations(${sessionId}::uuid, ${ipAddress}::inet, ${userAgent}, ${id})`);
    return rows.map(({ slug }) => slug);
  }

  /** @returns as many of those organisations, in the order of their slugs */
  async findOrganizations(slugs: readonly string[], most: number): Promise<NamedOrganization[]> {
    return this.database.query<NamedOrganization>(sql`
      select id, name, slug from app.own_organizations() where slug = any (${slugs}) order by slug limit ${most}`);
  }

  /** Leaves of the user an id and "deleted user". */
  async erase(): Promise<void> {
    await this.database.query(sql`select app.erase_user()`);
  }
}
