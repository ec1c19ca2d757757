import { Controller, Get, Headers } from '@nestjs/common';
import { AppModule } from '../../src/app.module.ts';
import { Access } from '../../src/core/access/index.ts';
import { Database } from '../../src/core/database/index.ts';
import type { Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import { indistinct } from '../support/refusals.ts';

/** Statements that code of ours should not send as they are, and what the database says to them. */
const STATEMENTS: Readonly<Record<string, string>> = {
  policy: `insert into organizations (id, name, slug) values (uuidv7(), 'Foreign', 'foreign')`,
  grant: 'delete from audit_events',
  taken: `update organizations set slug = 'taken'`,
  check: `update organizations set name = ''`,
  null: 'update organizations set name = null',
  value: `select 'x'::uuid`,
  range: 'select 1 / 0',
  transaction: `do $$ begin raise serialization_failure; end $$`,
  time: `do $$ begin raise query_canceled; end $$`,
  ended: `do $$ begin raise admin_shutdown; end $$`,
  defect: 'selekt secret',
};

@Controller('organizations/:organization_id/statements')
class StatementsController {
  constructor(private readonly database: Database) {}

  @Get()
  @Access.member()
  async run(@Headers('x-statement') name: string): Promise<object> {
    await this.database.transaction(() => this.database.query({ text: STATEMENTS[name] ?? '', values: [] }));
    return {};
  }
}

describe('what the database says to a statement', () => {
  let app: TestApp;
  let organization: Organization;
  let other: Organization;
  const logged: unknown[] = [];

  beforeAll(async () => {
    app = await TestApp.start({ module: { module: AppModule, controllers: [StatementsController] } });
    app.nest.useLogger({ log: () => undefined, warn: () => undefined, error: (line: unknown) => logged.push(line) });
    organization = await app.actors.organization();
    other = await app.actors.organization(undefined, { slug: 'taken' });
  });

  afterAll(() => app.stop());

  beforeEach(() => {
    logged.length = 0;
  });

  const run = (name: string, { id }: Pick<Organization, 'id'> = organization) =>
    organization.owner.api.get(`/organizations/${id}/statements`).set('x-statement', name);

  it.each([
    ['taken', 409, 'already_exists', [{ pointer: '/slug', code: 'taken', detail: expect.any(String) }]],
    ['check', 422, 'validation_failed', [{ pointer: '/name', code: 'refused', detail: expect.any(String) }]],
    ['null', 422, 'validation_failed', undefined],
    ['value', 422, 'validation_failed', undefined],
    ['range', 422, 'validation_failed', undefined],
  ])('is the caller to mend: %s', async (name, status, code, errors) => {
    const { body, text } = await run(name).expect(status);
    expect([body.code, body.errors]).toEqual([code, errors]);
    expect(text).not.toMatch(/organizations_|update|uuid|relation/);
    expect(logged).toEqual([]);
  });

  it.each(['policy', 'grant'])('is a 404 like any other, and an alarm in the log: %s', async (name) => {
    const absent = await run(name, other).expect(404);
    expect(logged).toEqual([]);
    const refused = await run(name).expect(404);
    expect(indistinct(refused)).toBe(indistinct(absent));
    expect(logged).toEqual([
      {
        msg: 'refused_by_policy',
        request_id: refused.headers['x-request-id'],
        method: 'GET',
        route: '/api/v1/organizations/:organization_id/statements',
        err: expect.objectContaining({ code: '42501' }),
      },
    ]);
  });

  it.each(['transaction', 'time', 'ended'])('asks to come again: %s', async (name) => {
    const { body, headers } = await run(name).expect(503);
    expect([body.code, headers['retry-after']]).toEqual(['unavailable', '1']);
    expect(logged).toMatchObject([{ msg: 'unavailable' }]);
  });

  it('is tried three times where it was in the way of another', async () => {
    expect(await app.roundTrips(() => run('transaction').expect(503))).toBeGreaterThanOrEqual(3);
  });

  it('shows nothing of a defect but the id by which to find it', async () => {
    const { body, text } = await run('defect').expect(500);
    expect(body).toMatchObject({ code: 'internal_error', request_id: expect.any(String) });
    expect(text).not.toMatch(/selekt|secret|syntax|42601/);
    expect(logged).toMatchObject([{ msg: 'internal_error', request_id: body.request_id }]);
  });
});
