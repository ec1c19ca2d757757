import { Client } from 'pg';
import { v7 as uuid } from 'uuid';
import type { Actor } from '../support/actors.ts';
import type { TestApp } from '../support/app.ts';
import { KeptConnections } from '../support/kept-connections.ts';
import { Server } from './server.ts';
import { PEOPLE } from './start.ts';
import type { State } from './state.ts';

/** Who is in too many organisations makes what goes by people slower: others take over. */
const MOST_ORGANIZATIONS = 40;

/** Makes organisations as rows, each with the same people, without going through the API. */
export class Stage {
  #users: ReadonlyMap<string, Actor> = new Map();
  #organizations = MOST_ORGANIZATIONS;
  readonly #connections: KeptConnections;

  private constructor(
    private readonly app: TestApp,
    private readonly admin: Client,
  ) {
    this.#connections = new KeptConnections(app.url);
  }

  static async open(app: TestApp): Promise<Stage> {
    const admin = new Client(app.database.url());
    await admin.connect();
    return new Stage(app, admin);
  }

  async close(): Promise<void> {
    this.#connections.close();
    await this.admin.end();
  }

  /** @returns an organisation that is as the state says */
  async set(state: State): Promise<Server> {
    await this.#renewUsers();
    const organizationId = uuid();
    const named = [...state.members, ...state.teams, ...state.places, ...state.invitations, ...state.offers];
    const own = [...state.roles].filter(([, { system }]) => !system);
    const ids = new Map([...own, ...named].map(([name]) => [name, uuid()]));
    await this.#insert(organizationId, rowsOf(state, ids, this.#users));
    return new Server(this.#connections, this.admin, this.#users, organizationId, ids);
  }

  async #renewUsers(): Promise<void> {
    this.#organizations += 1;
    if (this.#organizations <= MOST_ORGANIZATIONS) return;
    this.#organizations = 1;
    this.#users = new Map(
      await Promise.all(PEOPLE.map(async (name) => [name, await this.app.actors.user(name)] as const)),
    );
  }

  async #insert(organizationId: string, rows: object): Promise<void> {
    await this.admin.query('begin');
    for (const [index, text] of INSERTS.entries()) {
      await this.admin.query({ name: `insert ${index}`, text, values: [organizationId, JSON.stringify(rows)] });
    }
    await this.admin.query('commit');
  }
}

const INSERTS = [
  `insert into organizations (id, name, slug) select $1::uuid, $2::jsonb ->> 'name', 'o-' || $1::text`,
  `with role as (
     insert into roles (organization_id, id, scope, key, name, permissions)
       select $1, id, scope, key, key, permissions
         from jsonb_to_recordset($2::jsonb -> 'roles') as r (id uuid, scope text, key text, permissions text[])
   ), member as (
     insert into members (organization_id, id, user_id, status)
       select $1, id, "userId", status from jsonb_to_recordset($2::jsonb -> 'members') as m (id uuid, "userId" uuid, status text)
   )
   insert into teams (organization_id, id, name, slug, path, private_path, deleted_at)
     select $1, id, name, slug, path, '{}', case when deleted then now() end
       from jsonb_to_recordset($2::jsonb -> 'teams') as t (id uuid, name text, slug text, path uuid[], deleted boolean)`,
  `with held as (
     insert into member_roles (organization_id, member_id, role_id)
       select $1, h.member, r.id from jsonb_to_recordset($2::jsonb -> 'held') as h (member uuid, key text)
         join roles r on r.organization_id = $1 and r.scope = 'organization' and r.key = h.key
   ), place as (
     insert into team_members (organization_id, id, team_id, member_id, role_id)
       select $1, p.id, p.team, p.member, r.id from jsonb_to_recordset($2::jsonb -> 'places') as p (id uuid, team uuid, member uuid, role text)
         join roles r on r.organization_id = $1 and r.scope = 'team' and r.key = p.role
   ), invitation as (
     insert into invitations (organization_id, id, email, email_key, inviter_id, token_hash, mailed)
       select $1, id, email, email, inviter, sha256(id::text::bytea), false
         from jsonb_to_recordset($2::jsonb -> 'invitations') as i (id uuid, email text, inviter uuid)
   )
   insert into ownership_transfers (organization_id, id, proposer_id, receiver_id, keep_role)
     select $1, id, proposer, receiver, keep
       from jsonb_to_recordset($2::jsonb -> 'offers') as o (id uuid, proposer uuid, receiver uuid, keep text)`,
  `with promised as (
     insert into invitation_roles (organization_id, invitation_id, role_id)
       select $1, p.invitation, r.id from jsonb_to_recordset($2::jsonb -> 'promised') as p (invitation uuid, key text)
         join roles r on r.organization_id = $1 and r.scope = 'organization' and r.key = p.key
   )
   insert into invitation_teams (organization_id, invitation_id, team_id, role_id)
     select $1, p.invitation, p.team, r.id from jsonb_to_recordset($2::jsonb -> 'placed') as p (invitation uuid, team uuid, role text)
       join roles r on r.organization_id = $1 and r.scope = 'team' and r.key = p.role`,
];

function rowsOf(state: State, ids: ReadonlyMap<string, string>, users: ReadonlyMap<string, Actor>): object {
  const { roles, members, teams, places, invitations, offers } = state;
  const id = (name: string): string => ids.get(name)!;
  return {
    name: 'Acme',
    roles: [...roles].flatMap(([name, { system, ...role }]) => (system ? [] : { id: id(name), ...role })),
    members: [...members].map(([name, { user, status }]) => ({
      id: id(name),
      userId: users.get(user)!.userId,
      status,
    })),
    held: [...members].flatMap(([name, held]) => held.roles.map((key) => ({ member: id(name), key }))),
    teams: [...teams].map(([name, { path, deleted }]) => ({
      id: id(name),
      name,
      slug: name,
      path: path.map(id),
      deleted,
    })),
    places: [...places].map(([name, { team, member, role }]) => ({
      id: id(name),
      team: id(team),
      member: id(member),
      role,
    })),
    invitations: [...invitations].map(([name, { user, inviter }]) => ({
      id: id(name),
      email: users.get(user)!.email,
      inviter: id(inviter),
    })),
    promised: [...invitations].flatMap(([name, promises]) =>
      promises.roles.map((key) => ({ invitation: id(name), key })),
    ),
    placed: [...invitations].flatMap(([name, promises]) =>
      promises.teams.map(({ team, role }) => ({ invitation: id(name), team: id(team), role })),
    ),
    offers: [...offers].map(([name, { proposer, receiver, keep }]) => ({
      id: id(name),
      proposer: id(proposer),
      receiver: id(receiver),
      keep,
    })),
  };
}
