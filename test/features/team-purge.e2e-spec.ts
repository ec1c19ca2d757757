import { Maintenance } from '../../src/core/jobs/index.ts';
import type { Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { Teams } from '../support/teams.ts';

describe('the purge of teams', () => {
  let app: TestApp;
  let organization: Organization;
  let teams: Teams;

  beforeAll(async () => {
    app = await TestApp.start();
    organization = await app.actors.organization();
    teams = new Teams(app, organization);
  });

  afterAll(() => app.stop());

  const purge = (batch?: number) => app.nest.get(Maintenance).run('purge_teams', batch);
  const deletedAgo = async (id: string, age: string): Promise<void> => {
    await organization.owner.api.delete(teams.path(id)).expect(204);
    await app.database.query('update teams set deleted_at = now() - $2::interval where id = $1', [id, age]);
  };
  const exists = async (id: string): Promise<boolean> => Object.keys(await teams.row(id)).length > 0;

  it('takes what can not be restored any more, with its members, and nothing else', async () => {
    const [parent, old] = (await teams.chain(2)) as [string, string];
    const [recent, there] = [await teams.create(), await teams.create()];
    const members = await Promise.all(Array.from({ length: 3 }, () => app.actors.member(organization)));
    for (const id of [old, recent, there]) for (const member of members) await teams.join(id, member);
    await deletedAgo(old, '30 days 2 hours');
    await deletedAgo(recent, '30 days 30 minutes');
    await purge(2);

    expect(await Promise.all([parent, old, recent, there].map(exists))).toEqual([true, false, true, true]);
    const left = await app.database.query('select distinct team_id from team_members where organization_id = $1', [
      organization.id,
    ]);
    expect(left.map(({ team_id: id }) => id).toSorted()).toEqual([recent, there].toSorted());
    const purged = (await teams.events(old)).filter(({ action }) => action === 'system.purged');
    expect(purged).toEqual([
      { action: 'system.purged', team_id: old, actor_member_id: null, changes: { rows: { from: 2, to: 0 } } },
      { action: 'system.purged', team_id: old, actor_member_id: null, changes: { rows: { from: 2, to: 0 } } },
    ]);
    expect(await teams.events(recent)).not.toContainEqual(expect.objectContaining({ action: 'system.purged' }));
  });

  it('takes each once, when two are at it', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => teams.create()));
    for (const id of ids) await deletedAgo(id, '31 days');
    await Promise.all([purge(1), purge(1), purge(1)]);
    expect(await Promise.all(ids.map(exists))).toEqual(ids.map(() => false));
    for (const id of ids) {
      expect((await teams.events(id)).filter(({ action }) => action === 'system.purged')).toHaveLength(1);
    }
  });

  it('leaves the slug free', async () => {
    const id = await teams.create({ slug: 'free-again' });
    await deletedAgo(id, '31 days');
    await purge();
    await teams.create({ slug: 'free-again' });
  });
});
