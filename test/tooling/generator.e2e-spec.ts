import { execFile } from 'node:child_process';
import { hash } from '@node-rs/argon2';
import { connected } from '../../prisma/engine/connection.ts';
import { type Filled, fill } from '../../prisma/generator/fill.ts';
import { organization, person, type Size } from '../../prisma/generator/population.ts';
import { seed } from '../../prisma/seed.ts';
import { systemRoleIds } from '../../src/core/access/system-roles.ts';
import { TestApp } from '../support/app.ts';
import { TestDatabase } from '../support/database.ts';

const PASSWORD = 'a password of this clone';

let app: TestApp;

beforeAll(async () => (app = await TestApp.start()));
afterAll(() => app.stop());

async function filled(given: Partial<Size>, database = app.database): Promise<Filled[]> {
  const size = { organizations: 1, members: 1, teams: 3, invitations: 1, roles: 5, seed: 1, ...given };
  const reports: Filled[] = [];
  const options = { passwordHash: await hash(PASSWORD), report: (report: Filled) => void reports.push(report) };
  await connected(database.url('tenantry_app'), (client) => fill(client, size, options));
  return reports;
}

const founder = (of: number, index: number) => person(of, organization(of, index), index, 0);

/** @returns how many members each organisation of a seed has */
const sizes = async (of: number): Promise<number[]> =>
  (
    await app.database.query<{ members: number }>(
      `select count(m.id)::int as members from organizations o left join members m on m.organization_id = o.id
         where slug like $1 group by o.id order by split_part(slug, '-', -1)::int`,
      [`%-${of}-%`],
    )
  ).map(({ members }) => members);

it('makes organisations whose people sign in and are in more than one, each with its events', async () => {
  await filled({ organizations: 3, members: 30, seed: 1 });
  expect(await sizes(1)).toEqual([30, 30, 30]);
  const { body } = await app.anonymous
    .post('/auth/login', { email: founder(1, 0).email, password: PASSWORD })
    .expect(200);
  const { body: list } = await app.anonymous.as(body.access_token).get('/organizations?sort=created_at').expect(200);
  const roles = list.data.map((one: { id: string; membership: { roles: string[] } }) => [
    one.id,
    one.membership.roles[0],
  ]);
  expect(Object.fromEntries(roles)).toEqual({
    [organization(1, 0).id]: 'owner',
    [organization(1, 1).id]: expect.stringMatching(/^(member|admin)$/),
  });
  expect(
    await app.database.query(
      `select action, count(*)::int from audit_events where organization_id = $1 group by action order by action`,
      [organization(1, 2).id],
    ),
  ).toMatchObject([
    { action: 'invitation.created', count: 1 },
    { action: 'member.joined', count: 30 },
    { action: 'member.suspended' },
    { action: 'organization.created', count: 1 },
    { action: 'role.created', count: 5 },
    { action: 'team.created', count: 3 },
    { action: 'team_member.added' },
  ]);
});

it('makes one owner, and nobody without a role', async () => {
  await filled({ organizations: 2, members: 40, roles: 0, seed: 2 });
  const roles = await app.database.query<{ key: string; members: number }>(
    `select coalesce(r.key, 'none') as key, count(*)::int as members from members m
       left join member_roles h on h.organization_id = m.organization_id and h.member_id = m.id
       left join roles r on r.organization_id = h.organization_id and r.id = h.role_id
       where m.organization_id = any ($1) group by r.key`,
    [[organization(2, 0).id, organization(2, 1).id]],
  );
  const counts = Object.fromEntries(roles.map(({ key, members }) => [key, members]));
  expect(counts).toEqual({ owner: 2, admin: expect.any(Number), member: expect.any(Number) });
});

it("makes custom roles, which some hold beside the system's", async () => {
  await filled({ members: 60, roles: 7, seed: 11 });
  const { id } = organization(11, 0);
  const roles = await app.database.query(
    `select r.key, r.scope, count(h.member_id) > 0 as held from roles r
       left join member_roles h on h.organization_id = r.organization_id and h.role_id = r.id
       where r.organization_id = $1 and not r.system group by r.key, r.scope order by r.key`,
    [id],
  );
  expect(roles).toHaveLength(7);
  expect(roles).toContainEqual({ key: 'recruiter', scope: 'organization', held: true });
  expect(roles).toContainEqual({ key: 'coach', scope: 'team', held: false });
  const { body } = await app.anonymous
    .post('/auth/login', { email: founder(11, 0).email, password: PASSWORD })
    .expect(200);
  const listed = await app.anonymous.as(body.access_token).get(`/organizations/${id}/roles?system=false`).expect(200);
  expect(listed.body.data.every(({ permissions }: { permissions: string[] }) => permissions.length > 1)).toBe(true);
});

it('makes teams beneath each other, some of them private, with members, and asks people in', async () => {
  await filled({ members: 30, teams: 60, invitations: 3, seed: 10 });
  const { id } = organization(10, 0);
  const [teams] = await app.database.query(
    `select count(*)::int as total, max(cardinality(path)) as levels, count(*) filter (where visibility = 'private') > 0 as some_private,
         bool_and(exists (
           select from team_members m join roles r on r.organization_id = m.organization_id and r.id = m.role_id
             where m.organization_id = t.organization_id and m.team_id = t.id and r.key = 'admin')) as each_has_an_admin
       from teams t where organization_id = $1`,
    [id],
  );
  expect(teams).toEqual({ total: 60, levels: expect.any(Number), some_private: true, each_has_an_admin: true });
  expect(teams!['levels']).toBeGreaterThan(2);
  const { email } = founder(10, 0);
  const { body } = await app.anonymous.post('/auth/login', { email, password: PASSWORD }).expect(200);
  const api = app.anonymous.as(body.access_token);
  for (const [list, total] of [
    ['teams', 60],
    ['invitations?status=pending', 3],
  ]) {
    const answer = await api.get(`/organizations/${id}/${list}`).expect(200);
    expect(answer.body.pagination.total).toBe(total);
  }
});

it('makes the same rows for the same seed, and others for another', async () => {
  const there = await TestDatabase.create();
  try {
    await filled({ organizations: 2, members: 5, seed: 3 });
    await filled({ organizations: 2, members: 5, seed: 3 }, there);
    const members = (database: TestDatabase) =>
      database.query(
        `select m.id, m.organization_id, m.status, m.joined_at, u.email, u.name, u.created_at from members m
           join users u on u.id = m.user_id where organization_id = any ($1) order by 1`,
        [[organization(3, 0).id, organization(3, 1).id]],
      );
    expect(await members(there)).toEqual(await members(app.database));
    expect(organization(4, 0)).not.toEqual(organization(3, 0));
  } finally {
    await there.drop();
  }
});

it('changes nothing where all is there, goes on where it was stopped, and makes more beside it', async () => {
  const size = { organizations: 2, members: 6, seed: 5 };
  const stopped = connected(app.database.url('tenantry_app'), (client) =>
    fill(
      client,
      { organizations: 2, members: 900, teams: 3, invitations: 1, roles: 5, seed: 5 },
      {
        report: () => {
          throw new Error('stopped');
        },
      },
    ),
  );
  await expect(stopped).rejects.toThrow('stopped');
  expect(await sizes(5)).toEqual([900]);
  await filled(size);
  expect(await sizes(5)).toEqual([900, 6]);
  await app.changingNothing(() => filled(size));
  await filled({ organizations: 3, members: 8, seed: 5 });
  expect(await sizes(5)).toEqual([900, 8, 8]);
});

it('fills an organisation of more people than it makes at once, and says how far it is', async () => {
  const reports = await filled({ organizations: 1, members: 2_100, seed: 6 });
  expect(await sizes(6)).toEqual([2_100]);
  expect(reports).toEqual([
    { organizations: 0, members: 1_000 },
    { organizations: 0, members: 2_000 },
    { organizations: 1, members: 2_100 },
  ]);
});

it('leaves the demo organisation, and who has deleted their account, as they are', async () => {
  await seed(app.database.url('tenantry_app'), PASSWORD);
  const demo = `select * from members join organizations o on o.id = organization_id where o.slug = 'demo' order by members.id`;
  const before = await app.database.query(demo);
  await filled({ organizations: 1, members: 2, seed: 7 });
  const { id } = founder(7, 0);
  const organizationsOf = 'select organization_id from members where user_id = $1';
  await app.database.query(
    `insert into member_roles select organization_id, id, $2 from members
       where organization_id in (${organizationsOf}) and user_id <> $1`,
    [id, systemRoleIds.owner],
  );
  await app.database.query('select app.remove_member(organization_id, id) from members where user_id = $1', [id]);
  await app.database.query(
    `update users set name = 'deleted user', email = null, email_key = null, deleted_at = now(), suspended_at = now() where id = $1`,
    [id],
  );
  await filled({ organizations: 2, members: 3, seed: 7 });
  expect(await sizes(7)).toEqual([3, 2]);
  expect(await app.database.query(demo)).toEqual(before);
});

it('waits for nobody who fills the same database', async () => {
  await connected(app.database.url('tenantry_app'), async (other) => {
    await other.query(`select pg_advisory_lock(hashtextextended('tenantry:seed', 0))`);
    await expect(filled({ organizations: 1, members: 1, seed: 8 })).rejects.toThrow('filled by another process');
  });
});

describe('npm run seed', () => {
  function run(changes: Record<string, string>, ...given: string[]): Promise<{ code: number; output: string }> {
    const env = { ...process.env, NODE_OPTIONS: '', DATABASE_URL: app.database.url('tenantry_app'), ...changes };
    return new Promise((done) => {
      execFile(process.execPath, ['prisma/generator/cli.ts', ...given], { env }, (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
      );
    });
  }

  it.each([
    ['--members', 'many'],
    ['--organizations', '0'],
    ['--teams', '-1'],
    ['--seed', '1e3'],
    ['--nonsense', '1'],
  ])('refuses %s %s', async (name, value) => {
    const { code, output } = await run({ NODE_ENV: 'test' }, name, value);
    expect(code).toBe(1);
    expect(output).toContain(name);
  });

  it.each(['production', ''])('does not touch what may be production (NODE_ENV=%s)', async (stage) => {
    await app.changingNothing(async () => {
      const { code, output } = await run({ NODE_ENV: stage }, '--organizations', '1');
      expect(code).toBe(1);
      expect(output).toContain('--production');
    });
  });

  it('fills production where it is told to, with people whom nobody can sign in as', async () => {
    const given = ['--organizations', '10', '--members', '3', '--seed', '9', '--production'];
    const { code, output } = await run({ NODE_ENV: 'production' }, ...given);
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringContaining('10 of 10 organisations, 30 members'),
    });
    expect(await sizes(9)).toEqual(Array.from({ length: 10 }, () => 3));
    expect(
      await app.database.query(`select from passwords join users on id = user_id where email like '%.9-%@example.com'`),
    ).toEqual([]);
  });
});
