import type { Response } from 'supertest';
import { permissions } from '../../src/core/access/permissions.ts';
import type { Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { Teams } from '../support/teams.ts';

describe('whoever may do everything and is no owner', () => {
  let app: TestApp;
  let organization: Organization;
  let steward: Member;
  let superior: Member;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
    steward = await new Teams(app, organization).holding(Object.keys(permissions));
    superior = await app.actors.member(organization, ['owner']);
  });

  const path = (below: string) => `/organizations/${organization.id}/${below}`;
  const owner = () => organization.owner.api;
  const role = async (key: string): Promise<string> => {
    const draft = { key, name: key, scope: 'organization', permissions: [] };
    return (await owner().post(path('roles'), draft).expect(201)).body.id;
  };
  const refused = async (call: () => PromiseLike<Response>) => {
    const { status, body } = await app.changingNothing(async () => await call());
    expect({ status, body }).toMatchObject({
      status: 403,
      body: {
        code: 'grant_exceeds_own',
        missing_permissions: [],
        detail: 'Only an owner makes, changes or removes an owner.',
      },
    });
  };

  it.each([
    ['makes themselves one', () => [steward, { roles: ['owner'] }] as const],
    ['demotes one', () => [superior, { roles: ['member'] }] as const],
    ['gives one another role', () => [superior, { roles: ['owner', 'member'] }] as const],
    ['suspends one', () => [superior, { status: 'suspended' }] as const],
  ])('never %s', async (_what, change) => {
    const [member, body] = change();
    await refused(() => steward.api.patch(path(`members/${member.memberId}`), body));
    await owner()
      .patch(path(`members/${member.memberId}`), body)
      .expect(200);
  });

  it('never brings a suspended one back', async () => {
    const suspended = await app.actors.member(organization, ['owner'], 'suspended');
    await refused(() => steward.api.patch(path(`members/${suspended.memberId}`), { status: 'active' }));
  });

  it('never removes one', async () => {
    await refused(() => steward.api.delete(path(`members/${superior.memberId}`)));
    await owner()
      .delete(path(`members/${superior.memberId}`))
      .expect(204);
  });

  it('never promises it, nor anew what an owner has promised', async () => {
    const invitation = { email: 'grace@example.com', roles: ['owner'] };
    await refused(() => steward.api.post(path('invitations'), invitation));
    const { body } = await steward.api.post(path('invitations/batch'), { invitations: [invitation] }).expect(200);
    expect(body.results[0].problem).toMatchObject({ code: 'grant_exceeds_own', missing_permissions: [] });
    const sent = await owner().post(path('invitations'), invitation).expect(201);
    await refused(() => steward.api.post(path(`invitations/${sent.body.id}/resend`)));
  });

  it('never puts it in the place of a role', async () => {
    const id = await role('stewards');
    await app.actors.member(organization, ['stewards']);
    await refused(() => steward.api.delete(path(`roles/${id}?reassign_to=owner`)));
    await owner()
      .delete(path(`roles/${id}?reassign_to=owner`))
      .expect(204);
  });

  it('never changes a role that one holds besides', async () => {
    const id = await role('besides');
    await app.actors.member(organization, ['owner', 'besides']);
    await refused(() => steward.api.patch(path(`roles/${id}`), { permissions: ['members:read'] }));
    await refused(() => steward.api.delete(path(`roles/${id}?reassign_to=member`)));
  });

  it('keeps no promise of it that they made as an owner', async () => {
    const grace = await app.actors.user();
    const invitation = { email: grace.email, roles: ['owner'], deliver: false };
    const { body } = await superior.api.post(path('invitations'), invitation).expect(201);
    const accept = () => grace.api.post('/invitations/accept', { token: /[\w-]+$/.exec(body.accept_url)![0] });
    const draft = { key: 'all', name: 'All', scope: 'organization', permissions: Object.keys(permissions) };
    await owner().post(path('roles'), draft).expect(201);
    const change = (roles: string[]) => owner().patch(path(`members/${superior.memberId}`), { roles });
    await change(['all']).expect(200);
    const answer = await app.changingNothing(async () => await accept());
    expect([answer.status, answer.body.code]).toEqual([410, 'invitation_void']);
    await change(['owner']).expect(200);
    await accept().expect(200);
  });

  it('does everything else', async () => {
    const admin = await app.actors.member(organization, ['admin']);
    await steward.api.patch(path(`members/${admin.memberId}`), { roles: ['member'] }).expect(200);
    await steward.api.delete(path(`members/${admin.memberId}`)).expect(204);
  });
});
