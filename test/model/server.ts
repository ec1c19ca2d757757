import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { v7 as uuid } from 'uuid';
import { systemRoleIds, teamRoleIds } from '../../src/core/access/index.ts';
import type { Actor } from '../support/actors.ts';
import type { JsonAnswer, KeptConnections } from '../support/kept-connections.ts';
import { answerOf } from './answers.ts';
import type { Answer, Call, InvitationTerms, Kind } from './calls.ts';
import { type Rows, SNAPSHOT, stateOf } from './snapshot.ts';
import { placeName, type State, systemRoles } from './state.ts';

interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
}

const BUSY = 503;
const MOST_ATTEMPTS = 5;
const PAUSE_MS = 500;

const UNHEARD_OF = '01a1f000-0000-7000-8000-000000000000';

/** One organisation on the server, in which everything goes by the names of the test. */
export class Server {
  readonly #ids: Map<string, string>;
  readonly #names: Map<string, string>;

  /** @param ids of what is there from the start, by name */
  constructor(
    private readonly connections: KeptConnections,
    private readonly admin: Client,
    private readonly users: ReadonlyMap<string, Actor>,
    private readonly organizationId: string,
    ids: ReadonlyMap<string, string>,
  ) {
    this.#ids = new Map([...ids, ...SYSTEM_ROLES]);
    this.#names = new Map([...this.#ids].map(([name, id]) => [id, name]));
  }

  /** Sends the call. */
  async answer(call: Call): Promise<Answer> {
    const { method, path, body } = this.#request(call);
    const answered = await this.#sendUntilReady(call.by, method, path, body);
    if (answered.status < 300) this.#learn(call, answered.body);
    return answerOf(call.kind, answered, (id) => this.#of(id));
  }

  /** A server that is too busy to begin has done nothing. */
  async #sendUntilReady(user: string, method: string, path: string, body?: object): Promise<JsonAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const answered = await this.send(user, method, path, body);
      if (answered.status !== BUSY || attempt === MOST_ATTEMPTS) return answered;
      await delay(PAUSE_MS);
    }
  }

  /** @param path in the organisation, but for `/me/…` */
  send(user: string, method: string, path: string, body?: object): Promise<JsonAnswer> {
    const base = path.startsWith('/me/') ? '' : `/organizations/${this.organizationId}`;
    return this.connections.send(this.users.get(user)!.api.token, method, `${base}${path}`, body);
  }

  /** @returns everything, as a text to compare: nothing of it is left out */
  async snapshot(): Promise<string> {
    const { rows } = await this.admin.query<{ text: string }>({ ...SNAPSHOT, values: [this.organizationId] });
    return rows[0]!.text;
  }

  /** @returns what a snapshot means */
  read(snapshot: string): State {
    const rows: Rows = JSON.parse(snapshot);
    for (const [id, team, member] of rows.places) this.#name(id, placeName(this.#of(team), this.#of(member)));
    const users = new Map(
      [...this.users].flatMap(([name, { userId, email }]) => [[userId, name] as const, [email, name] as const]),
    );
    return stateOf(
      rows,
      (id) => this.#of(id),
      (person) => users.get(person) ?? person,
    );
  }

  /** @returns the id of what goes by the name, or one that is nothing's */
  id(name: string): string {
    return this.#ids.get(name) ?? UNHEARD_OF;
  }

  #of(id: string): string {
    return this.#names.get(id) ?? id;
  }

  #name(id: string, name: string): void {
    this.#ids.set(name, id);
    this.#names.set(id, name);
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- what is answered is compared
  #learn(call: Call, body: any): void {
    if (call.kind === 'invitation.batch') {
      for (const [index, { as }] of call.invitations.entries()) {
        const { invitation } = body.results[index];
        if (invitation) this.#name(invitation.id, as);
      }
    } else if ('as' in call) this.#name(call.kind === 'invitation.accept' ? body.membership.id : body.id, call.as);
  }

  #request<K extends Kind>(call: Call<K>): Request {
    return this.#requests[call.kind](call);
  }

  readonly #requests: { readonly [K in Kind]: (call: Call<K>) => Request } = {
    'organization.update': ({ name }) => patch('', { name }),
    'role.create': ({ key, scope, permissions }) => post('/roles', { key, name: key, scope, permissions }),
    'role.update': ({ role, name, permissions }) => patch(`/roles/${this.id(role)}`, { name, permissions }),
    'role.delete': ({ role, reassignTo }) => ({
      method: 'DELETE',
      path: `/roles/${this.id(role)}${reassignTo === undefined ? '' : `?reassign_to=${reassignTo}`}`,
    }),
    'role.preview': ({ role, permissions }) =>
      post('/roles/preview', { permissions, ...(role !== undefined && { role_id: this.id(role) }) }),
    'member.update': ({ member, roles, status }) => patch(`/members/${this.id(member)}`, { roles, status }),
    'member.remove': ({ member }) => remove(`/members/${this.id(member)}`),
    'member.leave': () => remove('/members/me'),
    'invitation.create': (call) => post('/invitations', this.#terms(call)),
    'invitation.batch': ({ invitations }) =>
      post('/invitations/batch', { invitations: invitations.map((terms) => this.#terms(terms)) }),
    'invitation.resend': ({ invitation }) => post(`/invitations/${this.id(invitation)}/resend`),
    'invitation.revoke': ({ invitation }) => remove(`/invitations/${this.id(invitation)}`),
    'invitation.accept': ({ invitation }) => post(`/me/invitations/${this.id(invitation)}/accept`),
    'team.create': ({ as, parent }) => post('/teams', { name: as, parent_team_id: parent && this.id(parent) }),
    'team.rename': ({ team, name }) => patch(`/teams/${this.id(team)}`, { name }),
    'team.move': ({ team, parent }) => patch(`/teams/${this.id(team)}`, { parent_team_id: parent && this.id(parent) }),
    'team.delete': ({ team }) => remove(`/teams/${this.id(team)}`),
    'team.restore': ({ team }) => post(`/teams/${this.id(team)}/restore`),
    'team_member.add': ({ team, member, role }) =>
      post(`/teams/${this.id(team)}/members`, { member_id: this.id(member), role }),
    'team_member.update': ({ team, member, role }) => patch(this.#place(team, member), { role }),
    'team_member.remove': ({ team, member }) => remove(this.#place(team, member)),
    'transfer.propose': ({ member, keep }) =>
      post('/ownership-transfers', { member_id: this.id(member), keep_role: keep }),
    'transfer.accept': ({ offer }) => post(`/ownership-transfers/${this.id(offer)}/accept`),
    'transfer.cancel': ({ offer }) => remove(`/ownership-transfers/${this.id(offer)}`),
    'access.read': () => ({ method: 'GET', path: '/access' }),
    'access.check': ({ checks }) =>
      post('/access/check', {
        checks: checks.map(({ permission, team, member }) => ({
          permission,
          ...(team !== undefined && { team_id: this.id(team) }),
          ...(member !== undefined && { member_id: this.id(member) }),
        })),
      }),
    'member_access.read': ({ member }) => ({ method: 'GET', path: `/members/${this.id(member)}/access` }),
  };

  #place(team: string, member: string): string {
    return `/teams/${this.id(team)}/members/${this.id(placeName(team, member))}`;
  }

  #terms({ user, roles, teams }: InvitationTerms): object {
    const promised = teams.map(({ team, role }) => ({ team_id: this.id(team), role }));
    return { email: this.users.get(user)!.email, roles, teams: promised, deliver: false };
  }
}

const SYSTEM_ROLES = systemRoles().map(([name, { scope, key }]): [string, string] => {
  const ids: Readonly<Record<string, string>> = scope === 'team' ? teamRoleIds : systemRoleIds;
  return [name, ids[key] ?? uuid()];
});

function post(path: string, body?: object): Request {
  return { method: 'POST', path, ...(body && { body }) };
}

function patch(path: string, body: object): Request {
  return { method: 'PATCH', path, body };
}

function remove(path: string): Request {
  return { method: 'DELETE', path };
}
