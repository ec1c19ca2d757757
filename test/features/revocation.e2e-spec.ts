import type { Test } from 'supertest';
import type { Member, Organization } from '../support/actors.ts';
import type { TestApp } from '../support/app.ts';
import type { Client } from '../support/client.ts';
import { TwoServers } from '../support/two-servers.ts';

const NEW_PASSWORD = 'battery staple, horse';

/** Somebody who loses something, and where it counts. */
interface Revocation {
  readonly member: Member;
  /** The same person on another device. */
  readonly elsewhere: Client;
  readonly organization: Organization;
}

describe('on two servers over one database', () => {
  let servers: TwoServers;
  let app: TestApp;

  beforeAll(async () => {
    servers = await TwoServers.start();
    app = servers.app;
  });

  afterAll(() => servers.stop());

  const query = (text: string, ...values: unknown[]) => app.database.query(text, values);

  const own = (client: Client): Test => client.get('/me');
  const read = (client: Client, { id }: Organization): Test => client.get(`/organizations/${id}`);
  const change = (client: Client, { id }: Organization): Test =>
    client.patch(`/organizations/${id}`, { name: 'Other' });

  it.each<[string, (given: Revocation) => PromiseLike<unknown>, typeof read, status: number, code: string]>([
    ['who signs out', ({ member }) => member.api.post('/auth/logout').expect(204), own, 401, 'unauthenticated'],
    [
      'a session that is ended',
      ({ member, elsewhere }) => elsewhere.delete(`/auth/sessions/${member.sessionId}`).expect(204),
      own,
      401,
      'unauthenticated',
    ],
    [
      'a session that is ended with all others',
      ({ elsewhere }) => elsewhere.delete('/auth/sessions').expect(204),
      read,
      401,
      'unauthenticated',
    ],
    [
      'a session of the password before',
      ({ elsewhere }) => elsewhere.send('put', '/me/password', { new_password: NEW_PASSWORD }).expect(204),
      own,
      401,
      'unauthenticated',
    ],
    ['whoever deletes the account', ({ member }) => member.api.delete('/me').expect(204), own, 401, 'unauthenticated'],
    [
      'a user who is suspended',
      ({ member: { userId } }) => query('update users set suspended_at = now() where id = $1', userId),
      own,
      401,
      'unauthenticated',
    ],
    [
      'a member who is removed',
      ({ member: { memberId } }) =>
        query('select app.remove_member(organization_id, id) from members where id = $1', memberId),
      read,
      404,
      'not_found',
    ],
    [
      'a member who is suspended',
      ({ member: { memberId } }) => query(`update members set status = 'suspended' where id = $1`, memberId),
      read,
      403,
      'member_suspended',
    ],
    [
      'a member who loses the role',
      ({ member: { memberId } }) => query('delete from member_roles where member_id = $1', memberId),
      change,
      403,
      'permission_denied',
    ],
    [
      'an organisation that is suspended',
      ({ organization: { id } }) => query('update organizations set suspended_at = now() where id = $1', id),
      read,
      403,
      'organization_suspended',
    ],
    [
      'a proof that is old',
      ({ member: { sessionId } }) =>
        query(`update sessions set authenticated_at = now() - interval '1 hour' where id = $1`, sessionId),
      (client) => client.send('put', '/me/password', { new_password: NEW_PASSWORD }),
      403,
      'step_up_required',
    ],
  ])('%s is refused at the next request, on both', async (_who, revoke, call, status, code) => {
    const organization = await app.actors.organization();
    const member = await app.actors.member(organization, ['admin']);
    const elsewhere = app.anonymous.as(app.actors.token(member.userId, member.otherSessionId));
    const [first, second] = servers.clients.map((client) => client.as(member.api.token));
    // Both have verified the token by now, and remember it.
    for (const client of [first!, second!]) expect((await read(client, organization)).status).toBe(200);

    await revoke({ member, elsewhere, organization });

    for (const client of [second!, first!, second!]) {
      const answer = await call(client, organization);
      expect([answer.status, answer.body.code]).toEqual([status, code]);
    }
  });
});
