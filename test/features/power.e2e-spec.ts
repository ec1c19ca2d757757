import { v7 as uuid } from 'uuid';
import { systemRoleIds, teamRoleIds } from '../../src/core/access/index.ts';
import { permissions } from '../../src/core/access/permissions.ts';
import type { Member, Organization } from '../support/actors.ts';
import { refused, told } from '../support/answers.ts';
import { TestApp } from '../support/app.ts';
import { Teams } from '../support/teams.ts';

/** What somebody holds who manages much, and neither owns nor administers. */
const MANAGING = [
  'members:read',
  'members:update',
  'members:remove',
  'teams:create',
  'teams:read',
  'teams:update',
  'teams:delete',
  'team_members:read',
  'team_members:manage',
  'invitations:read',
  'invitations:create',
  'roles:read',
  'roles:manage',
];
const MUCH = 10_000;

interface Call {
  readonly method: 'post' | 'patch' | 'delete';
  /** Below the organisation. */
  readonly path: string;
  readonly body?: object;
}

describe('nobody gets more power than they have by', () => {
  let app: TestApp;
  let organization: Organization;
  let teams: Teams;
  let manager: Member;
  let superior: Member;
  let suspended: Member;
  let peer: Member;
  /** Ids of roles: what the manager holds, one of teams, and one of another organisation. */
  let roles: Readonly<Record<'own' | 'admins' | 'onTeams' | 'foreign', string>>;
  /** Ids of teams: where an ally of the manager is an administrator, where nobody is anything, and one beneath the first. */
  let places: Readonly<Record<'led' | 'plain' | 'beneath' | 'deleted', string>>;
  /** Who leads that team. */
  let ally: Readonly<{ teamMemberId: string }> & Member;
  let foreignTeam: string;
  let foreignMember: string;
  let promise: string;

  beforeAll(async () => {
    app = await TestApp.start();
    organization = await app.actors.organization();
    teams = new Teams(app, organization);
    const elsewhere = await app.actors.organization();
    const create = async (path: string, body: object, { id, owner } = organization): Promise<string> =>
      (await owner.api.post(`/organizations/${id}/${path}`, body).expect(201)).body.id;
    const role = (key: string, scope: string, held: readonly string[], where = organization) =>
      create('roles', { key, name: key, scope, permissions: held }, where);

    roles = {
      own: await role('managers', 'organization', MANAGING),
      admins: await role('under-admins', 'organization', ['members:read']),
      onTeams: await role('leads', 'team', ['teams:read']),
      foreign: await role('foreign', 'organization', [], elsewhere),
    };
    manager = await app.actors.member(organization, ['managers']);
    superior = await app.actors.member(organization, ['admin', 'under-admins']);
    suspended = await app.actors.member(organization, ['admin'], 'suspended');
    peer = await app.actors.member(organization, ['managers']);
    const [led, plain] = [await teams.create(), await teams.create()];
    const [beneath, deleted] = [await teams.create({ parent_team_id: led }), await teams.create()];
    places = { led, plain, beneath, deleted };
    const member = await app.actors.member(organization, []);
    const body = { member_id: member.memberId, role: 'admin' };
    ally = { ...member, teamMemberId: await create(`teams/${led}/members`, body) };
    await create(`teams/${deleted}/members`, body);
    await organization.owner.api.delete(teams.path(deleted)).expect(204);
    foreignTeam = await create('teams', { name: 'Foreign' }, elsewhere);
    foreignMember = (await app.actors.member(elsewhere)).memberId;
    promise = await create('invitations', { email: 'promised@example.com', roles: ['admin'] });
  });

  afterAll(() => app.stop());

  const send = (caller: Member['api'], { method, path, body }: Call) =>
    caller.send(method, `/organizations/${organization.id}/${path}`, body);
  const attempt = (caller: Member['api'], call: Call): Promise<string> => refused(app, () => send(caller, call));

  const draft = (fields: object): object => ({
    key: 'stronger',
    name: 'Stronger',
    scope: 'organization',
    permissions: [],
    ...fields,
  });
  /** What the holders of a system role have, and the manager has not. */
  const beyond = (
    held: (permission: (typeof permissions)[keyof typeof permissions]) => readonly string[],
    key: string,
  ) =>
    Object.entries(permissions)
      .filter(([permission, definition]) => held(definition).includes(key) && !MANAGING.includes(permission))
      .map(([permission]) => ` ${permission}`)
      .toSorted()
      .join();
  const exceeds = (missing: string): string => `403 grant_exceeds_own${missing}`;
  const beyondAdmin = () => exceeds(beyond(({ systemRoles }) => systemRoles, 'admin'));
  const beyondOwner = () => exceeds(beyond(({ systemRoles }) => systemRoles, 'owner'));
  const beyondLead = () => exceeds(beyond(({ teamRoles }) => teamRoles, 'admin'));
  const unknownPermission = '422 unknown_permission /permissions/0 unknown';

  it.each([
    ['*', ['*'], unknownPermission],
    ['members:*', ['members:*'], unknownPermission],
    ['*:read', ['*:read'], unknownPermission],
    ['an unknown permission', ['members:everything'], unknownPermission],
    ['one in other letters', ['Members:Read'], unknownPermission],
    ['letters that look alike', ['m\u0435mbers:read'], unknownPermission],
    ['a list of several with commas', ['members:read,organization:delete'], unknownPermission],
    ['nothing', [''], unknownPermission],
    ['a space before', [' members:read'], unknownPermission],
    ['what every object has', ['__proto__'], unknownPermission],
    ['what every object does', ['hasOwnProperty'], unknownPermission],
    ['one of many that is none', ['members:read', '*'], '422 unknown_permission /permissions/1 unknown'],
    [
      '10,000 of them',
      Array.from({ length: MUCH }, (_, index) => `members:${index}`),
      '422 validation_failed /permissions max_items',
    ],
    [
      'the same one 10,000 times',
      Array.from({ length: MUCH }, () => 'members:read'),
      '422 validation_failed /permissions max_items',
    ],
    ['one twice', ['members:read', 'members:read'], '422 validation_failed /permissions unique'],
    ['a list within the list', [['organization:delete']], '422 validation_failed /permissions/0 type'],
    ['an object in place of the list', { 0: 'organization:delete' }, '422 validation_failed /permissions type'],
  ])('%s in a role', async (_trick, asked, expected) => {
    const { api } = organization.owner;
    const body = draft({ permissions: asked });
    expect(await attempt(api, { method: 'post', path: 'roles', body })).toBe(expected);
    const edit: Call = { method: 'patch', path: `roles/${roles.admins}`, body: { permissions: asked } };
    expect(await attempt(api, edit)).toBe(expected);
  });

  it.each(
    ['organization', 'team'].flatMap((scope) => ['owner', 'admin', 'member', 'viewer'].map((key) => [key, scope])),
  )("a system role's key: %s in the scope %s", async (key, scope) => {
    const body = draft({ key, scope });
    expect(await attempt(organization.owner.api, { method: 'post', path: 'roles', body })).toBe(
      '422 validation_failed /key reserved',
    );
  });

  it.each([systemRoleIds, teamRoleIds].flatMap((ids) => Object.entries(ids)))(
    'editing or deleting a system role: %s (%s)',
    async (_key, id) => {
      for (const call of [edit({ name: 'Mine' }, id), edit({ permissions: [] }, id), remove(`roles/${id}`)])
        expect(await attempt(organization.owner.api, call)).toBe('409 conflict');
    },
  );

  it.each<[trick: string, by: 'owner' | 'manager', call: () => Call, expected: string | (() => string)]>([
    // Roles
    [
      'the flag of a system role',
      'owner',
      () => post('roles', draft({ system: true })),
      '422 validation_failed /system unknown',
    ],
    [
      'making a team role one of the organization',
      'owner',
      () => edit({ scope: 'organization' }, roles.onTeams),
      '422 validation_failed /scope unknown',
    ],
    [
      "taking a system role's key afterwards",
      'owner',
      () => edit({ key: 'owner' }),
      '422 validation_failed /key unknown',
    ],
    [
      "the organization's permission in a team role",
      'owner',
      () => edit({ permissions: ['teams:read', 'organization:delete'] }, roles.onTeams),
      '422 validation_failed /permissions/1 refused',
    ],
    [
      'editing a role of another organization',
      'owner',
      () => edit({ permissions: ['members:read'] }, roles.foreign),
      '404 not_found',
    ],
    ['deleting a role of another organization', 'owner', () => remove(`roles/${roles.foreign}`), '404 not_found'],
    [
      'making a stronger role',
      'manager',
      () => post('roles', draft({ permissions: ['organization:delete', ...MANAGING] })),
      '403 grant_exceeds_own organization:delete',
    ],
    [
      'making a stronger team role',
      'manager',
      () => post('roles', draft({ scope: 'team', permissions: ['teams:read_private'] })),
      '403 grant_exceeds_own teams:read_private',
    ],
    [
      'editing their own role upward',
      'manager',
      () => edit({ permissions: [...MANAGING, 'invitations:revoke'] }),
      '403 grant_exceeds_own invitations:revoke',
    ],
    ['renaming a role that a superior holds', 'manager', () => edit({ name: 'Interns' }, roles.admins), beyondAdmin],
    ['emptying a role that a superior holds', 'manager', () => edit({ permissions: [] }, roles.admins), beyondAdmin],
    [
      'deleting a role that a superior holds',
      'manager',
      () => remove(`roles/${roles.admins}?reassign_to=managers`),
      beyondAdmin,
    ],
    [
      'giving the holders of a role a stronger one in its place',
      'manager',
      () => remove(`roles/${roles.own}?reassign_to=admin`),
      beyondAdmin,
    ],
    [
      "giving the holders of a role one of another organization's",
      'owner',
      () => remove(`roles/${roles.own}?reassign_to=foreign`),
      '422 validation_failed reassign_to unknown',
    ],
    [
      'giving the holders of a role one of teams',
      'owner',
      () => remove(`roles/${roles.own}?reassign_to=viewer`),
      '422 validation_failed reassign_to unknown',
    ],

    // Members
    ['giving themself a stronger role', 'manager', () => member('me', { roles: ['managers', 'admin'] }), beyondAdmin],
    ['giving somebody else a stronger role', 'manager', () => member(peer, { roles: ['owner'] }), beyondOwner],
    ['demoting a superior', 'manager', () => member(superior, { roles: ['managers'] }), beyondAdmin],
    ['suspending a superior', 'manager', () => member(superior, { status: 'suspended' }), beyondAdmin],
    ['removing a superior', 'manager', () => remove(`members/${superior.memberId}`), beyondAdmin],
    ['reactivating who is stronger', 'manager', () => member(suspended, { status: 'active' }), beyondAdmin],
    [
      'demoting who is stronger while they are suspended',
      'manager',
      () => member(suspended, { roles: ['managers'] }),
      beyondAdmin,
    ],
    ['suspending who leads a team', 'manager', () => member(ally, { status: 'suspended' }), beyondLead],
    [
      'holding a role of another organization',
      'owner',
      () => member(peer, { roles: ['foreign'] }),
      '422 validation_failed /roles/0 unknown',
    ],
    [
      'holding a role by its id',
      'owner',
      () => member(peer, { roles: [systemRoleIds.owner] }),
      '422 validation_failed /roles/0 unknown',
    ],
    [
      'holding a role in other letters',
      'owner',
      () => member(peer, { roles: ['member', 'OWNER'] }),
      '422 validation_failed /roles/1 unknown',
    ],
    [
      'holding several as one',
      'owner',
      () => member(peer, { roles: ['member,owner'] }),
      '422 validation_failed /roles/0 unknown',
    ],
    [
      'holding a role twice',
      'owner',
      () => member(peer, { roles: ['member', 'member'] }),
      '422 validation_failed /roles unique',
    ],
    [
      'a team role in the organization',
      'owner',
      () => member(peer, { roles: ['leads'] }),
      '422 validation_failed /roles/0 unknown',
    ],
    [
      "a team's system role in the organization",
      'owner',
      () => member(peer, { roles: ['viewer'] }),
      '422 validation_failed /roles/0 unknown',
    ],

    // Invitations
    ['inviting above their own rank', 'manager', () => invite({ roles: ['owner'] }), beyondOwner],
    [
      'inviting to a team above their own rank',
      'manager',
      () => invite({ teams: [{ team_id: places.plain, role: 'admin' }] }),
      beyondLead,
    ],
    [
      'inviting to a role of another organization',
      'owner',
      () => invite({ roles: ['foreign'] }),
      '422 validation_failed /roles/0 unknown',
    ],
    ['inviting to a team role', 'owner', () => invite({ roles: ['leads'] }), '422 validation_failed /roles/0 unknown'],
    [
      "inviting to the organization's role on a team",
      'owner',
      () => invite({ teams: [{ team_id: places.plain, role: 'managers' }] }),
      '422 validation_failed /teams/0/role unknown',
    ],
    [
      "inviting to another organization's team",
      'owner',
      () => invite({ teams: [{ team_id: foreignTeam, role: 'viewer' }] }),
      '422 validation_failed /teams/0/team_id unknown',
    ],
    [
      'sending again what promises more than they hold',
      'manager',
      () => post(`invitations/${promise}/resend`),
      beyondAdmin,
    ],

    // Teams
    [
      'leading a team',
      'manager',
      () => post(`teams/${places.plain}/members`, { member_id: peer.memberId, role: 'admin' }),
      beyondLead,
    ],
    ['demoting who leads a team', 'manager', () => teamMember({ role: 'viewer' }), beyondLead],
    [
      'taking who leads a team out of it',
      'manager',
      () => remove(`teams/${places.led}/members/${ally.teamMemberId}`),
      beyondLead,
    ],
    [
      "the organization's role on a team",
      'owner',
      () => teamMember({ role: 'owner' }),
      '422 validation_failed /role unknown',
    ],
    ['a custom role on a team', 'owner', () => teamMember({ role: 'managers' }), '422 validation_failed /role unknown'],
    [
      'a role on a team by its id',
      'owner',
      () => teamMember({ role: teamRoleIds.admin }),
      '422 validation_failed /role unknown',
    ],
    [
      'putting a member of another organization into a team',
      'owner',
      () => post(`teams/${places.plain}/members`, { member_id: foreignMember, role: 'viewer' }),
      '422 validation_failed /member_id unknown',
    ],
    [
      "a team move that widens an ally's power",
      'manager',
      () => team(places.plain, { parent_team_id: places.led }),
      beyondLead,
    ],
    [
      "a team move that ends a superior's power",
      'manager',
      () => team(places.beneath, { parent_team_id: null }),
      beyondLead,
    ],
    [
      'a team move into another organization',
      'owner',
      () => team(places.plain, { parent_team_id: foreignTeam }),
      '422 validation_failed /parent_team_id unknown',
    ],
    ['a team move beneath itself', 'owner', () => team(places.led, { parent_team_id: places.beneath }), '409 cycle'],
    ['deleting a team that somebody stronger leads', 'manager', () => remove(`teams/${places.led}`), beyondLead],
    [
      'having a team back that somebody stronger led',
      'manager',
      () => post(`teams/${places.deleted}/restore`),
      beyondLead,
    ],
  ])('%s (the %s)', async (_trick, by, call, expected) => {
    const caller = by === 'owner' ? organization.owner.api : manager.api;
    expect(await attempt(caller, call())).toBe(typeof expected === 'string' ? expected : expected());
  });

  it.each<[trick: string, roles: readonly string[], expected: () => string]>([
    ['one that invites above their own rank, among others', ['owner'], beyondOwner],
    [
      "one that invites to another organization's role, among others",
      ['foreign'],
      () => '422 validation_failed /invitations/0/roles/0 unknown',
    ],
  ])('a batch of invitations with %s', async (_trick, asked, expected) => {
    const email = () => `${uuid()}@example.com`;
    const invitations = [
      { email: email(), roles: asked },
      { email: email(), roles: ['managers'] },
    ];
    const { body } = await send(manager.api, post('invitations/batch', { invitations })).expect(200);
    const [first, second] = body.results;
    expect(told({ status: first.problem.status, body: first.problem })).toBe(expected());
    expect(second.status).toBe(201);
  });

  it('offering an ownership that they do not have, with the permission to', async () => {
    const key = `k${uuid().slice(-12)}`;
    await send(organization.owner.api, post('roles', draft({ key, permissions: ['organization:transfer'] }))).expect(
      201,
    );
    const { api } = await app.actors.member(organization, [key]);
    const call = post('ownership-transfers', { member_id: peer.memberId });
    const answer = await app.changingNothing(async () => await send(api, call));
    expect(answer.body).toMatchObject({ status: 403, code: 'grant_exceeds_own' });
  });

  function post(path: string, body?: object): Call {
    return { method: 'post', path, ...(body && { body }) };
  }

  function remove(path: string): Call {
    return { method: 'delete', path };
  }

  function edit(body: object, id = roles.own): Call {
    return { method: 'patch', path: `roles/${id}`, body };
  }

  function member(who: Member | 'me', body: object): Call {
    return { method: 'patch', path: `members/${who === 'me' ? who : who.memberId}`, body };
  }

  function invite(terms: object): Call {
    return post('invitations', { email: `${uuid()}@example.com`, roles: ['managers'], ...terms });
  }

  function teamMember(body: object): Call {
    return { method: 'patch', path: `teams/${places.led}/members/${ally.teamMemberId}`, body };
  }

  function team(id: string, body: object): Call {
    return { method: 'patch', path: `teams/${id}`, body };
  }
});
