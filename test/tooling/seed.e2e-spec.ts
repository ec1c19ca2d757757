import { seed } from '../../prisma/seed.ts';
import { TestApp } from '../support/app.ts';

let app: TestApp;

beforeAll(async () => (app = await TestApp.start()));
afterAll(() => app.stop());

it('makes an organisation that its owner can sign in to, once', async () => {
  const appUrl = app.database.url('tenantry_app');
  const signIn = await seed(appUrl, 'a password of this clone');
  await app.changingNothing(() => seed(appUrl, 'a password of this clone'));

  const { body } = await app.anonymous.post('/auth/login', signIn).expect(200);
  const { body: list } = await app.anonymous.as(body.access_token).get('/organizations').expect(200);
  expect(list.data).toMatchObject([{ slug: 'demo', membership: { roles: ['owner'] } }]);
});
