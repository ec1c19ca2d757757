import { v7 as uuid } from 'uuid';
import { connected } from '../../prisma/engine/connection.ts';
import { everyPermission, permissions, teamRoleIds } from '../../src/core/access/index.ts';
import type { Actor, Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { Teams } from '../support/teams.ts';
import { until } from '../support/until.ts';

describe('a preview of a role', () => {
  let app: TestApp;
  let organization: Organization;
  let teams: Teams;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
    teams = new Teams(app, organization);
  });

  const base = () => `/organizations/${organization.id}`;
  const ask = ({ api }: Actor, body: object) => api.post(`${base()}/roles/preview`, body);
  const told = async (body: object, caller: Actor = organization.owner) => (await ask(caller, body).expect(200)).body;
  const make = async (scope: string, given: readonly string[]): Promise<string> => {
    const role = { key: `r-${uuid().slice(-12)}`, name: 'Own', scope, permissions: given };
    return (await organization.owner.api.post(`${base()}/roles`, role).expect(201)).body.id;
  };
  const give = ({ memberId }: Member, roleId: string) =>
    app.database.query('insert into member_roles (organization_id, member_id, role_id) values ($1, $2, $3)', [
      organization.id,
      memberId,
      roleId,
    ]);
  const holding = async (roleId: string, ...roles: string[]): Promise<Member> => {
    const member = await app.actors.member(organization, roles);
    await give(member, roleId);
    return member;
  };
  const nobody = { affected: 0, sample: [] };

  it('of one that is to be made adds what it permits, and concerns nobody', async () => {
    expect(await told({ permissions: ['teams:read', 'members:read'] })).toEqual({
      added: ['members:read', 'teams:read'],
      removed: [],
      missing_permissions: [],
      owner_required: false,
      ...nobody,
    });
    expect(await told({ permissions: [] })).toMatchObject({ added: [], removed: [], ...nobody });
  });

  it('names who would gain and lose what, but for what another role of theirs permits', async () => {
    const id = await make('organization', ['teams:read', 'invitations:read']);
    const [plain, member] = [await holding(id), await holding(id, 'member')];
    await holding(id, 'admin');
    await app.actors.member(organization);
    const suspended = await holding(id);
    await app.database.query(`update members set status = 'suspended' where id = $1`, [suspended.memberId]);
    const [first, second] = [
      { member_id: plain.memberId, team_id: null, gained: ['members:read', 'teams:create'], lost: ['teams:read'] },
      { member_id: member.memberId, team_id: null, gained: ['teams:create'], lost: [] },
    ];
    expect(await told({ role_id: id, permissions: ['teams:create', 'members:read', 'invitations:read'] })).toEqual({
      added: ['members:read', 'teams:create'],
      removed: ['teams:read'],
      missing_permissions: [],
      owner_required: false,
      affected: 2,
      sample: [first, second],
    });
    expect(await told({ role_id: id, permissions: ['invitations:read', 'teams:read'] })).toMatchObject({
      added: [],
      removed: [],
      ...nobody,
    });
  });

  it('of a team role tells it of each team on which it is held', async () => {
    const id = await make('team', ['teams:read', 'teams:update']);
    const [top, leaf] = (await teams.chain(2)) as [string, string];
    const other = await teams.create();
    const [both, under, reader] = [
      await app.actors.member(organization, []),
      await app.actors.member(organization, []),
      await app.actors.member(organization),
    ];
    for (const team of [top, leaf]) await teams.join(team, both, id);
    await teams.join(top, under, teamRoleIds.admin);
    await teams.join(leaf, under, id);
    await teams.join(other, reader, id);
    const at = (member: Member, team: string, gained: string[], lost: string[]) => ({
      member_id: member.memberId,
      team_id: team,
      gained,
      lost,
    });
    expect(await told({ role_id: id, permissions: ['teams:update', 'team_members:read'] })).toEqual({
      added: ['team_members:read'],
      removed: ['teams:read'],
      missing_permissions: [],
      owner_required: false,
      affected: 2,
      sample: [
        at(both, top, ['team_members:read'], ['teams:read']),
        at(both, leaf, ['team_members:read'], ['teams:read']),
      ],
    });
    expect(await told({ role_id: id, permissions: ['teams:read'] })).toMatchObject({
      affected: 3,
      sample: [
        at(both, top, [], ['teams:update']),
        at(both, leaf, [], ['teams:update']),
        at(reader, other, [], ['teams:update']),
      ],
    });
  });

  it('is true: what each holder has afterwards is what was told', async () => {
    const id = await make('organization', ['teams:read', 'invitations:read', 'roles:read']);
    const holders = [await holding(id), await holding(id, 'member'), await holding(id, 'admin')];
    const had = async ({ api }: Member): Promise<string[]> => (await api.get(`${base()}/access`)).body.permissions;
    const before = await Promise.all(holders.map(had));
    const next = ['teams:create', 'members:read', 'invitations:read'];
    const { sample } = await told({ role_id: id, permissions: next });
    await organization.owner.api.patch(`${base()}/roles/${id}`, { permissions: next }).expect(200);
    const after = await Promise.all(holders.map(had));
    const changes = holders.flatMap(({ memberId }, index) => {
      const gained = after[index]!.filter((key) => !before[index]!.includes(key));
      const lost = before[index]!.filter((key) => !after[index]!.includes(key));
      return gained.length + lost.length > 0 ? [{ member_id: memberId, team_id: null, gained, lost }] : [];
    });
    expect(sample).toEqual(changes);
  });

  it('names twenty, and counts all', async () => {
    const id = await make('organization', ['teams:read']);
    const holders: string[] = [];
    for (let made = 0; made < 24; made += 1) holders.push((await holding(id, ...(made % 2 ? [] : ['admin']))).memberId);
    for (let made = 0; made < 13; made += 1) holders.push((await holding(id)).memberId);
    const { affected, sample } = await told({ role_id: id, permissions: ['teams:read', 'organization:delete'] });
    expect(affected).toBe(37);
    expect(sample.map(({ member_id: member }: { member_id: string }) => member)).toEqual(holders.slice(0, 20));
  });

  it('leaves out teams that the caller does not see', async () => {
    const id = await make('team', ['teams:read']);
    const secret = await teams.create({ visibility: 'private' });
    await teams.join(secret, await app.actors.member(organization, []), id);
    const change = { role_id: id, permissions: [] };
    expect((await told(change)).affected).toBe(1);
    const manager = await teams.holding(everyPermission.filter((key) => key !== 'teams:read_private'));
    expect(await told(change, manager)).toMatchObject(nobody);
  });

  describe('tells what the caller would need', () => {
    it('for what is added and removed, and for what else its holders hold', async () => {
      const id = await make('organization', ['members:read']);
      await holding(id, 'admin');
      const manager = await teams.holding(['roles:manage', 'roles:read', 'teams:read']);
      const { missing_permissions: missing } = await told({ role_id: id, permissions: ['teams:read'] }, manager);
      const ofAdmins = everyPermission.filter((key) => permissions[key].systemRoles.includes('admin'));
      expect(missing).toEqual(ofAdmins.filter((key) => !['roles:manage', 'roles:read', 'teams:read'].includes(key)));
      const refused = await manager.api.patch(`${base()}/roles/${id}`, { permissions: ['teams:read'] }).expect(403);
      expect(refused.body.missing_permissions).toEqual(missing);
    });

    it('of one that is to be made', async () => {
      const manager = await teams.holding(['roles:manage', 'teams:read']);
      const { missing_permissions: missing } = await told({ permissions: ['teams:read', 'members:remove'] }, manager);
      expect(missing).toEqual(['members:remove']);
    });
  });

  describe('is refused', () => {
    it('with a permission that there is not, or not for teams', async () => {
      const answer = await ask(organization.owner, { permissions: ['teams:read', '*'] }).expect(422);
      expect(answer.body).toMatchObject({ code: 'unknown_permission', errors: [{ pointer: '/permissions/1' }] });
      const id = await make('team', []);
      const outside = await ask(organization.owner, { role_id: id, permissions: ['members:read'] }).expect(422);
      expect(outside.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/permissions/0' }] });
    });

    it('for a role that is not there, or another organization has', async () => {
      const elsewhere = await app.actors.organization();
      const { body } = await elsewhere.owner.api
        .post(`/organizations/${elsewhere.id}/roles`, { key: 'theirs', name: 'Theirs', scope: 'team', permissions: [] })
        .expect(201);
      for (const id of [uuid(), body.id]) {
        const answer = await ask(organization.owner, { role_id: id, permissions: [] }).expect(422);
        expect(answer.body.errors).toMatchObject([{ pointer: '/role_id', code: 'unknown' }]);
      }
    });

    it('for one of the system, which nobody changes', async () => {
      const answer = await ask(organization.owner, { role_id: teamRoleIds.admin, permissions: [] }).expect(409);
      expect(answer.body.code).toBe('conflict');
    });

    it('for a role that is there, or not, to who may not read roles: it would tell of those who hold it', async () => {
      const manager = await teams.holding(['roles:manage']);
      for (const id of [await make('organization', []), teamRoleIds.admin, uuid()]) {
        const answer = await ask(manager, { role_id: id, permissions: ['*'] }).expect(403);
        expect(answer.body).toMatchObject({ code: 'permission_denied', required: 'roles:read' });
      }
      await told({ permissions: ['teams:read'] }, manager);
    });

    it('to who may not manage roles', async () => {
      const reader = await teams.holding(['roles:read']);
      expect((await ask(reader, { permissions: [] }).expect(403)).body.required).toBe('roles:manage');
    });
  });

  it('goes to the database a few times, however many hold the role', async () => {
    const id = await make('organization', ['teams:read']);
    const edit = () => told({ role_id: id, permissions: [] });
    const alone = await app.roundTrips(edit);
    for (let made = 0; made < 5; made += 1) await holding(id, 'member');
    expect([alone, await app.roundTrips(edit)]).toEqual([5, 5]);
    expect(await app.roundTrips(() => told({ permissions: [] }))).toBe(2);
  });

  it('is of one moment: it waits for an edit that is under way', async () => {
    const id = await make('organization', ['teams:read']);
    const member = await holding(id);
    const answer = await connected(app.database.url(), async (editor) => {
      await editor.query('begin');
      await editor.query('select from organizations where id = $1 for no key update', [organization.id]);
      const asked = told({ role_id: id, permissions: [] });
      const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      await until(async () => (await app.database.query(waiting)).length > 0);
      await editor.query('delete from member_roles where member_id = $1', [member.memberId]);
      await editor.query(`update roles set permissions = '{teams:read,teams:create}' where id = $1`, [id]);
      await editor.query('commit');
      return asked;
    });
    expect(answer).toMatchObject({ removed: ['teams:create', 'teams:read'], ...nobody });
  });

  it('is told again under its key, but to nobody who may read roles no more', async () => {
    const id = await make('organization', ['teams:read']);
    await holding(id);
    const manager = await app.actors.member(organization, ['admin']);
    const key = uuid();
    const send = () => ask(manager, { role_id: id, permissions: [] }).set('idempotency-key', key);
    const first = await send().expect(200);
    await holding(id);
    const again = await app.changingNothing(() => send().expect(200));
    expect(again.text).toBe(first.text);
    expect(again.headers['idempotency-replayed']).toBe('true');
    await app.database.query('delete from member_roles where member_id = $1', [manager.memberId]);
    await give(manager, await make('organization', ['roles:manage']));
    const refused = await send().expect(403);
    expect(refused.body).toMatchObject({ code: 'permission_denied', required: 'roles:read' });
    expect(refused.headers).not.toHaveProperty('idempotency-replayed');
  });
});
