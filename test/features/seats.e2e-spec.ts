import { connected } from '../../prisma/engine/connection.ts';
import { setLimit } from '../../prisma/operator/commands.ts';
import { runInContext } from '../../src/core/context/context.ts';
import { Database, Scope } from '../../src/core/database/index.ts';
import { Problem } from '../../src/core/http/index.ts';
import { Seats } from '../../src/features/seats/index.ts';
import type { Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';

const CONFIGURED = 3;
const TWENTY = Array.from({ length: 20 }, (_, index) => index);

describe('seats', () => {
  let app: TestApp;
  let seats: Seats;
  let database: Database;
  let organization: Organization;

  beforeAll(async () => {
    app = await TestApp.start({ environment: { MEMBERS_MAX: String(CONFIGURED), TEAMS_MAX_MEMBERS: '1' } });
    seats = app.nest.get(Seats, { strict: false });
    database = app.nest.get(Database, { strict: false });
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
  });

  const limit = (key: string, value: string): Promise<unknown> =>
    connected(app.database.url('tenantry_operator'), (client) =>
      setLimit(key, value)(client, { calledBy: 'tess', reason: 'ticket 4711' }, organization.id, never),
    );
  const never = {
    keyedHash: (): never => {
      throw new Error('it takes no key');
    },
    masterKeys: (): never => {
      throw new Error('it takes no key');
    },
    language: 'en',
  };

  /** @returns what the work refuses with, or undefined */
  async function refusal(work: () => Promise<unknown>): Promise<object | undefined> {
    const { id, owner } = organization;
    const scope = Scope.admission({ ...owner, organizationId: id, permission: null, systemRoles: [] });
    try {
      await runInContext({ scope }, () => database.transaction(work));
      return undefined;
    } catch (error) {
      if (error instanceof Problem) return { code: error.code, ...error.members };
      throw error;
    }
  }

  const oneMore = () => refusal(() => seats.verifyMember());
  const full = (maximum: number, used = maximum, setting = 'members.max') => ({
    code: 'limit_reached',
    setting,
    limit: maximum,
    used,
  });

  it('are as many as the configuration says, and suspended members have one', async () => {
    await app.actors.member(organization, ['member'], 'suspended');
    await app.actors.member(organization, ['member'], 'removed');
    expect(await oneMore()).toBeUndefined();
    await app.actors.member(organization);
    expect(await oneMore()).toEqual(full(CONFIGURED));
  });

  it('are as many as the operator says, or any number, or again as the configuration says', async () => {
    await limit('members.max', '1');
    expect(await oneMore()).toEqual(full(1));
    await limit('members.max', 'none');
    for (let count = 0; count < CONFIGURED; count += 1) await app.actors.member(organization);
    expect(await oneMore()).toBeUndefined();
    await limit('members.max', 'default');
    expect(await oneMore()).toEqual(full(CONFIGURED, CONFIGURED + 1));
  });

  it('that the operator takes away leave everybody in, and let nobody else in', async () => {
    const member = await app.actors.member(organization);
    await limit('members.max', '1');
    await member.api.get(`/organizations/${organization.id}`).expect(200);
    expect(await oneMore()).toEqual(full(1, 2));
  });

  it('of one organization are no other one’s', async () => {
    await limit('members.max', '1');
    organization = await app.actors.organization();
    expect(await oneMore()).toBeUndefined();
  });

  it('are needed by an invitation where pending ones count', async () => {
    await limit('members.max', '1');
    const invitation = () => refusal(() => seats.verifyInvitation());
    expect(await invitation()).toBeUndefined();
    await limit('members.count_pending', 'true');
    expect(await invitation()).toEqual(full(1));
    await limit('members.max', '2');
    expect(await invitation()).toBeUndefined();
  });

  describe('of teams', () => {
    let team: string | undefined;

    beforeEach(async () => {
      [team] = await teamOf(organization);
    });

    async function teamOf({ id }: Organization, visibility = 'organization'): Promise<string[]> {
      const rows = await app.database.query<{ id: string }>(
        `insert into teams (organization_id, name, slug, visibility) values ($1, 'Crew', 'crew-' || $2, $2) returning id`,
        [id, visibility],
      );
      return rows.map((row) => row.id);
    }

    const belong = (member: Member, to = team) =>
      app.database.query(
        `insert into team_members (organization_id, team_id, member_id, role_id)
           select organization_id, $2, $3, id from roles where organization_id = $1 and scope = 'team' and key = 'member'`,
        [organization.id, to, member.memberId],
      );
    const fullTeam = (maximum: number) => full(maximum, maximum, 'teams.max_members');
    const oneMoreIn = (id = team) => refusal(() => seats.verifyTeams(id ? [id] : []));

    it('are as many as the configuration says, or the operator, in each team', async () => {
      await belong(await app.actors.member(organization));
      expect(await oneMoreIn()).toEqual(fullTeam(1));
      await limit('teams.max_members', 'none');
      await belong(await app.actors.member(organization, ['member'], 'suspended'));
      expect(await oneMoreIn()).toBeUndefined();
      await limit('teams.max_members', '2');
      expect(await oneMoreIn()).toEqual(fullTeam(2));
      await limit('teams.max_members', '3');
      expect(await oneMoreIn()).toBeUndefined();
    });

    it('are counted in a team that the caller does not see', async () => {
      const [secret] = await teamOf(organization, 'private');
      await belong(await app.actors.member(organization), secret);
      await limit('teams.max_members', '1');
      const outsider = await app.actors.member(organization);
      await outsider.api.get(`/organizations/${organization.id}`).expect(200);
      organization = { ...organization, owner: outsider };
      expect(await oneMoreIn(secret)).toEqual(fullTeam(1));
      expect(await oneMoreIn()).toBeUndefined();
    });

    it('of another organization are not counted', async () => {
      await belong(await app.actors.member(organization));
      organization = await app.actors.organization();
      await limit('teams.max_members', '1');
      expect(await oneMoreIn()).toBeUndefined();
    });
  });

  it('are never exceeded by 20 who are invited at once, where pending invitations count', async () => {
    await limit('members.count_pending', 'true');
    const { id, owner } = organization;
    const invite = (number: number) =>
      owner.api.post(`/organizations/${id}/invitations`, { email: `guest-${number}@example.com`, roles: ['member'] });
    const answers = await Promise.all(TWENTY.map(invite));
    const invited = answers.filter(({ status }) => status === 201);
    expect(invited).toHaveLength(CONFIGURED - 1);
    const refused = answers.filter(({ status }) => status !== 201).map(({ body }) => body);
    expect(refused).toEqual(Array(20 - invited.length).fill(expect.objectContaining(full(CONFIGURED))));

    await owner.api.delete(`/organizations/${id}/invitations/${invited[0]!.body.id}`).expect(204);
    await invite(20).expect(201);
    await invite(21).expect(409);
  });

  it('are no server’s to set', async () => {
    await limit('members.max', '2');
    await connected(app.database.url('tenantry_app'), async (server) => {
      await server.query(`select set_config('app.organization_id', $1, false)`, [organization.id]);
      for (const statement of [
        `update platform_settings set value = '5'`,
        'delete from platform_settings',
        `insert into platform_settings values ('${organization.id}', 'teams.max_members', '5')`,
        `select app.set_limit('me', 'because', '${organization.id}', 'members.max', '5')`,
      ]) {
        await expect(server.query(statement)).rejects.toMatchObject({ code: '42501' });
      }
    });
  });
});
