import { Injectable } from '@nestjs/common';
import { Database, sql } from '../../core/database/index.ts';

export interface PreferencesFields {
  readonly teamOrder: readonly string[];
  readonly sidebar: Readonly<Record<string, unknown>>;
}

/** How the caller arranges the organisation of the scope for themselves. */
export interface Preferences extends PreferencesFields {
  readonly memberId: string;
  /** Counted by the database; 0: as they are before they are set. */
  readonly version: number;
}

@Injectable()
export class PreferencesRepository {
  constructor(private readonly database: Database) {}

  /** @returns undefined where the caller's membership has ended this moment */
  async find(): Promise<Preferences | undefined> {
    const [preferences] = await this.database.query<Preferences>(sql`
      select m.id as "memberId", coalesce(p.team_order, '{}') as "teamOrder", coalesce(p.sidebar_preferences, '{}') as sidebar,
          coalesce(p.version, 0) as version
        from members m left join preferences p on p.organization_id = m.organization_id and p.member_id = m.id
        where m.user_id = app.user_id() and m.status <> 'removed'`);
    return preferences;
  }

  /** The next statement waits for whoever is changing the caller's membership or these, who are kept from it until the transaction ends. */
  async lock(): Promise<void> {
    await this.database.lock(
      sql`select from members where user_id = app.user_id() and status <> 'removed' for no key update`,
    );
  }

  /** @returns what the database made of them */
  async replace(memberId: string, { teamOrder, sidebar }: PreferencesFields): Promise<Preferences> {
    return this.database.one<Preferences>(sql`
      insert into preferences (member_id, team_order, sidebar_preferences)
        values (${memberId}::uuid, ${teamOrder}::uuid[], ${JSON.stringify(sidebar)}::jsonb)
        on conflict (organization_id, member_id) do update
          set team_order = excluded.team_order, sidebar_preferences = excluded.sidebar_preferences
        returning member_id as "memberId", team_order as "teamOrder", sidebar_preferences as sidebar, version`);
  }
}
