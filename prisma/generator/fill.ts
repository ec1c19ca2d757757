import type pg from 'pg';
import { makeRoles } from './fill-roles.ts';
import { makeInvitations, makeTeams } from './fill-teams.ts';
import {
  isGuest,
  member,
  type Member,
  organization,
  type Organization,
  person,
  type Person,
  type Size,
  userOf,
} from './population.ts';

/** People of one transaction: some tenths of a second, so that nobody who uses the database beside waits long. */
const BATCH = 1_000;

/** How far it has come. */
export interface Filled {
  readonly organizations: number;
  readonly members: number;
}

/** Some of an organisation's members, from one to before another. */
interface Part {
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Makes organisations with their people, each as the server would leave them, audit events too. It goes through the same walls as
 * the server: as tenantry_app, in the scopes of those people and those organisations. What is there already stays as it is, so
 * that it may be stopped and run again, or run again for more.
 * @param client signed in as tenantry_app
 * @param passwordHash of all of them; none: nobody can sign in as one of them
 * @throws Error where somebody else is at it
 */
export async function fill(
  client: pg.Client,
  size: Size,
  { passwordHash = '', report = () => undefined }: { passwordHash?: string; report?: (filled: Filled) => void } = {},
): Promise<void> {
  await alone(client);
  // The role's own is for requests.
  await client.query(`set statement_timeout = '60s'`);
  let members = 0;
  for (const batch of batches(size)) {
    await client.query('begin');
    await makePeople(
      client,
      batch.flatMap((part) => newcomers(size.seed, part)),
      passwordHash,
    );
    for (const part of batch) await makePart(client, size, part);
    await client.query('commit');
    members += batch.reduce((sum, { from, to }) => sum + to - from, 0);
    report({ organizations: Math.floor(members / size.members), members });
  }
}

/** Goes with the connection. */
async function alone(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ alone: boolean }>(
    `select pg_try_advisory_lock(hashtextextended('tenantry:seed', 0)) as alone`,
  );
  if (!rows[0]?.alone) throw new Error('This database is being filled by another process.');
}

function* batches({ organizations, members }: Size): Generator<readonly Part[]> {
  let batch: Part[] = [];
  let people = 0;
  for (let index = 0; index < organizations; index += 1) {
    for (let from = 0; from < members; from += BATCH) {
      const to = Math.min(from + BATCH, members);
      if (people + to - from > BATCH) {
        yield batch;
        [batch, people] = [[], 0];
      }
      batch.push({ index, from, to });
      people += to - from;
    }
  }
  yield batch;
}

/** Whoever is nowhere else yet. */
function newcomers(seed: number, { index, from, to }: Part): Person[] {
  const at = organization(seed, index);
  return range(from, to)
    .filter((n) => !isGuest(index, n))
    .map((n) => person(seed, at, index, n));
}

/** Each in a scope of their own, where nobody sees anybody else. */
async function makePeople(client: pg.Client, people: readonly Person[], passwordHash: string): Promise<void> {
  await client.query(
    `select set_config('app.organization_id', '', true), set_config('seed.people', $1, true), set_config('seed.hash', $2, true)`,
    [JSON.stringify(people), passwordHash],
  );
  await client.query(`do $$
    declare
      v_hash text := current_setting('seed.hash');
      v_person record;
    begin
      for v_person in
        select * from jsonb_to_recordset(current_setting('seed.people')::jsonb)
          as p (id uuid, email text, name text, created_at timestamptz)
      loop
        perform set_config('app.user_id', v_person.id::text, true);
        insert into users (id, email, email_key, name, created_at, updated_at)
          values (v_person.id, v_person.email, v_person.email, v_person.name, v_person.created_at, v_person.created_at)
          on conflict (id) do nothing;
        if found and v_hash <> '' then
          insert into passwords (hash) values (v_hash);
        end if;
      end loop;
    end $$`);
}

async function makePart(client: pg.Client, size: Size, part: Part): Promise<void> {
  const { seed } = size;
  const at = organization(seed, part.index);
  const members = await membersOf(client, seed, part);
  const founder = person(seed, at, part.index, 0);
  await enter(client, founder.id, at.id);
  if (part.from === 0) await makeOrganization(client, at);
  await makeMembers(client, members);
  if (part.to < size.members) return;
  await makeRoles(client, size, part.index);
  await makeTeams(client, size, part.index);
  await makeInvitations(client, size, part.index);
}

async function membersOf(client: pg.Client, seed: number, { index, from, to }: Part): Promise<Member[]> {
  const at = organization(seed, index);
  const members: Member[] = [];
  for (const n of range(from, to)) {
    const user = userOf(seed, index, n);
    if (!isGuest(index, n) || (await isHere(client, user))) members.push(member(seed, at, index, n, user));
  }
  return members;
}

/** Somebody who was made long ago may have deleted their account. */
async function isHere(client: pg.Client, { id }: Person): Promise<boolean> {
  await enter(client, id, '');
  const { rowCount } = await client.query('select from users where id = $1 and deleted_at is null', [id]);
  return rowCount === 1;
}

async function makeOrganization(client: pg.Client, at: Organization): Promise<void> {
  await client.query(
    `with made as (
       insert into organizations (id, name, slug, created_at, updated_at) select $1, $2, $3, $4, $4
         where not exists (select from organizations where id = $1) returning id
     )
     insert into audit_events (action, outcome, actor_type, target_type, target_id)
       select 'organization.created', 'success', 'system', 'organization', id from made`,
    [at.id, at.name, at.slug, at.created_at],
  );
}

async function makeMembers(client: pg.Client, members: readonly Member[]): Promise<void> {
  await client.query(
    `with given as (
       select * from jsonb_to_recordset($1) as g (id uuid, user_id uuid, role_id uuid, status text, joined_at timestamptz)
         where not exists (select from members m where m.id = g.id)
     ), joined as (
       insert into members (id, user_id, status, joined_at, created_at, updated_at)
         select id, user_id, status, joined_at, joined_at, joined_at from given
     ), holding as (
       insert into member_roles (member_id, role_id) select id, role_id from given
     )
     insert into audit_events (action, outcome, actor_type, target_type, target_id)
       select 'member.joined', 'success', 'system', 'member', id from given
       union all
       select 'member.suspended', 'success', 'system', 'member', id from given where status = 'suspended'`,
    [JSON.stringify(members)],
  );
}

async function enter(client: pg.Client, userId: string, organizationId: string): Promise<void> {
  const settings = `select set_config('app.user_id', $1, true), set_config('app.organization_id', $2, true)`;
  await client.query(settings, [userId, organizationId]);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
