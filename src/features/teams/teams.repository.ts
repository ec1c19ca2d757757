import { Injectable } from '@nestjs/common';
import { Database, sql, type Sql } from '../../core/database/index.ts';
import { anyOf, contains, List, type Rows, type Selection, textKey, timeKey } from '../../core/lists/index.ts';

export type Visibility = 'organization' | 'private';

/** What is said of a team. */
export interface TeamFields {
  readonly name: string;
  readonly slug: string;
  readonly description: string;
  readonly visibility: Visibility;
  /** null: it stands beneath none. */
  readonly parentTeamId: string | null;
}

export interface Team extends TeamFields {
  readonly id: string;
  readonly organizationId: string;
  /** Ids from the root to the team itself. */
  readonly path: readonly string[];
  /** Those of the path that are private. */
  readonly privatePath: readonly string[];
  /** Whether it or one above it is private. */
  readonly secluded: boolean;
  /** Counted by the database when the team changes; not when one above it does. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface TeamsFilter {
  readonly q?: string | undefined;
  readonly parentTeamIds?: readonly string[] | undefined;
  readonly memberIds?: readonly string[] | undefined;
  readonly selection: Selection;
}

/** A team that has another parent now because of what became of the one above it. */
export interface MovedTeam {
  readonly id: string;
  readonly oldVisibility: Visibility;
  readonly newVisibility: Visibility;
}

/** A team that comes into the open, where its slug is taken. */
export interface EmergingTeam {
  readonly id: string;
  readonly oldSlug: string;
  /** null: it is there, and keeps the old one. */
  readonly newSlug: string | null;
}

const columns = sql`
  id, organization_id as "organizationId", name, slug, description, visibility, parent_team_id as "parentTeamId", path,
  private_path as "privatePath", secluded, version, created_at as "createdAt", updated_at as "updatedAt"`;

const teams = new List<Team>({
  from: sql`teams`,
  columns,
  keys: { name: textKey(sql`name_key`), created_at: timeKey(sql`created_at`) },
});

/** Shows the teams that are there for the caller: deleted and hidden ones are kept from every statement by a policy. */
@Injectable()
export class TeamsRepository {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<Team | undefined> {
    const [team] = await this.database.query<Team>(sql`select ${columns} from teams where id = ${id}::uuid`);
    return team;
  }

  /** @returns whether the caller sees a private team there to which they don't belong */
  async seesPrivateBeneath(parentTeamId: string | null): Promise<boolean> {
    const { sees } = await this.database.one<{ sees: boolean }>(sql`
      select app.sees_private_teams()
        or exists (select from teams where id = ${parentTeamId}::uuid and path && app.overseen_teams()) as sees`);
    return sees;
  }

  /** @returns undefined, and nothing made, where the slug is taken */
  async insert(id: string, fields: TeamFields): Promise<Team | undefined> {
    const { name, slug, description, visibility, parentTeamId } = fields;
    const [team] = await this.database.query<Team>(sql`
      insert into teams (id, name, slug, description, visibility, path, private_path)
        select ${id}::uuid, ${name}, ${slug}, ${description}, ${visibility}, coalesce(above.path, '{}') || ${id}::uuid,
            coalesce(above.private_path, '{}') || case when ${visibility} = 'private' then array[${id}::uuid] else '{}' end
          from (select ${parentTeamId}::uuid as id) as parent left join teams above on above.id = parent.id
        on conflict (organization_id, slug) where not secluded do nothing
        returning ${columns}`);
    return team;
  }

  /** @returns whether the caller sees it still */
  async update(id: string, { name, slug, description }: TeamFields): Promise<boolean> {
    const updated = await this.database.query(sql`
      update teams set name = ${name}, slug = ${slug}, description = ${description} where id = ${id}::uuid returning id`);
    return updated.length > 0;
  }

  /** @returns how many levels the caller sees from the team down, its own included */
  async levelsFrom({ id, path }: Team): Promise<number> {
    const { deepest } = await this.database.one<{ deepest: number }>(
      sql`select max(cardinality(path)) as deepest from teams where path @> array[${id}::uuid]`,
    );
    return deepest - path.length + 1;
  }

  /** @returns the ids of all roles that are held on one of the teams, also by whom the caller does not see */
  async rolesHeldOn(teamIds: readonly string[]): Promise<readonly string[]> {
    const roles = await this.database.query<{ id: string }>(
      sql`select id from app.roles_held_on(${teamIds}::uuid[]) as id`,
    );
    return roles.map(({ id }) => id);
  }

  /**
   * Before a secluded team moves or is shown: gives deleted ones beneath it another slug if theirs is taken in the open.
   * @returns these, and those that are there and whose slug is taken
   */
  async emerge(id: string, { parentTeamId, visibility }: TeamFields): Promise<readonly EmergingTeam[]> {
    return this.database.query<EmergingTeam>(sql`
      select id, old_slug as "oldSlug", new_slug as "newSlug"
        from app.emerge_teams(${id}::uuid, ${parentTeamId}::uuid, ${visibility})`);
  }

  /** @returns the teams that stayed behind with the former parent: hidden ones for which it is too deep there */
  async move(id: string, { parentTeamId, visibility }: TeamFields): Promise<readonly MovedTeam[]> {
    return this.database.query<MovedTeam>(sql`
      select id, old_visibility as "oldVisibility", new_visibility as "newVisibility"
        from app.move_team(${id}::uuid, ${parentTeamId}::uuid, ${visibility})`);
  }

  /** @returns the teams that were beneath it, hidden ones too: they moved up to its parent */
  async delete(id: string): Promise<readonly MovedTeam[]> {
    return this.database.query<MovedTeam>(sql`
      select id, old_visibility as "oldVisibility", new_visibility as "newVisibility" from app.delete_team(${id}::uuid)`);
  }

  /** @returns whether it was deleted */
  async restore(id: string): Promise<boolean> {
    const { restored } = await this.database.one<{ restored: boolean }>(
      sql`select app.restore_team(${id}::uuid) as restored`,
    );
    return restored;
  }

  async list({ q, parentTeamIds, memberIds, selection }: TeamsFilter): Promise<Rows<Team>> {
    return teams.read(this.database, selection, [
      contains([sql`name_key`], q),
      anyOf(sql`parent_team_id`, 'uuid', parentTeamIds),
      memberIds && isOfAny(memberIds),
    ]);
  }
}

/** Whoever may not see who is in a team does not find it by them, which the policies of `team_members` say. */
function isOfAny(memberIds: readonly string[]): Sql {
  return sql`id = any (array(select team_id from team_members where member_id = any (${memberIds}::uuid[])))`;
}
