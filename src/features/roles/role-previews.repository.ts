import { Injectable } from '@nestjs/common';
import { Database, sql, type Sql } from '../../core/database/index.ts';
import type { Holder } from './role-previews.policy.ts';
import type { ScopedRole } from './role.ts';
import { systemRoles } from './system-roles.ts';

/** Who would gain or lose something, as far as the caller sees it. Of the suspended nothing is effective. */
export interface Affected {
  readonly affected: number;
  /** The first of them, by their ids; with what other roles of theirs permit there, of what is changed. */
  readonly first: readonly (Holder & { readonly permitted: readonly string[] })[];
}

/** Of each of what is changed a digit: whether it is permitted. */
type Digits = string;

interface AffectedRow {
  readonly affected: number;
  readonly first: readonly (Holder & { readonly permitted: Digits })[];
}

@Injectable()
export class RolePreviewsRepository {
  constructor(private readonly database: Database) {}

  /**
   * @param changed what the role would permit anew or no more: one at least
   * @param most how many are named
   */
  async affected({ id, scope }: ScopedRole, changed: readonly string[], most: number): Promise<Affected> {
    const none = changed.map(() => '0').join('');
    const { affected, first } = await this.database.one<AffectedRow>(sql`
      with ${giving(id, changed)}, ${scope === 'team' ? onTeams(id, none) : inOrganization(id, none)}, affected as materialized (
        select member_id, team_id, permitted::text as permitted from holder where position('0' in permitted::text) > 0
      )
      select (select count(*)::int from affected) as affected, (
          select coalesce(jsonb_agg(jsonb_build_object('memberId', member_id, 'teamId', team_id, 'permitted', permitted)), '[]')
            from (select * from affected order by member_id, team_id limit ${most}) as named
        ) as first`);
    const among = (permitted: Digits): string[] => changed.filter((_permission, place) => permitted[place] === '1');
    return { affected, first: first.map((named) => ({ ...named, permitted: among(named.permitted) })) };
  }
}

/** All other roles that permit any of what is changed. What one of the system's does stands in the catalogue. */
function giving(roleId: string, changed: readonly string[]): Sql {
  const ofSystem = systemRoles.filter(({ permits }) => changed.some((permission) => permits.has(permission)));
  const digitsOf = ({ permits }: (typeof systemRoles)[number]): Digits =>
    changed.map((permission) => (permits.has(permission) ? '1' : '0')).join('');
  return sql`
    giving as materialized (
      select r.id as role_id, (
          select string_agg(case when c.permission = any (r.permissions) then '1' else '0' end, '' order by c.place)
            from unnest(${changed}::text[]) with ordinality as c (permission, place)
        )::varbit as permitted
        from roles r where not r.system and r.permissions && ${changed}::text[] and r.id <> ${roleId}::uuid
      union all
      select s.role_id, s.digits::varbit
        from unnest(${ofSystem.map(({ id }) => id)}::uuid[], ${ofSystem.map(digitsOf)}::text[]) as s (role_id, digits)
    ), in_organization as (
      select h.member_id, bit_or(g.permitted) as permitted from giving g join member_roles h using (role_id) group by h.member_id
    )`;
}

/** Everybody by one reading of who holds what gives any of it, and not each by one of theirs: there may be ten thousand. */
function inOrganization(roleId: string, none: Digits): Sql {
  return sql`
    holder as (
      select h.member_id, null::uuid as team_id, coalesce(o.permitted, ${none}::varbit) as permitted
        from member_roles h join members m on m.organization_id = h.organization_id and m.id = h.member_id
          left join in_organization o on o.member_id = h.member_id
        where h.role_id = ${roleId}::uuid and m.status = 'active'
    )`;
}

function onTeams(roleId: string, none: Digits): Sql {
  return sql`
    who as materialized (
      select j.member_id, j.team_id, t.path
        from team_members j join members m on m.organization_id = j.organization_id and m.id = j.member_id
          join teams t on t.organization_id = j.organization_id and t.id = j.team_id
        where j.role_id = ${roleId}::uuid and m.status = 'active'
    ), above as (
      select w.member_id, w.team_id, bit_or(g.permitted) as permitted
        from who w cross join unnest(w.path) as p (id) join team_members j on j.member_id = w.member_id and j.team_id = p.id
          join giving g on g.role_id = j.role_id
        group by w.member_id, w.team_id
    ), holder as (
      select member_id, team_id, coalesce(o.permitted, ${none}::varbit) | coalesce(a.permitted, ${none}::varbit) as permitted
        from who left join in_organization o using (member_id) left join above a using (member_id, team_id)
    )`;
}
