import { v7 as uuid } from 'uuid';
import type { Member, Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';

const TWENTY = Array.from({ length: 20 }, (_, index) => index);
const KIB = 1024;

describe('preferences', () => {
  let app: TestApp;
  let organization: Organization;
  let ada: Member;
  let grace: Member;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
    // Whoever is a member has them, and no permission is needed.
    [ada, grace] = [await app.actors.member(organization, []), await app.actors.member(organization)];
  });

  const path = (id = 'me'): string => `/organizations/${organization.id}/members/${id}/preferences`;
  const nothing = { team_order: [], sidebar_preferences: {} };
  const dark = { team_order: [], sidebar_preferences: { theme: 'dark', open: ['a', { b: null }], width: 1.5 } };
  const rows = () => app.database.query('select * from preferences where organization_id = $1', [organization.id]);
  const events = () =>
    app.database.query(
      `select * from audit_events where organization_id = $1 and action = 'preferences.updated' order by id`,
      [organization.id],
    );

  it('are empty before they are set, and of a version', async () => {
    const answer = await ada.api.get(path()).expect(200);
    expect([answer.body, answer.headers['etag']]).toEqual([nothing, expect.stringMatching(/^"0\./)]);
    expect(await rows()).toEqual([]);
  });

  it('read as they were set, each member their own', async () => {
    const teams = [uuid(), uuid()];
    const answer = await ada.api.put(path(), { ...dark, team_order: teams }).expect(200);
    expect(answer.body).toEqual({ ...dark, team_order: teams });
    const read = await ada.api.get(path()).expect(200);
    expect([read.text, read.headers['etag']]).toEqual([answer.text, answer.headers['etag']]);
    expect(read.headers['etag']).toMatch(/^"1\./);
    expect((await grace.api.get(path()).expect(200)).body).toEqual(nothing);
    await grace.api.put(path(), { ...nothing, sidebar_preferences: { theme: 'light' } }).expect(200);
    expect((await ada.api.get(path()).expect(200)).text).toBe(read.text);
  });

  it('are set whole', async () => {
    await ada.api.put(path(), { ...dark, team_order: [uuid()] }).expect(200);
    const answer = await ada.api.put(path(), nothing).expect(200);
    expect([answer.body, answer.headers['etag']]).toEqual([nothing, expect.stringMatching(/^"2\./)]);
  });

  it('of another organization are others', async () => {
    const other = await app.actors.organization(ada);
    await ada.api.put(path(), dark).expect(200);
    const { body } = await ada.api.get(`/organizations/${other.id}/members/me/preferences`).expect(200);
    expect(body).toEqual(nothing);
  });

  it('of somebody else are not there, by any id', async () => {
    for (const id of [ada.memberId, grace.memberId, uuid()]) {
      await grace.api.get(path(id)).expect(404);
      await grace.api.put(path(id), dark).expect(404);
    }
  });

  it('tell the log that they changed, once a change, and nothing of what they are', async () => {
    const teams = [uuid()];
    await ada.api.put(path(), { team_order: teams, sidebar_preferences: { canary: 'canary' } }).expect(200);
    await ada.api.put(path(), { team_order: teams, sidebar_preferences: { canary: 'canary' } }).expect(200);
    await ada.api.put(path(), { team_order: teams, sidebar_preferences: {} }).expect(200);
    const told = await events();
    expect(told.map(({ changes }) => changes)).toEqual([
      { team_order: { changed: true }, sidebar_preferences: { changed: true } },
      { sidebar_preferences: { changed: true } },
    ]);
    expect(told).toEqual(
      told.map(() => expect.objectContaining({ target_type: 'member', target_id: ada.memberId, actor_id: ada.userId })),
    );
    expect(JSON.stringify(told)).not.toMatch(new RegExp(`canary|${teams[0]}`));
  });

  it('say nothing of a team: one that is there, one elsewhere and none are kept alike', async () => {
    const elsewhere = await app.actors.organization();
    const [here, there] = [uuid(), uuid()];
    await app.database.query(
      `insert into teams (organization_id, id, name, slug, visibility)
         values ($1, $2, 'Team', 'team', 'private'), ($3, $4, 'Team', 'team', 'organization')`,
      [organization.id, here, elsewhere.id, there],
    );
    const order = [uuid(), here, there];
    const answer = await ada.api.put(path(), { ...nothing, team_order: order }).expect(200);
    expect(answer.body.team_order).toEqual(order);
  });

  it('are refused with another version, by the row as it is', async () => {
    const { headers } = await ada.api.get(path()).expect(200);
    const first = await ada.api.put(path(), dark).set('If-Match', headers['etag']!).expect(200);
    await ada.api.put(path(), nothing).set('If-Match', headers['etag']!).expect(412);
    await ada.api.put(path(), {}).set('If-Match', headers['etag']!).expect(412);
    await ada.api.put(path(), nothing).set('If-Match', first.headers['etag']!).expect(200);
    expect((await events()).length).toBe(2);
  });

  it.each([
    ['nothing', {}, '/sidebar_preferences', 'required'],
    ['an order that is no list', { ...nothing, team_order: {} }, '/team_order', 'type'],
    ['what is no id', { ...nothing, team_order: ['x'] }, '/team_order/0', 'identifier'],
    ['a team twice', { ...nothing, team_order: Array(2).fill(uuid()) }, '/team_order', 'unique'],
    ['a list for the sidebar', { ...nothing, sidebar_preferences: [] }, '/sidebar_preferences', 'type'],
    ['null', { ...nothing, sidebar_preferences: null }, '/sidebar_preferences', expect.any(String)],
    ['an unknown member', { ...nothing, theme: 'dark' }, '/theme', 'unknown'],
  ])('are refused with %s', async (_case, body, pointer, code) => {
    const answer = await ada.api.put(path(), body).expect(422);
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer, code }));
    expect(await rows()).toEqual([]);
  });

  it('have 16 KiB and no byte more', async () => {
    const sized = (bytes: number) => {
      const empty = JSON.stringify({ ...nothing, sidebar_preferences: { x: '' } }).length;
      return { ...nothing, sidebar_preferences: { x: 'x'.repeat(bytes - empty) } };
    };
    await ada.api.put(path(), sized(16 * KIB)).expect(200);
    const answer = await ada.api.put(path(), sized(16 * KIB + 1)).expect(413);
    expect(answer.body.code).toBe('payload_too_large');
    expect((await rows()).map(({ version }) => version)).toEqual([1]);
  });

  it('take up to tenfold room for numbers, of which those that would take more are refused', async () => {
    const put = (number: string) => {
      const sidebar = `{"x":[${Array(2600).fill(number).join()}]}`;
      return ada.api.send('put', path()).type('json').send(`{"team_order":[],"sidebar_preferences":${sidebar}}`);
    };
    expect((await put('9e-39').expect(400)).body.code).toBe('malformed_json');
    await put('1e-38').expect(200);
    const [kept] = await app.database.query(
      'select length(sidebar_preferences::text) as characters from preferences where member_id = $1',
      [ada.memberId],
    );
    expect(kept!['characters']).toBeLessThan(10 * 16 * KIB);
  });

  it('are set by one of 20 at once who have read the same', async () => {
    const { headers } = await ada.api.get(path()).expect(200);
    const answers = await Promise.all(
      TWENTY.map((n) =>
        ada.api.put(path(), { ...nothing, sidebar_preferences: { n } }).set('If-Match', headers['etag']!),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(19).fill(412)]);
  });

  it('are set by all of 20 at once who have read nothing', async () => {
    const answers = await Promise.all(
      TWENTY.map((n) => ada.api.put(path(), { ...nothing, sidebar_preferences: { n } })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect([await events(), await rows()]).toMatchObject([{ length: 20 }, [{ version: 20 }]]);
  });

  it.each([
    ['leaves', () => ada.api.delete(`/organizations/${organization.id}/members/me`)],
    ['is removed', () => organization.owner.api.delete(`/organizations/${organization.id}/members/${ada.memberId}`)],
    ['deletes their account', () => ada.api.delete('/me')],
  ])('go when the member %s', async (_case, end) => {
    await Promise.all([ada.api.put(path(), dark).expect(200), grace.api.put(path(), dark).expect(200)]);
    await end().expect(204);
    expect((await rows()).map(({ member_id: memberId }) => memberId)).toEqual([grace.memberId]);
  });

  it('stay while the member is suspended', async () => {
    await ada.api.put(path(), dark).expect(200);
    const { owner } = organization;
    const member = `/organizations/${organization.id}/members/${ada.memberId}`;
    await owner.api.patch(member, { status: 'suspended' }).expect(200);
    expect((await ada.api.get(path()).expect(403)).body.code).toBe('member_suspended');
    await owner.api.patch(member, { status: 'active' }).expect(200);
    expect((await ada.api.get(path()).expect(200)).body).toEqual(dark);
  });

  it('are set or gone where the member is removed meanwhile', async () => {
    const [set] = await Promise.all([
      ada.api.put(path(), dark),
      organization.owner.api.delete(`/organizations/${organization.id}/members/${ada.memberId}`).expect(204),
    ]);
    expect([200, 404]).toContain(set.status);
    expect(await rows()).toEqual([]);
  });
});
