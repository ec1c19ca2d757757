import type { Response } from 'supertest';
import { v7 as uuid } from 'uuid';
import { type Route, TEAM_PARAMETER, teamRoleIds } from '../../src/core/access/index.ts';
import { permissions } from '../../src/core/access/permissions.ts';
import { isOnTeam, namesTeam, type Place, type Standing, teamRoleOf } from './access-matrix.ts';
import type { Actor, Member, Organization } from './actors.ts';
import type { TestApp } from './app.ts';
import { type Ids, isInOrganization, type Routes } from './routes.ts';
import { served } from './served.ts';
import { Teams } from './teams.ts';

/** What a call is about: ids for its path and body, and the teams on which somebody may hold a role. */
interface Target {
  readonly ids: Ids;
  readonly places: Readonly<Record<Place, string>>;
}

/** Whoever is signed in; null: nobody. */
type Caller = Actor | Member | null;

/** An organisation in which a route is called by everybody. */
export class Stage {
  readonly #teams: Teams;
  /** For whoever changes nothing. */
  #untouched: Target | undefined;

  private constructor(
    private readonly app: TestApp,
    private readonly routes: Routes,
    private readonly route: Route,
    private readonly organization: Organization,
    private readonly above: string,
    private readonly beside: string,
  ) {
    this.#teams = new Teams(app, organization);
  }

  static async set(app: TestApp, routes: Routes, route: Route): Promise<Stage> {
    const organization = await app.actors.organization();
    const teams = new Teams(app, organization);
    const above = await teams.create();
    return new Stage(app, routes, route, organization, above, await teams.create({ parent_team_id: above }));
  }

  /** @returns what each of them is told; they all call at once, about the same, and change nothing */
  async refuse(standings: readonly Standing[]): Promise<Response[]> {
    const target = (this.#untouched ??= await this.#newTarget());
    const callers = await Promise.all(standings.map((standing) => this.#caller(standing, target)));
    return this.app.changingNothing(() => Promise.all(callers.map((caller) => this.#call(caller, target.ids))));
  }

  /** @returns what they are told, about what nobody has changed before */
  async letIn(standing: Standing): Promise<Response> {
    const isRead = this.route.method === 'GET';
    const target = isRead ? (this.#untouched ??= await this.#newTarget()) : await this.#newTarget();
    const caller = await this.#caller(standing, target);
    return this.#call(caller, caller ? await this.#ownIds(caller, target) : target.ids);
  }

  async #call(caller: Caller, ids: Ids): Promise<Response> {
    return served(() => this.routes.call(caller?.api ?? this.app.anonymous, this.route, ids));
  }

  async #newTarget(): Promise<Target> {
    await this.#heal();
    const ids = isInOrganization(this.route) ? await this.routes.idsFor(this.route, this.organization) : new Map();
    const on = ids.get(TEAM_PARAMETER) ?? uuid();
    const beneath = uuid();
    if (namesTeam(this.route)) await this.#putInPlace(on, beneath);
    return { ids, places: { on, above: this.above, beneath, beside: this.beside } };
  }

  /** Undoes what would be in the way of the next call. */
  async #heal(): Promise<void> {
    const { id } = this.organization;
    await this.app.database.query('update organizations set deleted_at = null where id = $1', [id]);
    await this.app.database.query('delete from ownership_transfers where organization_id = $1', [id]);
    await this.app.database.query(
      `update roles set key = 'r-' || right(id::text, 12) where organization_id = $1 and not system`,
      [id],
    );
    await this.app.database.query('update invitations set email = id, email_key = id where organization_id = $1', [id]);
  }

  async #putInPlace(team: string, beneath: string): Promise<void> {
    const { id } = this.organization;
    await this.app.database.query(
      'update teams set path = array[$3, id]::uuid[] where organization_id = $1 and id = $2',
      [id, team, this.above],
    );
    await this.app.database.query(
      `insert into teams (organization_id, id, name, slug, path) select $1, $3::uuid, 'Beneath', $3::text, path || $3::uuid
         from teams where organization_id = $1 and id = $2 and deleted_at is null`,
      [id, team, beneath],
    );
  }

  async #caller({ who, place = 'beside' }: Standing, { places }: Target): Promise<Caller> {
    const { actors } = this.app;
    const { rule } = this.route;
    const asked = rule.kind === 'permission' ? [rule.permission] : [];
    const others = Object.keys(permissions).filter((key) => !asked.some((permission) => permission === key));
    if (who === 'anonymous') return null;
    if (who === 'outsider') return (await actors.organization()).owner;
    if (who === 'suspended') return actors.member(this.organization, ['owner'], 'suspended');
    if (who === 'exactly this') return this.#teams.holding(asked);
    if (who === 'all but this') return this.#teams.holding(others);
    if (!isOnTeam(who)) return actors.member(this.organization, [who]);
    const member = await actors.member(this.organization, []);
    const teamRole = teamRoleOf(who);
    const role = teamRole
      ? teamRoleIds[teamRole as keyof typeof teamRoleIds]
      : await this.#teams.role((who === 'team role, exactly this' ? asked : others).filter(isOfTeams));
    await this.#teams.join(places[place], member, role);
    return member;
  }

  /** What is somebody's own is made for whoever calls. */
  async #ownIds(caller: Actor | Member, { ids }: Target): Promise<Ids> {
    if (!isInOrganization(this.route)) return this.routes.idsFor(this.route, { ...this.organization, owner: caller });
    const transferId = ids.get('transfer_id');
    if (transferId && 'memberId' in caller) {
      await this.app.database.query('update ownership_transfers set receiver_id = $2 where id = $1', [
        transferId,
        caller.memberId,
      ]);
    }
    return ids;
  }
}

function isOfTeams(permission: string): boolean {
  return permissions[permission as keyof typeof permissions].scope === 'team';
}
