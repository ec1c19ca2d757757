import pg from 'pg';
import { teamRoleIds } from '../../src/core/access/system-roles.ts';
import { TestDatabase } from '../support/database.ts';
import { holder, type Holder, signedIn } from '../support/holder.ts';

/** What EXPLAIN says of a step of a plan, with those beneath it. */
interface Step {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly Step[];
}

const SMALL = { members: 20, roles: 10, teams: 12 };
const LARGE = { members: 10_000, roles: 1_000, teams: 5_000 };

/** By a role in the organisation, by one on a team above, and by belonging to what is private. */
const entries = [
  ['as a member', (of: Holder) => entry(of, null, null)],
  ['by a permission', (of: Holder) => entry(of, 'organization:update', null)],
  ['on a team', (of: Holder) => entry(of, 'teams:update', of.openTeamId)],
  ['on a private team', (of: Holder) => entry(of, 'teams:update', of.privateTeamId)],
] as const;

describe('an entry', () => {
  let database: TestDatabase;
  let small: Holder;
  const query = (text: string, values: unknown[]) => database.query(text, values);

  beforeAll(async () => {
    database = await TestDatabase.create();
    small = await holder(query, await signedIn(query), SMALL);
  });

  afterAll(() => database.drop());

  describe('before anybody has counted what is in the tables', () => {
    it.each(entries)('%s looks rows up by their keys', async (_name, entering) => {
      expect(scans(await stepsOf(entering(small)))).toEqual([]);
    });
  });

  describe('into an organisation of 10,000 members, 1,000 roles and 5,000 teams', () => {
    let large: Holder;

    beforeAll(async () => {
      large = await holder(query, small, LARGE);
      await database.query('vacuum (analyze)');
    });

    it.each(entries)('%s looks at no more rows than in a small one, each by its key', async (_name, entering) => {
      const [few, many] = [await stepsOf(entering(small)), await stepsOf(entering(large))];
      expect(scans(many)).toEqual([]);
      expect(looks(many)).toBe(looks(few));
      expect(looks(many)).toBeLessThan(40);
    });

    describe('whose private teams are hidden from most', () => {
      it.each(['app.sees_private_teams()', 'app.entered_private_teams()', 'app.closed_rosters()'])(
        '%s looks at no more rows beside many roles and teams',
        async (call) => {
          const [few, many] = [await stepsOf(sight(small, call)), await stepsOf(sight(large, call))];
          expect(scans(many)).toEqual([]);
          // Whichever membership of the caller's is met first.
          expect(Math.abs(looks(many) - looks(few))).toBeLessThan(5);
        },
      );

      it('app.overseen_teams() looks at no more roles beside many', async () => {
        const roles = async (of: Holder) =>
          looks((await stepsOf(sight(of, 'app.overseen_teams()'))).filter((step) => step['Relation Name'] === 'roles'));
        expect(await roles(large)).toBe(await roles(small));
      });

      it('app.entered_private_teams() begins from the caller where many teams are private', async () => {
        const [entered] = await database.query<{ entered: string[] }>(...entering(large));
        const made = await database.query(
          `with made as (
             insert into teams (organization_id, id, name, slug, visibility, path, private_path)
               select $1, id, 'Private', 'private-' || n, 'private', array[id], array[id] from (select uuidv7() as id, n from generate_series(1, 100) as n) as t
               returning id
           ) insert into team_members (organization_id, team_id, member_id, role_id)
             select $1, id, $2, $3 from made order by id limit 1 returning team_id`,
          [large.organizationId, large.memberId, teamRoleIds.viewer],
        );
        expect(await database.query(...entering(large))).toEqual([
          { entered: [...entered!.entered, made[0]!['team_id']].toSorted() },
        ]);
      });
    });
  });

  describe('of the previous release, while a deployment goes on', () => {
    const asked = (of: Holder) => `'${of.userId}', '${of.sessionId}', '${of.organizationId}'`;
    const permitted = (of: Holder) => `${asked(of)}, 'organization:update', '{owner}'`;
    const calls: readonly [string, string, (of: Holder) => string][] = [
      ['anywhere', '', (of) => `app.enter(${permitted(of)})`],
      ['to step up', '', (of) => `app.enter(${permitted(of)}, true)`],
      ['on a team', '', (of) => `app.enter(${permitted(of)}, false, '${of.openTeamId}', '{}')`],
      [
        'to a deleted organisation',
        'update organizations set deleted_at = now()',
        (of) => `app.enter_even_deleted(${permitted(of)}, false)`,
      ],
      [
        'while suspended',
        `update members set status = 'suspended'`,
        (of) => `app.enter_even_suspended(${asked(of)}, false)`,
      ],
      [
        'to a deleted team',
        `update teams set deleted_at = now() where path[5] is not null`,
        (of) => `app.enter_even_deleted_team(${permitted(of)}, false, '${of.openTeamId}', '{}')`,
      ],
    ];
    it.each(calls)('goes as it did, %s', async (_name, change, call) => {
      const client = new pg.Client(database.url());
      await client.connect();
      try {
        await client.query(
          `begin; set local session_replication_role = replica; ${change}; set local session_replication_role = origin`,
        );
        const { rows } = await client.query(`select ${call(small)} as member_id`);
        expect(rows).toEqual([{ member_id: small.memberId }]);
        if (change !== '')
          await expect(
            client.query(`select app.enter(${permitted(small)}, false, '${small.openTeamId}', '{}')`),
          ).rejects.toThrow(/not_found|member_suspended/);
      } finally {
        await client.end();
      }
    });
  });

  /** @returns the steps of all plans of an entry, on a connection that makes them anew */
  async function stepsOf([text, values]: readonly [string, unknown[]]): Promise<readonly Step[]> {
    const client = new pg.Client(database.url());
    const plans: Step[] = [];
    client.on('notice', ({ message = '' }) => {
      const found = /plan:\n(\{.*)$/s.exec(message)?.[1];
      if (found) plans.push(JSON.parse(found).Plan);
    });
    await client.connect();
    try {
      await client.query(`load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on;
        set auto_explain.log_analyze = on; set auto_explain.log_timing = off; set auto_explain.log_format = json; set client_min_messages = log`);
      await client.query(text, values);
    } finally {
      await client.end();
    }
    expect(plans.length).toBeGreaterThan(2);
    return plans.flatMap(flat);
  }
});

function entry(of: Holder, permission: string | null, team: string | null): readonly [string, unknown[]] {
  return [
    'select app.enter($1, $2, $3, $4, $5, false, $6, $7)',
    [of.userId, of.sessionId, of.organizationId, permission, ['owner'], team, ['admin']],
  ];
}

/** @returns what a call says to the caller there */
function sight({ userId, organizationId }: Holder, call: string): readonly [string, unknown[]] {
  return [
    `select * from (select set_config('app.user_id', $1, true), set_config('app.organization_id', $2, true) offset 0) as scope, ${call}`,
    [userId, organizationId],
  ];
}

function entering(of: Holder): [string, unknown[]] {
  const [text, values] = sight(of, 'app.entered_private_teams() as e');
  return [`select array_agg(distinct e order by e) as entered from (${text}) as s`, [...values]];
}

function flat(step: Step): Step[] {
  return [step, ...(step.Plans ?? []).flatMap(flat)];
}

/** @returns the tables that are read from one end to the other */
function scans(steps: readonly Step[]): (string | undefined)[] {
  return steps.filter((step) => step['Node Type'].endsWith('Seq Scan')).map((step) => step['Relation Name']);
}

/** @returns how many rows of tables have been looked at, whatever became of them */
function looks(steps: readonly Step[]): number {
  return steps
    .filter((step) => step['Relation Name'])
    .map((step) => {
      const { 'Actual Loops': loops = 0, 'Actual Rows': rows = 0 } = step;
      return loops * (rows + (step['Rows Removed by Filter'] ?? 0) + (step['Rows Removed by Index Recheck'] ?? 0));
    })
    .reduce((sum, rows) => sum + rows, 0);
}
