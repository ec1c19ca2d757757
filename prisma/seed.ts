import { hash } from '@node-rs/argon2';
import type pg from 'pg';
import { systemRoleIds } from '../src/core/access/system-roles.ts';
import { demo } from '../src/core/http/demo.ts';
import { connected } from './engine/connection.ts';

/** How a newcomer signs in to the demo organisation: as its owner, or as a member who may not change it. */
export interface SignIn {
  readonly email: string;
  readonly memberEmail: string;
  readonly password: string;
}

type Person = typeof demo.owner | typeof demo.member;

const people: readonly Person[] = [demo.owner, demo.member];

/**
 * Makes the demo organisation and its people, once; what has been done with them since stays. It goes through the same walls
 * as the server: as tenantry_app, in the scopes of those users and that organisation.
 * @param password of all of them, of this clone alone, made with its other secrets
 */
export async function seed(appUrl: string, password: string): Promise<SignIn> {
  await connected(appUrl, async (client) => {
    await client.query('begin');
    await enter(client, demo.owner.userId, '');
    if (!(await exists(client))) await makeAll(client, password);
    await client.query('commit');
  });
  return { email: demo.owner.email, memberEmail: demo.member.email, password };
}

async function makeAll(client: pg.Client, password: string): Promise<void> {
  for (const person of people) {
    await enter(client, person.userId, '');
    await makeUser(client, person, await hash(password));
  }
  await enter(client, demo.owner.userId, demo.organization.id);
  await makeOrganization(client);
  for (const person of people) await makeMember(client, person);
}

async function enter(client: pg.Client, userId: string, organizationId: string): Promise<void> {
  const settings = `select set_config('app.user_id', $1, true), set_config('app.organization_id', $2, true)`;
  await client.query(settings, [userId, organizationId]);
}

async function exists(client: pg.Client): Promise<boolean> {
  const { rowCount } = await client.query('select from users where id = $1', [demo.owner.userId]);
  return rowCount === 1;
}

async function makeUser(client: pg.Client, { userId, email, name }: Person, passwordHash: string): Promise<void> {
  await client.query('insert into users (id, email, email_key, name) values ($1, $2, $2, $3)', [userId, email, name]);
  await client.query('insert into passwords (hash) values ($1)', [passwordHash]);
}

async function makeOrganization(client: pg.Client): Promise<void> {
  const { id, name, slug } = demo.organization;
  await client.query('insert into organizations (id, name, slug) values ($1, $2, $3)', [id, name, slug]);
  await record(client, 'organization.created', 'organization', id);
}

async function makeMember(client: pg.Client, { userId, memberId, role }: Person): Promise<void> {
  await client.query('insert into members (id, user_id) values ($1, $2)', [memberId, userId]);
  await client.query('insert into member_roles (member_id, role_id) values ($1, $2)', [memberId, systemRoleIds[role]]);
  await record(client, 'member.joined', 'member', memberId);
}

async function record(client: pg.Client, action: string, targetType: string, targetId: string): Promise<void> {
  await client.query(
    `insert into audit_events (action, outcome, actor_type, target_type, target_id) values ($1, 'success', 'system', $2, $3)`,
    [action, targetType, targetId],
  );
}
