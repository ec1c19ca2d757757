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
        description: 'See the organization',
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
        page_size: 100,
        total: count,
        total_pages: 1,
        total_is_exact: true,
        next_cursor: null,
      });
      expect(headers['link']).toBe('</api/v1/permissions>; rel="first"');
    });
    expect(roundTrips).toBe(1);
  });

  it('has pages by number and by cursor, as every list has', async () => {
    const { api } = await app.actors.user();
    const keys = Object.keys(permissions);
    const page = async (query: string) => {
      const { body, headers } = await api.get(`/permissions?${query}`).expect(200);
      return { keys: body.data.map(({ key }: { key: string }) => key), ...body.pagination, link: headers['link'] };
    };
    expect(await page('page=1&page_size=20')).toMatchObject({ keys: keys.slice(0, 20), page: 1, page_size: 20 });
    const second = await page('page=2&page_size=5');
    expect(second).toMatchObject({
      keys: keys.slice(5, 10),
      total: keys.length,
      total_pages: Math.ceil(keys.length / 5),
    });
    expect(second.link).toContain('page=3');
    expect(await page('page=100')).toMatchObject({ keys: [], total: keys.length, next_cursor: null });

    const walked: string[] = [];
    let found = await page('page_size=5');
    for (walked.push(...found.keys); found.next_cursor !== null; walked.push(...found.keys)) {
      found = await page(`page_size=5&cursor=${found.next_cursor}`);
      expect(found).not.toHaveProperty('total');
    }
    expect(walked).toEqual(keys);
    const [, back] = /<[^>]*[?](cursor=[^>]*)>; rel="prev"/.exec(found.link.replaceAll('page_size=5&', ''))!;
    expect((await page(`page_size=5&${back}`)).keys).toEqual(walked.slice(-5 - found.keys.length, -found.keys.length));
  });

  it.each([
    ['cursor=x', 400, 'invalid_cursor'],
    ['page_size=101', 422, 'validation_failed'],
    ['page=0', 422, 'validation_failed'],
    ['page=101', 422, 'page_too_deep'],
    ['q=a', 422, 'validation_failed'],
  ])('refuses ?%s', async (query, status, code) => {
    const { api } = await app.actors.user();
    expect(await api.get(`/permissions?${query}`)).toMatchObject({ status, body: { code } });
  });

  it('tells nobody who may not be here of pages', async () => {
    const actor = await app.actors.user();
    await app.database.query('update sessions set ended_at = now() where id = $1', [actor.sessionId]);
    const { headers } = await actor.api.get('/permissions').expect(401);
    expect(headers).not.toHaveProperty('link');
  });
});
