import { Injectable } from '@nestjs/common';
import { Config } from '../../config/index.ts';
import { Database, sql, type Sql } from '../../core/database/index.ts';

/** How many there may be, and how many there are. */
export interface Usage {
  /** null: any number. */
  readonly limit: number | null;
  readonly used: number;
}

export interface MembersUsage extends Usage {
  /** Whether a pending invitation takes the place of a member. */
  readonly countsPending: boolean;
}

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

  /** @param accepted the invitation whose seat goes to the member that it becomes, if any */
  async ofMembers(accepted: string | null): Promise<MembersUsage> {
    return this.database.one<MembersUsage>(sql`
      select "limit", "countsPending", (select count(*)::integer from members where status <> 'removed')
          + case when "countsPending" then (
              select count(*)::integer from invitations
                where status = 'pending' and expires_at > now() and id is distinct from ${accepted}::uuid
            ) else 0 end as used
        from (
          select (settings ->> 'members.max')::integer as "limit", (settings ->> 'members.count_pending')::boolean as "countsPending"
            from (${this.#settings}) as s
        ) as l`);
  }

  /** @param id of any team of the organisation, also of one that the caller does not see */
  async ofTeam(id: string): Promise<Usage> {
    return this.database.one<Usage>(sql`
      select (settings ->> 'teams.max_members')::integer as "limit", app.count_team_members(${id}::uuid) as used
        from (${this.#settings}) as s`);
  }
}
