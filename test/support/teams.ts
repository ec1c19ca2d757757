import { v7 as uuid } from 'uuid';
import { teamRoleIds } from '../../src/core/access/index.ts';
import type { Member, Organization } from './actors.ts';
import type { TestApp } from './app.ts';

/** Makes teams through the API, and puts people into them by rows. */
export class Teams {
  constructor(
    private readonly app: TestApp,
    readonly organization: Organization,
  ) {}

  path(id = ''): string {
    return `/organizations/${this.organization.id}/teams${id && `/${id}`}`;
  }

  /** By the owner. @returns its id */
  async create(body: object = {}): Promise<string> {
    const { api } = this.organization.owner;
    return (await api.post(this.path(), { name: `Team ${uuid()}`, ...body }).expect(201)).body.id;
  }

  /** @returns the ids of teams that stand beneath each other, the uppermost first */
  async chain(length: number, body: object = {}): Promise<string[]> {
    const ids: string[] = [];
    for (let level = 0; level < length; level += 1) {
      ids.push(await this.create({ parent_team_id: ids.at(-1) ?? null, ...body }));
    }
    return ids;
  }

  async join(team: string, { memberId }: Member, role: string = teamRoleIds.member): Promise<void> {
    await this.app.database.query(
      'insert into team_members (organization_id, team_id, member_id, role_id) values ($1, $2, $3, $4)',
      [this.organization.id, team, memberId, role],
    );
  }

  /** A member who holds these permissions, by a role of the organisation. */
  async holding(permissions: readonly string[]): Promise<Member> {
    const member = await this.app.actors.member(this.organization, []);
    await this.app.database.query(
      `with r as (insert into roles (organization_id, scope, key, name, permissions)
           values ($1, 'organization', 'r-' || right($2::text, 12), 'Own', $3) returning id)
         insert into member_roles (organization_id, member_id, role_id) select $1, $2::uuid, id from r`,
      [this.organization.id, member.memberId, permissions],
    );
    return member;
  }

  /** @returns the id of a custom team role */
  async role(permissions: readonly string[]): Promise<string> {
    const id = uuid();
    await this.app.database.query(
      `insert into roles (organization_id, id, scope, key, name, permissions) values ($1, $2, 'team', $3, 'Own', $4)`,
      [this.organization.id, id, `r-${id.slice(-12)}`, permissions],
    );
    return id;
  }

  /** @returns where it stands, as the row has it */
  async row(id: string): Promise<Record<string, unknown>> {
    const [row] = await this.app.database.query(
      'select path, private_path, visibility, version, deleted_at, updated_at from teams where organization_id = $1 and id = $2',
      [this.organization.id, id],
    );
    return row ?? {};
  }

  /** @returns what the log tells of it, the oldest first */
  async events(id: string): Promise<Record<string, unknown>[]> {
    return this.app.database.query(
      `select action, team_id, actor_member_id, changes from audit_events
         where organization_id = $1 and target_type = 'team' and target_id = $2 order by id`,
      [this.organization.id, id],
    );
  }
}
