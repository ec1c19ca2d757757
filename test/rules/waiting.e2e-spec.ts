import type { Client } from 'pg';
import type { Response } from 'supertest';
import { connected } from '../../prisma/engine/connection.ts';
import { type Route, teamRoleIds } from '../../src/core/access/index.ts';
import type { Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { isWrite, Routes } from '../support/routes.ts';
import { Teams } from '../support/teams.ts';
import { until } from '../support/until.ts';

/** What befalls the caller while they wait, as SQL about member `m` of organisation `o`, and what they are told then. */
interface Fate {
  readonly name: string;
  readonly sql: string;
  readonly told: string;
  /** It takes a role that they held, and is nothing to a route for which being a member is enough. */
  readonly takesRoles?: boolean;
  /** It does not keep them from leaving. */
  readonly suspends?: boolean;
}

const FATES: readonly Fate[] = [
  { name: 'been removed', sql: 'select app.remove_member($o, $m)', told: '404 not_found' },
  {
    name: 'been suspended',
    sql: `update members set status = 'suspended' where organization_id = $o and id = $m`,
    told: '403 member_suspended',
    suspends: true,
  },
  {
    name: 'lost their roles',
    sql: 'delete from member_roles where organization_id = $o and member_id = $m',
    told: '403 permission_denied',
    takesRoles: true,
  },
  {
    name: 'seen the organisation suspended',
    sql: 'update organizations set suspended_at = now() where id = $o',
    told: '403 organization_suspended',
    suspends: true,
  },
];

// The tests are made from the routes, so the application is there before they are.
const app = await TestApp.start();
const routes = new Routes(app);
const writes = routes.inOrganization.filter(isWrite);
const cases = writes.flatMap((route) =>
  FATES.filter((fate) => befalls(fate, route)).map((fate) => ({ ...route, ...fate, route, fate })),
);

function befalls({ takesRoles, suspends }: Fate, { rule }: Route): boolean {
  return !(takesRoles && rule.kind === 'member') && !(suspends && rule.kind === 'member' && rule.even === 'suspended');
}

afterAll(() => app.stop());

it.each(cases)('$method $path is $told to who has $name while it waited', async ({ route, fate }) => {
  const organization = await app.actors.sharedOrganization();
  const ids = await routes.idsFor(route, organization);
  const call = () => routes.call(organization.owner.api, route, ids);

  const { answer, before } = await connected(app.database.url(), (holder) =>
    meanwhile(holder, organization, fate, call),
  );

  expect(`${answer.status} ${answer.body.code}`).toBe(fate.told);
  expect(await app.database.contents()).toEqual(before);
});

it('judges what the caller holds on the team likewise', async () => {
  const organization = await app.actors.organization();
  const [admin, other] = [await app.actors.member(organization), await app.actors.member(organization)];
  const teams = new Teams(app, organization);
  const team = await teams.create();
  await teams.join(team, admin, teamRoleIds.admin);
  const fate = { name: 'lost their role', sql: 'delete from team_members where member_id = $m', told: '403' };
  const call = async () =>
    admin.api.post(`${teams.path(team)}/members`, { member_id: other.memberId, role: 'viewer' }).then((sent) => sent);

  const { answer, before } = await connected(app.database.url(), (holder) =>
    meanwhile(holder, { ...organization, owner: admin }, fate, call),
  );

  expect(answer.body).toMatchObject({ status: 403, code: 'permission_denied', required: 'team_members:manage' });
  expect(await app.database.contents()).toEqual(before);
});

/** Calls while the holder has the organisation and the caller's membership, and has not yet told what has become of them. */
async function meanwhile(
  holder: Client,
  { id, owner }: Organization,
  { sql }: Fate,
  call: () => Promise<Response>,
): Promise<{ answer: Response; before: Record<string, string> }> {
  const [member] = await app.database.query('select id from members where organization_id = $1 and user_id = $2', [
    id,
    owner.userId,
  ]);
  const memberId: string = member!['id'];
  await holder.query('begin');
  await holder.query('select from organizations where id = $1 for no key update', [id]);
  await holder.query('select from members where organization_id = $1 and id = $2 for no key update', [id, memberId]);
  await holder.query(sql.replaceAll('$o', `'${id}'`).replaceAll('$m', `'${memberId}'`));
  const before = await app.database.contents(holder);
  const answered = call();
  await until(isWaiting);
  await holder.query('commit');
  return { answer: await answered, before };
}

async function isWaiting(): Promise<boolean> {
  const waiting = await app.database.query(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return waiting.length > 0;
}
