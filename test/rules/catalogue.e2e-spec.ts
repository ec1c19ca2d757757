import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Access, type Route } from '../../src/core/access/index.ts';
import { permissions } from '../../src/core/access/permissions.ts';
import { createDocument } from '../../src/core/openapi/index.ts';
import { ATTEMPTS } from '../support/also-asked.ts';
import { TestApp } from '../support/app.ts';
import { documentedPath, Routes } from '../support/routes.ts';
import { Teams } from '../support/teams.ts';

// The tests are made from the routes, so the application is there before they are.
const app = await TestApp.start();
const routes = new Routes(app).all;
const also = routes.flatMap((route) => alsoOf(route).map((permission) => ({ route, permission })));
const catalogue: ReadonlySet<string> = new Set(Object.keys(permissions));
const IN_QUOTES = /'([a-z_]+:[a-z_]+)'/g;

afterAll(() => app.stop());

function alsoOf({ rule }: Route): string[] {
  return 'also' in rule ? Object.keys(rule.also) : [];
}

function askedBy(route: Route): string[] {
  return [...(route.rule.kind === 'permission' ? [route.rule.permission] : []), ...alsoOf(route)];
}

function literalsIn(text: string): string[] {
  return [...text.matchAll(IN_QUOTES)].map(([, literal]) => literal!);
}

/** By the grant rule, which says what is missing and not why. What a `permission_denied` names, `Contract` holds against the document. */
function asksIn(source: string): string[] {
  return [...source.matchAll(/takes: \['([a-z_]+:[a-z_]+)'/g)].map(([, permission]) => permission!);
}

describe('the catalogue', () => {
  it('has what the routes ask for: no permission more, and none less', () => {
    expect([...new Set(routes.flatMap(askedBy))].toSorted()).toEqual([...catalogue].toSorted());
  });

  it('has every permission by which a route is built', () => {
    // @ts-expect-error An unknown one is no permission: `npm run tsc` fails where this line finds no error.
    Access('teams:fly');
    // @ts-expect-error Neither may a handler ask for one besides.
    Access('teams:read', { also: { 'teams:fly': 'for wings' } });
    // @ts-expect-error Nor where being a member is enough.
    Access.member({ also: { 'teams:fly': 'for wings' } });
  });

  it('stands on one screen, each permission on one line', () => {
    const source = readFileSync(join(import.meta.dirname, '../../src/core/access/permissions.ts'), 'utf8');
    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(60);
    const lines = source.split('\n').filter((line) => /^ {2}'\w+:\w+': \w+\(\w+, '.+'\),$/.test(line));
    expect(lines).toHaveLength(catalogue.size);
  });

  it('gives a team role nothing that is not judged on a team, and an owner everything', () => {
    for (const [key, { scope, systemRoles, teamRoles }] of Object.entries(permissions)) {
      expect([key, systemRoles]).toEqual([key, expect.arrayContaining(['owner'])]);
      if (scope === 'organization') expect([key, teamRoles]).toEqual([key, []]);
    }
  });
});

describe('what a handler asks beyond its rule', () => {
  const named = new Map(
    also.map(({ route, permission }) => [`${route.method} ${route.path} ${permission}`, permission]),
  );

  it('is tried, each of it, and nothing is tried that is not declared', () => {
    expect(Object.keys(ATTEMPTS).toSorted()).toEqual([...named.keys()].toSorted());
  });

  it.each(Object.keys(ATTEMPTS))('%s', async (name) => {
    const organization = await app.actors.organization();
    const teams = new Teams(app, organization);
    const others = [...catalogue].filter((permission) => permission !== named.get(name));
    const [who, without] = [await teams.holding([...catalogue]), await teams.holding(others)];
    const asking = { app, organization, teams };
    expect([await ATTEMPTS[name]!(asking, who), await ATTEMPTS[name]!(asking, without)]).toEqual([true, false]);
  });

  const features = globSync('src/features/*/*.controller.ts').map((file) => dirname(file));
  it.each([...new Set(features)])(
    'is declared by the controllers of %s where its other files name a permission',
    (folder) => {
      const sourceOf = (pattern: string) => globSync(join(folder, pattern)).map((file) => readFileSync(file, 'utf8'));
      const declared = sourceOf('*.controller.ts').join('\n');
      const inServices = sourceOf('*.{service,policy,repository}.ts').flatMap(asksIn);
      const undeclared = inServices.filter((name) => !declared.includes(`'${name}'`));
      expect(undeclared).toEqual([]);
    },
  );
});

describe('one place', () => {
  /** As if somebody had edited the line of `teams:create`. */
  beforeEach(() => {
    import.meta.jest.replaceProperty(permissions['teams:create'], 'systemRoles', ['owner', 'member']);
    import.meta.jest.replaceProperty(permissions['teams:create'], 'description', 'Plant teams');
  });
  afterEach(() => void import.meta.jest.restoreAllMocks());

  it('is read by the guard', async () => {
    const organization = await app.actors.organization();
    const create = async (role: string) => {
      const { api } = await app.actors.member(organization, [role]);
      return (await api.post(`/organizations/${organization.id}/teams`, { name: 'Planted' })).status;
    };
    expect([await create('member'), await create('admin')]).toEqual([201, 403]);
  });

  it('is read by the grant rule', async () => {
    const organization = await app.actors.organization();
    const { api } = await app.actors.member(organization, ['admin']);
    const invitation = { email: 'grace@example.com', roles: ['member'] };
    const answer = await api.post(`/organizations/${organization.id}/invitations`, invitation).expect(403);
    expect(answer.body).toMatchObject({ code: 'grant_exceeds_own', missing_permissions: ['teams:create'] });
  });

  it('is read by GET /permissions', async () => {
    const { body } = await (await app.actors.user()).api.get('/permissions').expect(200);
    const planted = body.data.find(({ key }: { key: string }) => key === 'teams:create');
    expect(planted).toMatchObject({ description: 'Plant teams', system_roles: ['owner', 'member'] });
  });

  it('is read by the OpenAPI document', () => {
    const { paths, components } = createDocument(app.nest);
    const told = '**Takes the permission** `teams:create`: *Plant teams.* Held by `owner` and `member`.';
    expect(paths['/api/v1/organizations/{organization_id}/teams']?.post?.description).toContain(told);
    expect(components?.schemas?.['Permission']).toMatchObject({
      enum: [...catalogue],
      description: expect.stringContaining('| `teams:create` | Plant teams | owner, member |'),
    });
  });
});

describe('the OpenAPI document', () => {
  const document = createDocument(app.nest);
  const operationOf = (route: Route) => document.paths[documentedPath(route)]?.[route.method.toLowerCase() as 'get'];

  it.each(also.map(({ route, permission }) => [route.method, route.path, permission, route] as const))(
    'tells of %s %s where it takes %s too',
    (_method, _path, permission, route) => {
      expect(operationOf(route)?.description).toContain(`Also takes \`${permission}\` `);
      expect(Object(operationOf(route))['x-permission-also']).toHaveProperty([permission]);
    },
  );

  it('tells of a route on a team which roles there count', () => {
    const update = routes.find(({ method, path }) => method === 'PATCH' && path.endsWith('/teams/:team_id'))!;
    expect(operationOf(update)?.description).toContain('Held by `owner` and `admin`, on the team by `admin`.');
  });
});

describe('the database', () => {
  /** How a function asks which roles hold a permission: by their keys where they are the system's, else by what the row permits. */
  const HOLDERS =
    /case when r\.system then r\.key (?:in \(([^)]+)\)|= ('\w+')) else '([a-z_]+:[a-z_]+)' = any \(r\.permissions\)/g;

  it('knows who holds a permission as the catalogue does, wherever a function names one', async () => {
    const functions = await app.database.query<{ name: string; source: string }>(
      `select proname as name, prosrc as source from pg_proc where pronamespace = 'app'::regnamespace`,
    );
    const naming = functions.filter(({ source }) => literalsIn(source).length > 0);
    expect(naming.map(({ name }) => name)).toContain('sees_private_teams');
    for (const { name, source } of naming) {
      const found = [...source.matchAll(HOLDERS)].map(([, several, one, key]) => ({
        keys: keysIn(several ?? one),
        key: key!,
      }));
      expect([name, found.map(({ key }) => key)]).toEqual([name, literalsIn(source)]);
      for (const { keys, key } of found) {
        // Which of the two counts where, the teams' own tests see.
        const { systemRoles, teamRoles } = permissions[key as keyof typeof permissions];
        expect([name, [systemRoles, teamRoles]]).toEqual([name, expect.arrayContaining([keys])]);
      }
    }
  });

  it('names none in a policy', async () => {
    const policies = await app.database.query<{ rule: string }>(
      `select concat(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) as rule from pg_policy`,
    );
    expect(policies.flatMap(({ rule }) => literalsIn(rule)).filter((name) => catalogue.has(name))).toEqual([]);
  });

  function keysIn(list = ''): string[] {
    return [...list.matchAll(/'(\w+)'/g)].map(([, key]) => key!);
  }
});
