import { permissions } from '../../src/core/access/permissions.ts';
import { TestApp } from '../support/app.ts';

let app: TestApp;

beforeAll(async () => void (app = await TestApp.start()));
afterAll(() => app.stop());

describe('GET /permissions', () => {
  it('answers the whole catalogue at once, with who holds each of them, in one round trip', async () => {
    const { api } = await app.actors.user();
    const roundTrips = await app.roundTrips(async () => {
      const { body, headers } = await api.get('/permissions').expect(200);
      const count = Object.keys(permissions).length;
      expect(body.data.map(({ key }: { key: string }) => key)).toEqual(Object.keys(permissions));
      expect(body.data[0]).toEqual({
        key: 'organization:read',
        description: 'See the organisation',
        scope: 'organization',
        system_roles: ['owner', 'admin', 'member'],
        team_roles: [],
      });
      expect(body.data).toContainEqual({
        key: 'team_members:manage',
        description: 'Add members to teams, change their roles there and remove them',
        scope: 'team',
        system_roles: ['owner', 'admin'],
        team_roles: ['admin'],
      });
      expect(body.pagination).toEqual({
        page: 1,
        page_size: count,
        total: count,
        total_pages: 1,
        total_is_exact: true,
        next_cursor: null,
      });
      expect(headers['link']).toBe('</api/v1/permissions>; rel="first"');
    });
    expect(roundTrips).toBe(1);
  });

  it('has no further pages', async () => {
    const { api } = await app.actors.user();
    for (const query of ['page=1', 'page_size=5', 'cursor=x']) {
      expect((await api.get(`/permissions?${query}`)).status).toBe(query === 'cursor=x' ? 400 : 422);
    }
  });

  it('tells nobody who may not be here of pages', async () => {
    const actor = await app.actors.user();
    await app.database.query('update sessions set ended_at = now() where id = $1', [actor.sessionId]);
    const { headers } = await actor.api.get('/permissions').expect(401);
    expect(headers).not.toHaveProperty('link');
  });
});
