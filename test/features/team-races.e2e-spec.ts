import type { Response } from 'supertest';
import { teamRoleIds } from '../../src/core/access/index.ts';
import type { Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { broken } from '../support/invariants.ts';
import { served } from '../support/served.ts';
import { Teams } from '../support/teams.ts';

const ROUNDS = 5;
const TWENTY = Array.from({ length: 20 }, (_, index) => index);

describe('teams at once', () => {
  let app: TestApp;
  let organization: Organization;
  let teams: Teams;

  beforeAll(async () => {
    app = await TestApp.start();
    organization = await app.actors.organization();
    teams = new Teams(app, organization);
  });

  afterAll(() => app.stop());

  const owner = () => organization.owner.api;
  const codes = (answers: readonly Response[]) =>
    answers.map(({ status, body }) => `${status}${body.code ? ` ${body.code}` : ''}`).toSorted();

  it('move beneath a team that is deleted: none is left beneath it', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const target = await teams.create();
      const movers = await Promise.all(TWENTY.slice(1).map(() => teams.create()));
      const answers = await Promise.all([
        served(() => owner().delete(teams.path(target))),
        ...movers.map((id) => served(() => owner().patch(teams.path(id), { parent_team_id: target }))),
      ]);
      expect(answers[0]?.status).toBe(204);
      expect(['200', '422 validation_failed']).toEqual(expect.arrayContaining([...new Set(codes(answers.slice(1)))]));
      for (const id of movers) expect((await teams.row(id))['path']).toEqual([id]);
    }
  });

  it('are deleted and restored once', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = await teams.create();
      const member = await app.actors.member(organization);
      await teams.join(id, member, teamRoleIds.viewer);
      const deleted = await Promise.all(TWENTY.map(() => served(() => owner().delete(teams.path(id)))));
      expect(codes(deleted)).toEqual(['204', ...Array.from({ length: 19 }, () => '404 not_found')]);
      const restored = await Promise.all(TWENTY.map(() => served(() => owner().post(`${teams.path(id)}/restore`))));
      expect(codes(restored)).toEqual(['200', ...Array.from({ length: 19 }, () => '409 conflict')]);
      expect((await teams.events(id)).map(({ action }) => action)).toEqual([
        'team.created',
        'team.deleted',
        'team.restored',
      ]);
    }
  });

  it('are changed by one of those who saw the same version', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = await teams.create();
      const tag = (await owner().get(teams.path(id))).headers['etag']!;
      const answers = await Promise.all(
        TWENTY.map((index) =>
          served(() =>
            owner()
              .patch(teams.path(id), { name: `By ${index}` })
              .set('If-Match', tag),
          ),
        ),
      );
      expect(codes(answers)).toEqual(['200', ...Array.from({ length: 19 }, () => '412 precondition_failed')]);
    }
  });

  describe('the database', () => {
    const place = (id: string, path: readonly string[]) =>
      app.database.query('update teams set path = $2 where id = $1', [id, path]);

    it('refuses a path that is not beneath the parent', async () => {
      const [one, two, three] = [await teams.create(), await teams.create(), await teams.create()];
      await expect(place(one, [two, three, one])).rejects.toThrow('a team stands beneath its parent');
      await expect(place(one, [two, one])).resolves.toBeDefined();
      await expect(place(two, [one, two])).rejects.toThrow('a team stands beneath its parent');
      await expect(place(three, [three, one, two, three])).rejects.toThrow('a team stands beneath its parent');
    });

    it('refuses a deleted parent, a seclusion that is not known beneath, and a sixth level', async () => {
      const [top, below] = (await teams.chain(2)) as [string, string];
      const refused = 'a team stands beneath its parent';
      await expect(app.database.query('update teams set deleted_at = now() where id = $1', [top])).rejects.toThrow(
        refused,
      );
      await expect(
        app.database.query(`update teams set visibility = 'private', private_path = array[id] where id = $1`, [top]),
      ).rejects.toThrow(refused);
      await expect(place(below, [top, top, top, top, top, below])).rejects.toThrow('teams_path_check');
    });

    it('judges 10,000 teams at once, in the time that a statement has', async () => {
      const [top, other] = [await teams.create(), await teams.create()];
      await app.database.query(
        `insert into teams (organization_id, id, name, slug, path)
           select $1, path[cardinality(path)], 'One of many', path[cardinality(path)], array[$2::uuid] || path
             from (select uuidv7() as a, uuidv7() as b, uuidv7() as c from generate_series(1, 3333)) as many
               cross join lateral (values (array[a]), (array[b]), (array[a, c])) as v (path)`,
        [organization.id, top],
      );
      await app.database.query('analyze teams');
      for (const change of [{ parent_team_id: other }, { visibility: 'private' }, { visibility: 'organization' }]) {
        await owner().patch(teams.path(top), change).expect(200);
        expect(await broken(app.database)).toEqual([]);
      }
      await owner().delete(teams.path(top)).expect(204);
      expect(await broken(app.database)).toEqual([]);
    });
  });
});
