import { createHash } from 'node:crypto';
import type pg from 'pg';
import { systemRoleIds } from '../../src/core/access/system-roles.ts';
import { invitation, member, organization, type Size, userOf } from './population.ts';
import { belongings, team } from './team-population.ts';

/** Rows of one statement. */
const BATCH = 1_000;

/** Only who owns the organisation still sees all of its teams, and may put others beneath them. */
const BY_ITS_FOUNDER = `exists (select from members where user_id = app.user_id() and status = 'active')`;

/** Makes the teams of an organisation, in the scope of its founder there, and puts members into them. */
export async function makeTeams(client: pg.Client, { seed, teams, members }: Size, index: number): Promise<void> {
  const at = organization(seed, index);
  for (let from = 0; from < teams; from += BATCH) {
    const made = range(from, Math.min(from + BATCH, teams)).map((n) => ({ n, team: team(seed, at, index, n) }));
    await insertTeams(
      client,
      made.map(({ team: one }) => one),
    );
    const belonging = made.flatMap(({ n, team: one }) => belongings(seed, one, index, n, members));
    const memberId = (n: number) => member(seed, at, index, n, userOf(seed, index, n)).id;
    await insertBelongings(
      client,
      belonging.map(({ n, ...one }) => ({ ...one, member_id: memberId(n) })),
    );
  }
}

async function insertTeams(client: pg.Client, teams: readonly object[]): Promise<void> {
  await client.query(
    `with given as (
       select * from jsonb_to_recordset($1) as g (
           id uuid, name text, slug text, visibility text, path uuid[], private_path uuid[], created_at timestamptz)
         where not exists (select from teams t where t.id = g.id) and ${BY_ITS_FOUNDER}
     ), made as (
       insert into teams (id, name, slug, visibility, path, private_path)
         select id, name, slug, visibility, path, private_path from given
     )
     insert into audit_events (action, outcome, actor_type, target_type, target_id, team_id)
       select 'team.created', 'success', 'system', 'team', id, id from given`,
    [JSON.stringify(teams)],
  );
}

/** Who has left by now is in no team. */
async function insertBelongings(client: pg.Client, belonging: readonly object[]): Promise<void> {
  await client.query(
    `with given as (
       select * from jsonb_to_recordset($1) as g (id uuid, team_id uuid, member_id uuid, role_id uuid)
         where exists (select from teams t where t.id = g.team_id)
           and exists (select from members m where m.id = g.member_id and m.status <> 'removed')
     ), made as (
       insert into team_members (id, team_id, member_id, role_id) select id, team_id, member_id, role_id from given
         on conflict do nothing returning id, team_id
     )
     insert into audit_events (action, outcome, actor_type, target_type, target_id, team_id)
       select 'team_member.added', 'success', 'system', 'team_member', id, team_id from made`,
    [JSON.stringify(belonging)],
  );
}

/** Asks people to join it, whom nobody tells: their tokens are in nobody's hands. */
export async function makeInvitations(client: pg.Client, { seed, invitations }: Size, index: number): Promise<void> {
  const at = organization(seed, index);
  const given = range(0, invitations).map((n) => {
    const { id, email } = invitation(seed, at, index, n);
    return { id, email, token_hash: createHash('sha256').update(`${seed} ${id}`).digest('hex') };
  });
  await client.query(
    `with given as (
       select * from jsonb_to_recordset($1) as g (id uuid, email text, token_hash text)
         where not exists (select from invitations i where i.id = g.id)
           and not exists (select from invitations i where i.email_key = g.email and i.status = 'pending')
     ), inviter as (
       select id from members where user_id = app.user_id() and status = 'active'
     ), made as (
       insert into invitations (id, email, email_key, inviter_id, token_hash, mailed, valid_days)
         select g.id, email, email, inviter.id, decode(token_hash, 'hex'), true, 30 from given g, inviter returning id
     ), promised as (
       insert into invitation_roles (invitation_id, role_id) select id, $2 from made
     )
     insert into audit_events (action, outcome, actor_type, target_type, target_id)
       select 'invitation.created', 'success', 'system', 'invitation', id from made`,
    [JSON.stringify(given), systemRoleIds.member],
  );
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
