import { Injectable } from '@nestjs/common';
import { type Grant, permissionsOf, type TeamGrant } from '../../core/access/index.ts';
import { Database, sql } from '../../core/database/index.ts';
import { anyOf, contains, List, type Rows, type Selection, textKey, timeKey } from '../../core/lists/index.ts';
import type { Role, ScopedRole } from './role.ts';
import { systemRoles } from './system-roles.ts';
import type { RoleFields, RoleScope } from './roles.policy.ts';

export interface RolesFilter {
  readonly q?: string | undefined;
  readonly scopes?: readonly RoleScope[] | undefined;
  /** Whether those of the system are among them, and whether others are; undefined: all. */
  readonly systems?: readonly boolean[] | undefined;
  readonly selection: Selection;
}

const columns = sql`
  id, organization_id as "organizationId", scope, key, name, description, system, permissions, version,
  created_at as "createdAt", updated_at as "updatedAt"`;

const roles = new List<Role>({
  from: sql`roles`,
  columns,
  keys: { name: textKey(sql`name_key`), key: textKey(sql`key`), created_at: timeKey(sql`created_at`) },
});

/** Holders that change by one statement, each with an event: as many as a statement's time allows on a busy machine. */
const BATCH = 1_000;

/** A policy keeps every statement from changing a role of the system. */
@Injectable()
export class RolesRepository {
  constructor(private readonly database: Database) {}

  /** @returns undefined, and nothing made, where the key is taken */
  async insert({ scope, key, name, description, permissions }: RoleFields): Promise<Role | undefined> {
    const [role] = await this.database.query<Role>(sql`
      insert into roles (scope, key, name, description, permissions)
        values (${scope}, ${key}, ${name}, ${description}, ${permissions}::text[])
        on conflict (organization_id, scope, key) do nothing
        returning ${columns}`);
    return role && known(role);
  }

  async find(id: string): Promise<Role | undefined> {
    const [role] = await this.database.query<Role>(sql`select ${columns} from roles where id = ${id}::uuid`);
    return role && known(role);
  }

  async findByKey(scope: RoleScope, key: string): Promise<Role | undefined> {
    const [role] = await this.database.query<Role>(
      sql`select ${columns} from roles where scope = ${scope} and key = ${key}`,
    );
    return role && known(role);
  }

  async list({ q, scopes, systems, selection }: RolesFilter): Promise<Rows<Role>> {
    const found = await roles.read(this.database, selection, [
      contains([sql`name_key`, sql`key`], q),
      anyOf(sql`scope`, 'text', scopes),
      systems && sql`system = any (${systems}::boolean[])`,
    ]);
    return { ...found, rows: found.rows.map(known) };
  }

  /** @returns what the database made of the change */
  async update({ id, name, description, permissions }: Role): Promise<Role> {
    const role = await this.database.one<Role>(sql`
      update roles set name = ${name}, description = ${description}, permissions = ${permissions}::text[]
        where id = ${id}::uuid returning ${columns}`);
    return known(role);
  }

  /** @returns all roles that permit any of these, those of the system too */
  async permittingAny(permissions: readonly string[]): Promise<readonly ScopedRole[]> {
    const ofSystem = systemRoles.filter(({ permits }) => permissions.some((permission) => permits.has(permission)));
    return this.database.query<ScopedRole>(sql`
      select id, scope from roles
        where not system and permissions && ${permissions}::text[] or id = any (${ofSystem.map(({ id }) => id)}::uuid[])`);
  }

  /**
   * @param roleIds of those of the organisation that are asked about
   * @returns which of them are held by whom this one is, active or suspended. Of each the first holder of both is looked for: there may
   * be ten thousand
   */
  async heldBesides(id: string, roleIds: readonly string[]): Promise<readonly Grant[]> {
    return this.database.query<Grant>(sql`
      select r.id as "roleId", null::uuid as "teamId" from unnest(${roleIds}::uuid[]) as r (id), lateral (
        select from member_roles h where h.role_id = r.id and exists (
          select from member_roles o
            where o.organization_id = h.organization_id and o.member_id = h.member_id and o.role_id = ${id}::uuid
            -- Kept apart: all who hold either would else be compared.
            offset 0
        ) limit 1
      ) as common`);
  }

  /**
   * @param roleIds of those of teams that are asked about
   * @returns which of them are held by whom this one is, and where, on the teams that the caller sees: of all teams on which the caller
   * holds the same, one, for there may be thousands
   */
  async heldOnTeams(id: string, roleIds: readonly string[]): Promise<readonly TeamGrant[]> {
    return this.database.query<TeamGrant>(sql`
      with place as materialized (
        select distinct role_id, team_id from team_members
          where role_id = any (${roleIds}::uuid[])
            and member_id in (select member_id from member_roles where role_id = ${id}::uuid)
      ), own as (
        select team_id, array_agg(role_id order by role_id) as role_ids
          from app.own_team_roles(array(select distinct team_id from place)) group by team_id
      )
      select distinct on (p.role_id, o.role_ids) p.role_id as "roleId", p.team_id as "teamId"
        from place p left join own o using (team_id) order by p.role_id, o.role_ids`);
  }

  /** Invitations that are over promise it no longer. */
  async dropEndedPromises(id: string): Promise<void> {
    await this.database.query(sql`select app.drop_ended_promises(${id}::uuid)`);
  }

  /** @returns whether somebody holds it, is promised it or is to keep it, also on teams that the caller does not see */
  async isInUse(id: string): Promise<boolean> {
    const { used } = await this.database.one<{ used: boolean }>(sql`select app.role_in_use(${id}::uuid) as used`);
    return used;
  }

  /** @returns whether an owner whose offer waits is to keep the role */
  async isKept({ scope, key }: Role): Promise<boolean> {
    const kept = await this.database.query(sql`
      select id from ownership_transfers where status = 'pending' and keep_role = ${key} and ${scope} = 'organization'`);
    return kept.length > 0;
  }

  /** Gives whoever holds it or is promised it the other one, with an event for each member, team member and invitation. */
  async reassign(id: string, targetId: string): Promise<void> {
    const batch = sql`select app.reassign_role(${id}::uuid, ${targetId}::uuid, ${BATCH}) as "isDone"`;
    let isDone = false;
    while (!isDone) ({ isDone } = await this.database.one<{ isDone: boolean }>(batch));
  }

  async delete(id: string): Promise<void> {
    await this.database.one(sql`delete from roles where id = ${id}::uuid returning id`);
  }
}

/** @returns the role with what it permits, which of the system's stands in the catalogue */
function known(role: Role): Role {
  return { ...role, permissions: permissionsOf(role) };
}
