import { TestApp } from '../support/app.ts';

let app: TestApp;

beforeAll(async () => (app = await TestApp.start()));
afterAll(() => app.stop());

it('tells who may not be here before what is wrong with the request', async () => {
  const organization = await app.actors.organization();
  const outsider = await app.actors.user();
  const powerless = await app.actors.member(organization, []);
  const path = `/organizations/${organization.id}?unknown=1`;
  const wrong = { nonsense: true };

  for (const [caller, status] of [
    [app.anonymous, 401],
    [outsider.api, 404],
    [powerless.api, 403],
    [organization.owner.api, 422],
  ] as const) {
    expect((await caller.get(path)).status).toBe(status);
    expect((await caller.patch(path, wrong)).status).toBe(status);
    expect((await caller.patch(`/organizations/${organization.id}`, wrong)).status).toBe(status);
    expect((await caller.patch(`/organizations/no-id`, wrong)).status).toBe(status === 401 ? 401 : 404);
  }
});
