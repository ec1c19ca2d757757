import { permissionsOf } from '../../src/core/access/role-permissions.ts';
import type { InvitationState, OfferState, RoleScope, State } from './state.ts';

/** As `SNAPSHOT` answers it. */
export interface Rows {
  readonly roles: readonly [id: string, scope: RoleScope, key: string, system: boolean, permissions: string[]][];
  readonly members: readonly [id: string, userId: string, status: 'active', version: number, roles: string[]][];
  readonly teams: readonly [id: string, path: string[], deleted: boolean][];
  readonly places: readonly [id: string, teamId: string, memberId: string, role: string][];
  readonly invitations: readonly [
    id: string,
    email: string,
    inviterId: string,
    status: InvitationState['status'],
    roles: string[],
    teams: { team: string; role: string }[],
  ][];
  readonly offers: readonly [id: string, from: string, to: string, keep: string, status: OfferState['status']][];
}

/** All that a call could change in an organisation, versions too. */
export const SNAPSHOT = {
  name: 'snapshot',
  text: `select json_build_object(
    'organization', (select json_build_array(name, version) from organizations where id = $1),
    'roles', (select json_agg(json_build_array(id, scope, key, system, permissions, name, version) order by id) from roles where organization_id = $1),
    'members', (
      select json_agg(json_build_array(m.id, m.user_id, m.status, m.version, array(
          select r.key from member_roles h join roles r on r.organization_id = h.organization_id and r.id = h.role_id
            where h.organization_id = $1 and h.member_id = m.id order by r.key
        )) order by m.id) from members m where m.organization_id = $1),
    'teams', (
      select coalesce(json_agg(json_build_array(id, path, deleted_at is not null, name, version) order by id), '[]') from teams
        where organization_id = $1),
    'places', (
      select coalesce(json_agg(json_build_array(t.id, t.team_id, t.member_id, r.key, t.version) order by t.id), '[]') from team_members t
        join roles r on r.organization_id = t.organization_id and r.id = t.role_id where t.organization_id = $1),
    'invitations', (
      select coalesce(json_agg(json_build_array(i.id, i.email, i.inviter_id, i.status, array(
          select r.key from invitation_roles h join roles r on r.organization_id = h.organization_id and r.id = h.role_id
            where h.organization_id = $1 and h.invitation_id = i.id order by r.key
        ), array(
          select json_build_object('team', h.team_id, 'role', r.key) from invitation_teams h
            join roles r on r.organization_id = h.organization_id and r.id = h.role_id
            where h.organization_id = $1 and h.invitation_id = i.id order by h.team_id
        ), i.version) order by i.id), '[]') from invitations i where i.organization_id = $1),
    'offers', (
      select coalesce(json_agg(json_build_array(id, proposer_id, receiver_id, keep_role, status) order by id), '[]')
        from ownership_transfers where organization_id = $1)
  )::text as text`,
};

/** @returns what the rows mean, by the names that ids, users and their addresses have in the test */
export function stateOf(
  { roles, members, teams, places, invitations, offers }: Rows,
  nameOf: (id: string) => string,
  userOf: (person: string) => string,
): State {
  return {
    roles: new Map(
      roles.map(([id, scope, key, system, own]) => {
        const permissions = system ? permissionsOf({ scope, key, system, permissions: [] }) : own;
        return [nameOf(id), { scope, key, system, permissions }];
      }),
    ),
    members: new Map(
      members.map(([id, userId, status, , keys]) => [nameOf(id), { user: userOf(userId), status, roles: keys }]),
    ),
    teams: new Map(teams.map(([id, path, deleted]) => [nameOf(id), { path: path.map((one) => nameOf(one)), deleted }])),
    places: new Map(
      places.map(([id, team, member, role]) => [nameOf(id), { team: nameOf(team), member: nameOf(member), role }]),
    ),
    invitations: new Map(
      invitations.map(([id, email, inviter, status, keys, promised]) => [
        nameOf(id),
        {
          user: userOf(email),
          inviter: nameOf(inviter),
          status,
          roles: keys,
          teams: promised.map(({ team, role }) => ({ team: nameOf(team), role })),
        },
      ]),
    ),
    offers: new Map(
      offers.map(([id, from, to, keep, status]) => [
        nameOf(id),
        { proposer: nameOf(from), receiver: nameOf(to), keep, status },
      ]),
    ),
  };
}
