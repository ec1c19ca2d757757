import { seed } from '../../prisma/seed.ts';
import { demo } from '../../src/core/http/demo.ts';
import { TestApp } from '../support/app.ts';

let app: TestApp;

beforeAll(async () => (app = await TestApp.start()));
afterAll(() => app.stop());

it('makes an organisation that its people can sign in to, once, and that a member may not change', async () => {
  const appUrl = app.database.url('tenantry_app');
  const { email, memberEmail, password } = await seed(appUrl, 'a password of this clone');
  await app.changingNothing(() => seed(appUrl, 'a password of this clone'));

  for (const [address, role, status] of [
    [memberEmail, 'member', 403],
    [email, 'owner', 200],
  ] as const) {
    const { body } = await app.anonymous.post('/auth/login', { email: address, password }).expect(200);
    const caller = app.anonymous.as(body.access_token);
    const { body: list } = await caller.get('/organizations').expect(200);
    expect(list.data).toMatchObject([{ id: demo.organization.id, slug: 'demo', membership: { roles: [role] } }]);
    await caller.patch(`/organizations/${demo.organization.id}`, { name: 'Demo' }).expect(status);
  }
});
