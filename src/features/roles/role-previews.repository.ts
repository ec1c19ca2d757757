import { Injectable } from '@nestjs/common';
import { Database, sql, type Sql } from '../../core/database/index.ts';
import type { RoleDefinition } from '../../core/access/index.ts';
import type { Holder } from './role-previews.policy.ts';

interface AlikeRow {
  readonly otherIds: readonly string[];
  readonly count: number;
  readonly first: readonly Holder[];
}

/** Who holds a role, as far as the caller sees it. Of the suspended nothing is effective. */
export interface Holders {
  readonly holders: readonly AlikeRow[];
  /** All that are held besides. */
  readonly roles: readonly (RoleDefinition & { readonly id: string })[];
}

@Injectable()
export class RolePreviewsRepository {
  constructor(private readonly database: Database) {}

  /** @param most how many are named of those who hold it alike */
  async holders(roleId: string, scope: 'organization' | 'team', most: number): Promise<Holders> {
    return this.database.one<Holders>(sql`
      with ${scope === 'team' ? onTeams(roleId) : inOrganization(roleId)}, alike as materialized (
        select other_ids, count(*)::int as count, (array_agg(jsonb_build_object('memberId', member_id, 'teamId', team_id)
            order by member_id, team_id))[:${most}::int] as first
          from holder group by other_ids
      )
      select
        (select coalesce(jsonb_agg(jsonb_build_object('otherIds', other_ids, 'count', count, 'first', first)), '[]') from alike) as holders,
        (
          select coalesce(jsonb_agg(jsonb_build_object(
              'id', id, 'scope', scope, 'key', key, 'system', system, 'permissions', permissions)), '[]')
            from roles where id = any (array(select distinct unnest(other_ids) from alike))
        ) as roles`);
  }
}

/** Everybody by one reading of what all of them hold, and not each by one of theirs: there may be ten thousand. */
const inOrganization = (roleId: string): Sql => sql`
  who as materialized (
    select h.member_id from member_roles h join members m on m.organization_id = h.organization_id and m.id = h.member_id
      where h.role_id = ${roleId}::uuid and m.status = 'active'
  ), besides as materialized (
    ${rolesOf(sql`role_id <> ${roleId}::uuid`)}
  ), holder as (
    select member_id, null::uuid as team_id, coalesce(b.role_ids, '{}') as other_ids from who left join besides b using (member_id)
  )`;

const onTeams = (roleId: string): Sql => sql`
  who as materialized (
    select j.member_id, j.team_id, t.path
      from team_members j join members m on m.organization_id = j.organization_id and m.id = j.member_id
        join teams t on t.organization_id = j.organization_id and t.id = j.team_id
      where j.role_id = ${roleId}::uuid and m.status = 'active'
  ), besides as materialized (
    ${rolesOf(sql`true`)}
  ), above as materialized (
    select w.member_id, w.team_id, array_agg(distinct j.role_id order by j.role_id) as role_ids
      from who w cross join unnest(w.path) as p (id) join team_members j on j.member_id = w.member_id and j.team_id = p.id
      where j.role_id <> ${roleId}::uuid
      group by w.member_id, w.team_id
  ), holder as (
    select member_id, team_id, coalesce(b.role_ids, '{}') || coalesce(a.role_ids, '{}') as other_ids
      from who left join besides b using (member_id) left join above a using (member_id, team_id)
  )`;

/** What each of `who` holds in the organisation. */
function rolesOf(condition: Sql): Sql {
  return sql`
    select member_id, array_agg(role_id order by role_id) as role_ids from member_roles
      where member_id in (select member_id from who) and ${condition} group by member_id`;
}
