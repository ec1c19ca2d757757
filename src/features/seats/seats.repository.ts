import { Injectable } from '@nestjs/common';
import { Config } from '../../config/index.ts';
import { Database, sql, type Sql } from '../../core/database/index.ts';

/** How many there may be, and how many there are. */
export interface Usage {
  /** The key of the limit. */
  readonly setting: 'members.max' | 'teams.max_members';
  /** null: any number. */
  readonly limit: number | null;
  readonly used: number;
}

const members = sql`select count(*)::integer from members where status <> 'removed'`;

/** Of the organisation of the scope: what the operator has set for it, and of what is not set what the configuration says. */
@Injectable()
export class SeatsRepository {
  readonly #settings: Sql;

  constructor(
    private readonly database: Database,
    { seats }: Config,
  ) {
    const defaults = JSON.stringify({
      'members.max': seats.members ?? null,
      'members.count_pending': seats.countPending,
      'teams.max_members': seats.teamMembers ?? null,
    });
    this.#settings = sql`
      select ${defaults}::jsonb || coalesce((select jsonb_object_agg(key, value) from platform_settings), '{}') as settings`;
  }

  async ofMembers(): Promise<Usage> {
    return this.database.one<Usage>(sql`
      select 'members.max' as setting, (settings ->> 'members.max')::integer as "limit", (${members}) as used from (${this.#settings}) as s`);
  }

  /** @returns with the invitations that are pending, and without a limit where these have no seats */
  async ofMembersAndInvited(): Promise<Usage> {
    return this.database.one<Usage>(sql`
      select 'members.max' as setting, case when (settings ->> 'members.count_pending')::boolean then (settings ->> 'members.max')::integer end as "limit",
          (${members}) + (select count(*)::integer from invitations where status = 'pending' and expires_at > now()) as used
        from (${this.#settings}) as s`);
  }

  /** @param ids of any teams of the organisation, also of such as the caller does not see @returns of the fullest */
  async ofFullest(ids: readonly string[]): Promise<Usage> {
    return this.database.one<Usage>(sql`
      select 'teams.max_members' as setting, (settings ->> 'teams.max_members')::integer as "limit",
          (select coalesce(max(app.count_team_members(id)), 0) from unnest(${ids}::uuid[]) as id) as used
        from (${this.#settings}) as s`);
  }
}
