import { v7 as uuid } from 'uuid';
import { permissions } from '../../src/core/access/permissions.ts';
import { teamRoleIds } from '../../src/core/access/system-roles.ts';
import type { Actor, Member, Organization } from './actors.ts';
import type { TestApp } from './app.ts';

/** Whom a private team is kept from, by what they are. */
export type Stranger = 'member' | 'manager' | 'admin of another team';
export const STRANGERS: readonly Stranger[] = ['member', 'manager', 'admin of another team'];

/** Teams that a stranger does not see, each hidden by something else, and teams that they do. */
export const UNSEEN_TEAMS = ['@secret', '@beneath', '@inside', '@gone'] as const;
/** One of them was deleted, and can be had back. */
export const SEEN_TEAMS = ['@open', '@within', '@lower', '@elsewhere', '@closed'] as const;
/** Memberships of teams: in one that a stranger does not see, and in one that they do. */
export const TEAM_MEMBERS = ['@grace-in-secret', '@grace-in-beneath', '@grace-in-open'] as const;

export const SECRET_NAME = 'Secret';
export const SECRET_SLUG = 'secret';
/** What they alone may not do that manage everything else: an owner's own affairs are an owner's, too. */
const SEES_PRIVATE = 'teams:read_private';

/** An organisation with everybody by whom, and everything about which, a route is called. Its things have names like `@open`. */
export interface Twin {
  readonly owner: Actor;
  readonly strangers: Readonly<Record<Stranger, Actor>>;
  /** By name. What is not there has an id as well, which nothing has. */
  readonly ids: ReadonlyMap<string, string>;
}

/** @returns two organisations that are alike, but that the first has private teams which no stranger sees */
export async function twins(app: TestApp): Promise<readonly [Twin, Twin]> {
  return Promise.all([twin(app, true), twin(app, false)]);
}

async function twin(app: TestApp, hasSecrets: boolean): Promise<Twin> {
  const { actors } = app;
  const organization = await actors.organization(undefined, { slug: `o-${uuid()}` });
  const { owner } = organization;
  const base = `/organizations/${organization.id}`;
  const ids = new Map([['@organization', organization.id]]);
  const strangers = {
    member: await actors.member(organization),
    manager: await managerOf(app, organization),
    'admin of another team': await actors.member(organization),
  };
  const grace = await actors.member(organization);
  const newcomer = await actors.member(organization);
  const suspended = await actors.member(organization, ['member'], 'suspended');
  const owned = await app.database.query('select id from members where organization_id = $1 and user_id = $2', [
    organization.id,
    owner.userId,
  ]);
  for (const [name, { memberId }] of Object.entries({ '@grace': grace, '@newcomer': newcomer }))
    ids.set(name, memberId);
  ids.set('@owner', owned[0]!['id']);

  const team = async (name: string, body: object): Promise<void> => {
    const made = await owner.api.post(`${base}/teams`, { name, ...body }).expect(201);
    ids.set(`@${name.toLowerCase()}`, made.body.id);
  };
  const idOf = (name: string): string => ids.get(name) ?? '';
  const join = async ({ memberId }: Pick<Member, 'memberId'>, name: string, role: string): Promise<string> => {
    const path = `${base}/teams/${idOf(name)}/members`;
    return (await owner.api.post(path, { member_id: memberId, role }).expect(201)).body.id;
  };
  await team('Open', {});
  await team('Within', { parent_team_id: idOf('@open') });
  await team('Upper', {});
  await team('Lower', { parent_team_id: idOf('@upper') });
  await team('Elsewhere', { visibility: 'private' });
  await team('Closed', {});
  await join(strangers['admin of another team'], '@elsewhere', 'admin');
  ids.set('@grace-in-open', await join(grace, '@open', 'member'));
  await join(suspended, '@open', 'viewer');

  if (hasSecrets) {
    const visibility = 'private';
    await team(SECRET_NAME, { visibility, slug: SECRET_SLUG });
    await team('Beneath', { parent_team_id: idOf('@secret') });
    await team('Deep', { visibility, parent_team_id: idOf('@beneath') });
    // As deep as can be: there is no room beneath it, wherever what it stands in is moved.
    await team('Inside', { visibility, parent_team_id: idOf('@open') });
    await team('Deeper', { parent_team_id: idOf('@inside') });
    await team('Deepest', { visibility, parent_team_id: idOf('@deeper') });
    await team('Formerly', { visibility, parent_team_id: idOf('@closed') });
    await team('Gone', { visibility });
    await team('Gone-Beneath', { parent_team_id: idOf('@secret') });
    ids.set('@grace-in-secret', await join(grace, '@secret', 'admin'));
    ids.set('@grace-in-beneath', await join(grace, '@beneath', 'member'));
    await join(grace, '@gone', 'admin');
    await join(suspended, '@secret', 'admin');
    for (const name of ['@gone', '@gone-beneath']) await owner.api.delete(`${base}/teams/${idOf(name)}`).expect(204);
  }
  await owner.api.delete(`${base}/teams/${idOf('@closed')}`).expect(204);
  const invitation = { email: `${uuid()}@example.com`, roles: ['member'] };
  ids.set('@invitation', (await owner.api.post(`${base}/invitations`, invitation).expect(201)).body.id);
  const role = { key: 'spare', name: 'Spare', scope: 'organization', permissions: ['members:read'] };
  ids.set('@role', (await owner.api.post(`${base}/roles`, role).expect(201)).body.id);
  const invited = ['@open', ...(hasSecrets ? ['@secret', '@inside'] : [])].map(idOf);
  await app.database.query(
    'insert into invitation_teams (organization_id, invitation_id, team_id, role_id) select $1, $2, unnest($3::uuid[]), $4',
    [organization.id, idOf('@invitation'), invited, teamRoleIds.member],
  );
  for (const name of [...UNSEEN_TEAMS, ...TEAM_MEMBERS]) if (!ids.has(name)) ids.set(name, uuid());
  return { owner, strangers, ids };
}

/** Somebody who may do everything but what owners alone may, and see private teams. */
async function managerOf({ actors, database }: TestApp, organization: Organization): Promise<Member> {
  const held = Object.entries(permissions).filter(
    ([key, { systemRoles }]) => key !== SEES_PRIVATE && systemRoles.includes('admin'),
  );
  const roleId = uuid();
  await database.query(
    `insert into roles (organization_id, id, scope, key, name, permissions) values ($1, $2, 'organization', 'manager', 'Manager', $3)`,
    [organization.id, roleId, held.map(([key]) => key)],
  );
  return actors.member(organization, ['manager']);
}
