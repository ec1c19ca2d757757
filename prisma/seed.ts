import { hash } from '@node-rs/argon2';
import type pg from 'pg';
import { systemRoleIds } from '../src/core/access/permissions.ts';
import { connected } from './engine/connection.ts';

/** How a newcomer signs in to the demo organisation. */
export interface SignIn {
  readonly email: string;
  readonly password: string;
}

const DEMO = {
  userId: '01a1f000-0000-7000-8000-000000000001',
  memberId: '01a1f000-0000-7000-8000-000000000002',
  organizationId: '01a1f000-0000-7000-8000-000000000003',
  email: 'demo@example.com',
};

/**
 * Makes the demo organisation and its owner, once; what has been done with them since stays. It goes through the same walls
 * as the server: as tenantry_app, in the scopes of that user and that organisation.
 * @param password of this clone alone, made with its other secrets
 */
export async function seed(appUrl: string, password: string): Promise<SignIn> {
  await connected(appUrl, async (client) => {
    await client.query('begin');
    await enter(client, DEMO.userId, '');
    if (!(await exists(client))) {
      await makeUser(client, await hash(password));
      await enter(client, DEMO.userId, DEMO.organizationId);
      await makeOrganization(client);
    }
    await client.query('commit');
  });
  return { email: DEMO.email, password };
}

async function enter(client: pg.Client, userId: string, organizationId: string): Promise<void> {
  const settings = `select set_config('app.user_id', $1, true), set_config('app.organization_id', $2, true)`;
  await client.query(settings, [userId, organizationId]);
}

async function exists(client: pg.Client): Promise<boolean> {
  const { rowCount } = await client.query('select from users where id = $1', [DEMO.userId]);
  return rowCount === 1;
}

async function makeUser(client: pg.Client, passwordHash: string): Promise<void> {
  await client.query(`insert into users (id, email, email_key, name) values ($1, $2, $2, 'Demo Owner')`, [
    DEMO.userId,
    DEMO.email,
  ]);
  await client.query('insert into passwords (hash) values ($1)', [passwordHash]);
}

async function makeOrganization(client: pg.Client): Promise<void> {
  const { organizationId, memberId, userId } = DEMO;
  await client.query(`insert into organizations (id, name, slug) values ($1, 'Demo', 'demo')`, [organizationId]);
  await client.query('insert into members (id, user_id) values ($1, $2)', [memberId, userId]);
  await client.query('insert into member_roles (member_id, role_id) values ($1, $2)', [memberId, systemRoleIds.owner]);
  await client.query(
    `insert into audit_events (action, outcome, actor_type, target_type, target_id) values
       ('organization.created', 'success', 'system', 'organization', $1),
       ('member.joined', 'success', 'system', 'member', $2)`,
    [organizationId, memberId],
  );
}
