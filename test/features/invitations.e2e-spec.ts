import { v7 as uuid } from 'uuid';
import { tokenHash } from '../../src/core/crypto/index.ts';
import type { Actor, Member, Organization } from '../support/actors.ts';
import { codeOf } from '../support/answers.ts';
import { TestApp } from '../support/app.ts';
import { tokenIn } from '../support/auth.ts';

const TWENTY = Array.from({ length: 20 }, (_, index) => index);
const DAY_MS = 24 * 3600 * 1000;
const TOKEN = /^[\w-]{64}$/;

describe('invitations', () => {
  let app: TestApp;
  let organization: Organization;
  let owner: Actor;
  let admin: Member;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
    owner = organization.owner;
    admin = await app.actors.member(organization, ['admin']);
  });

  const path = (id = ''): string => `/organizations/${organization.id}/invitations${id && `/${id}`}`;
  const address = (): string => `${uuid()}@example.com`;
  const draft = (body: object = {}) => ({ email: address(), roles: ['member'], ...body });
  const invite = async (body: object = {}, by: Actor = admin) =>
    (await by.api.post(path(), draft(body)).expect(201)).body;
  const read = async (id: string) => (await admin.api.get(path(id)).expect(200)).body;
  const query = (text: string, ...values: unknown[]) => app.database.query<Record<string, unknown>>(text, values);
  const eventsOf = (id: string) => query(`select * from audit_events where target_id = $1 order by occurred_at`, id);
  const pending = () =>
    query(`select * from invitations where organization_id = $1 and status = 'pending'`, organization.id);
  /** Its time is over. */
  const lapse = (id: string) =>
    query(`update invitations set expires_at = now() - interval '1 second' where id = $1`, id);
  const found = async (token: string) => {
    const [row] = await query('select * from app.find_invitation($1, $2)', organization.id, tokenHash(token));
    return row;
  };

  describe('POST /organizations/{organization_id}/invitations', () => {
    it('invites, and reads as it was answered', async () => {
      const email = `Grace.${address()}`;
      const answer = await admin.api.post(path(), draft({ email, roles: ['member', 'admin'], message: 'Welcome' }));
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({
        id: expect.any(String),
        organization_id: organization.id,
        email,
        roles: ['admin', 'member'],
        teams: [],
        status: 'pending',
        inviter: { member_id: admin.memberId, name: 'Grace' },
        message: 'Welcome',
        member_id: null,
        expires_at: expect.any(String),
        created_at: expect.any(String),
        updated_at: answer.body.created_at,
      });
      expect(Date.parse(answer.body.expires_at) - Date.parse(answer.body.created_at)).toBe(7 * DAY_MS);
      expect(answer.headers['location']).toBe(`/api/v1${path(answer.body.id)}`);
      const again = await owner.api.get(path(answer.body.id)).expect(200);
      expect([again.text, again.headers['etag']]).toEqual([answer.text, answer.headers['etag']]);
    });

    it('mails a link whose token is kept as a hash, and shows it to nobody else', async () => {
      const email = address();
      const answer = await admin.api.post(path(), draft({ email, message: 'See evil.example' })).expect(201);
      const [mail] = await app.mailsTo(email);
      const token = tokenIn(mail!);
      expect(token).toMatch(TOKEN);
      expect(answer.text).not.toContain(token);
      expect(mail!.text).toContain('/invitation#token=');
      expect(mail!.text).toContain('"Grace" invites you to join the organization "Acme"');
      expect(mail!.text).not.toContain('evil.example');
      expect(await found(token)).toMatchObject({ id: answer.body.id, email, status: 'pending', mailed: true });
      const dump = JSON.stringify(await query('select * from invitations where id = $1', answer.body.id));
      expect(dump).not.toContain(token);
    });

    it('speaks the language that is asked for', async () => {
      const email = address();
      await admin.api.post(path(), draft({ email })).set('accept-language', 'de').expect(201);
      const [mail] = await app.mailsTo(email);
      expect(mail!.subject).toBe('Sie sind in eine Organisation eingeladen');
    });

    it('answers the link where no mail is to be sent, there and nowhere else', async () => {
      const email = address();
      const { body } = await admin.api.post(path(), draft({ email, deliver: false })).expect(201);
      const [, token = ''] = /#token=([\w-]{64})$/.exec(body.accept_url) ?? [];
      expect(await found(token)).toMatchObject({ id: body.id, mailed: false });
      expect(await read(body.id)).not.toHaveProperty('accept_url');
      const list = await admin.api.get(path()).expect(200);
      expect(list.text).not.toContain(token);
      await invite({ email: address() });
      expect((await app.mailsTo(email, 0)).length).toBe(0);
    });

    it('keeps the link sealed where the call has a key, and answers it again', async () => {
      const body = draft({ deliver: false });
      const send = () => admin.api.post(path(), body).set('idempotency-key', 'a key').expect(201);
      const [first, second] = [await send(), await send()];
      expect(second.text).toBe(first.text);
      expect(second.headers['idempotency-replayed']).toBe('true');
      const [, token = ''] = /#token=([\w-]{64})/.exec(first.body.accept_url) ?? [];
      expect(token).toMatch(TOKEN);
      const dump = JSON.stringify(await app.database.contents());
      expect(dump).not.toContain(token);
      expect(await pending()).toHaveLength(1);
    });

    it('records who invited, and not whom', async () => {
      const { id, email } = await invite({ roles: ['admin'], message: 'Private words' });
      const [event, ...others] = await eventsOf(id);
      expect(others).toEqual([]);
      expect(event).toMatchObject({
        action: 'invitation.created',
        actor_member_id: admin.memberId,
        target_type: 'invitation',
        changes: { email: { changed: true }, roles: { from: null, to: ['admin'] } },
      });
      expect(JSON.stringify(event)).not.toMatch(new RegExp(`${email}|Private`));
    });

    it.each([
      ['no address', { email: 'nobody' }, '/email', 'email'],
      ['what looks like another address', { email: 'a\u200bb@example.com' }, '/email', 'email'],
      ['no roles at all', { roles: [] }, '/roles', 'min_items'],
      ['a role that is not there', { roles: ['member', 'nonsense'] }, '/roles/1', 'unknown'],
      ['a role twice', { roles: ['member', 'member'] }, '/roles', 'unique'],
      ['no time at all', { expires_in_days: 0 }, '/expires_in_days', 'minimum'],
      ['all the time there is', { expires_in_days: 31 }, '/expires_in_days', 'maximum'],
      ['half a day', { expires_in_days: 1.5 }, '/expires_in_days', 'type'],
      ['a long story', { message: 'x'.repeat(501) }, '/message', 'max_length'],
      ['null for a message', { message: null }, '/message', 'type'],
      ['an id of their own', { id: uuid() }, '/id', 'unknown'],
      ['a status', { status: 'accepted' }, '/status', 'unknown'],
    ])('refuses %s', async (_case, body, pointer, fault) => {
      const answer = await app.changingNothing(() => admin.api.post(path(), draft(body)));
      expect(answer.status).toBe(422);
      expect(answer.body.errors).toEqual([expect.objectContaining({ pointer, code: fault })]);
    });

    it('refuses a team role and one of another organization', async () => {
      const other = await app.actors.organization();
      await query(
        `insert into roles (organization_id, scope, key, name) values ($1, 'team', 'lead', 'Lead'), ($2, 'organization', 'foreign', 'Foreign')`,
        organization.id,
        other.id,
      );
      for (const key of ['lead', 'foreign']) {
        const answer = await owner.api.post(path(), draft({ roles: [key] })).expect(422);
        expect(answer.body.errors).toEqual([expect.objectContaining({ pointer: '/roles/0', code: 'unknown' })]);
      }
    });

    it('refuses to promise more than one holds', async () => {
      const answer = await app.changingNothing(() => admin.api.post(path(), draft({ roles: ['member', 'owner'] })));
      expect(codeOf(answer)).toBe('403 grant_exceeds_own');
      expect(answer.body.missing_permissions).toEqual(['organization:delete', 'organization:transfer']);
      await invite({ roles: ['owner'] }, owner);
    });

    it('refuses whoever is a member, suspended ones too, and not who has left', async () => {
      const [member, suspended, removed] = [
        await app.actors.member(organization),
        await app.actors.member(organization, ['member'], 'suspended'),
        await app.actors.member(organization, ['member'], 'removed'),
      ];
      for (const { email } of [member, suspended]) {
        const answer = await app.changingNothing(() => admin.api.post(path(), draft({ email: email.toUpperCase() })));
        expect(codeOf(answer)).toBe('409 already_member');
      }
      await invite({ email: removed.email });
    });

    it('has one pending for an address, in whatever way it is written', async () => {
      const email = address();
      await invite({ email: `É.${email}` });
      for (const other of [
        `é.${email}`,
        `E\u0301.${email.toUpperCase()}`,
        `É.${email.replace('example.com', 'EXAMPLE.com')}`,
      ]) {
        const answer = await app.changingNothing(() => admin.api.post(path(), draft({ email: other })));
        expect(codeOf(answer)).toBe('409 already_exists');
        expect(answer.body.errors).toEqual([expect.objectContaining({ pointer: '/email', code: 'taken' })]);
      }
      const elsewhere = await app.actors.organization();
      await elsewhere.owner.api.post(`/organizations/${elsewhere.id}/invitations`, draft({ email })).expect(201);
    });

    it('has one pending for an address, of twenty who invite it at once', async () => {
      const email = address();
      const answers = await Promise.all(TWENTY.map(() => admin.api.post(path(), draft({ email }))));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(19).fill(409)]);
      expect(await pending()).toHaveLength(1);
      expect((await app.mailsTo(email)).length).toBe(1);
    });

    it('invites anew when the one before has expired, was revoked or declined', async () => {
      const email = address();
      for (const end of ['expired', 'revoked', 'declined'] as const) {
        const { id } = await invite({ email });
        if (end === 'expired') await lapse(id);
        else await query('update invitations set status = $2 where id = $1', id, end);
      }
      await invite({ email });
      const { body } = await admin.api.get(`${path()}?q=${email}&sort=created_at`).expect(200);
      expect(body.data.map(({ status }: { status: string }) => status)).toEqual([
        'expired',
        'revoked',
        'declined',
        'pending',
      ]);
    });

    it('ends after twenty a day of one address, whoever revokes in between', async () => {
      const email = address();
      for (const _ of TWENTY) {
        const { id } = await invite({ email });
        await admin.api.delete(path(id)).expect(204);
      }
      const answer = await app.changingNothing(() => admin.api.post(path(), draft({ email })));
      expect(codeOf(answer)).toBe('429 rate_limited');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(23 * 3600);
      await invite();
    });
  });

  describe('POST /organizations/{organization_id}/invitations/batch', () => {
    const batch = (invitations: readonly object[], by: Actor = admin) => by.api.post(path('batch'), { invitations });

    it('judges each alone, in order, and tells of each what it would have been told alone', async () => {
      const [member, email, taken] = [await app.actors.member(organization), address(), address()];
      await invite({ email: taken });
      const answer = await batch([
        draft({ email, message: 'Hello' }),
        draft({ email: 'nobody' }),
        draft({ roles: ['nonsense'] }),
        draft({ roles: ['owner'] }),
        draft({ email: member.email }),
        draft({ email: taken.toUpperCase() }),
        draft({ email: email.toUpperCase() }),
        draft({ deliver: false, roles: ['admin'] }),
      ]).expect(200);
      const { results } = answer.body;
      expect(results.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(
        results.map(
          ({ status, problem }: { status: number; problem?: { code: string } }) => `${status} ${problem?.code ?? ''}`,
        ),
      ).toEqual([
        '201 ',
        '422 validation_failed',
        '422 validation_failed',
        '403 grant_exceeds_own',
        '409 already_member',
        '409 already_exists',
        '409 already_exists',
        '201 ',
      ]);
      expect(results[0].invitation).toEqual(await read(results[0].invitation.id));
      expect(results[0].invitation).toMatchObject({ email, message: 'Hello', roles: ['member'] });
      expect(results[1].problem).toEqual({
        ...(await admin.api.post(path(), draft({ email: 'nobody' })).expect(422)).body,
        instance: `/api/v1${path('batch')}`,
        request_id: answer.headers['x-request-id'],
        errors: [{ pointer: '/invitations/1/email', code: 'email', detail: 'must be an email address' }],
      });
      expect(results[2].problem.errors).toEqual([expect.objectContaining({ pointer: '/invitations/2/roles/0' })]);
      expect(results[3].problem.missing_permissions).toEqual(['organization:delete', 'organization:transfer']);
      expect(results[7].invitation.accept_url).toMatch(/#token=[\w-]{64}$/);
      expect(await pending()).toHaveLength(3);
    });

    it('begins while no other of the organization is at work, and asks to come again', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => batch(Array.from({ length: 100 }, () => draft()))),
      );
      const [done, later] = [200, 429].map((code) => answers.filter(({ status }) => status === code));
      expect(done!.length + later!.length).toBe(20);
      expect(done!.length).toBeGreaterThan(0);
      for (const { body, headers } of later!)
        expect([body.code, headers['retry-after']]).toEqual(['rate_limited', '1']);
      const pending = await app.database.query(`select from invitations where organization_id = $1`, [organization.id]);
      expect(pending).toHaveLength(100 * done!.length);
    });

    it('takes as many round trips for a hundred as for one, with a mail and an event for each', async () => {
      const hundred = Array.from({ length: 100 }, () => draft());
      const one = await app.roundTrips(() => batch([draft()]).expect(200));
      expect(await app.roundTrips(() => batch(hundred).expect(200))).toBe(one);
      expect(one).toBe(9);
      const events = await query(
        `select from audit_events where organization_id = $1 and action = 'invitation.created'`,
        organization.id,
      );
      expect(events).toHaveLength(101);
      await Promise.all(hundred.map(({ email }) => app.mailsTo(email)));
    });

    it('refuses what is no request for an invitation alone, and tells where in it', async () => {
      const { email: _email, ...nobody } = draft();
      const { body } = await batch([
        draft({ expires_in_days: 99, roles: 'member' }),
        nobody,
        draft({ nonsense: 1 }),
        5 as unknown as object,
        draft(),
        draft({ teams: [{ team_id: 'x' }] }),
      ]).expect(200);
      const told = body.results.map(({ status, problem }: { status: number; problem?: { errors: object[] } }) => [
        status,
        (problem?.errors as { pointer: string; code: string }[] | undefined)?.map(
          (fault) => `${fault.pointer} ${fault.code}`,
        ),
      ]);
      expect(told).toEqual([
        [422, ['/invitations/0/roles type', '/invitations/0/expires_in_days maximum']],
        [422, ['/invitations/1/email required']],
        [422, ['/invitations/2/nonsense unknown']],
        [422, ['/invitations/3 type']],
        [201, undefined],
        [422, ['/invitations/5/teams/0/team_id identifier', '/invitations/5/teams/0/role required']],
      ]);
      expect(await pending()).toHaveLength(1);
      expect((await batch([nobody]).expect(200)).body.results).toHaveLength(1);
    });

    it('refuses the whole for what is no list of 1 to 100', async () => {
      for (const invitations of [Array.from({ length: 101 }, () => draft()), [], 'nobody']) {
        const answer = await app.changingNothing(() => batch(invitations as object[]));
        expect(answer.status).toBe(422);
        expect(answer.body.errors).toEqual([expect.objectContaining({ pointer: '/invitations' })]);
      }
    });

    it('has one effect for one key', async () => {
      const body = { invitations: [draft({ deliver: false }), draft()] };
      const send = () => admin.api.post(path('batch'), body).set('idempotency-key', 'batch').expect(200);
      expect((await send()).text).toBe((await send()).text);
      expect(await pending()).toHaveLength(2);
    });
  });

  describe('GET /organizations/{organization_id}/invitations', () => {
    const list = async (parameters = '') => (await admin.api.get(`${path()}?${parameters}`).expect(200)).body;
    const emails = async (parameters: string): Promise<string[]> =>
      (await list(parameters)).data.map(({ email }: { email: string }) => email.replace(/@.*/, ''));

    beforeEach(async () => {
      for (const name of ['dora', 'Carl', 'bea', 'ann', 'eve']) {
        const { id } = await invite({ email: `${name}@example.com` });
        if (name === 'bea') await admin.api.delete(path(id)).expect(204);
        if (name === 'ann') await lapse(id);
        if (name === 'eve') await query(`update invitations set status = 'declined' where id = $1`, id);
      }
    });

    it('lists the newest first, or as asked, and in one round trip', async () => {
      expect(await emails('')).toEqual(['eve', 'ann', 'bea', 'Carl', 'dora']);
      expect(await emails('sort=created_at')).toEqual(['dora', 'Carl', 'bea', 'ann', 'eve']);
      expect(await emails('sort=email')).toEqual(['ann', 'bea', 'Carl', 'dora', 'eve']);
      expect(await emails('sort=-email&page_size=2')).toEqual(['eve', 'dora']);
      expect(await app.roundTrips(() => list())).toBe(1);
      const [first] = (await list()).data;
      expect(first).toEqual(await read(first.id));
    });

    it('filters by what each is at this moment', async () => {
      expect(await emails('status=pending&sort=email')).toEqual(['Carl', 'dora']);
      expect(await emails('status=expired')).toEqual(['ann']);
      expect(await emails('status=revoked,declined&sort=email')).toEqual(['bea', 'eve']);
      expect(await emails('status=accepted')).toEqual([]);
      expect((await list('status=expired')).data[0].status).toBe('expired');
      expect((await list('status=pending')).pagination.total).toBe(2);
    });

    it('searches addresses', async () => {
      expect(await emails('q=CAR')).toEqual(['Carl']);
      expect(await emails('q=%25')).toEqual([]);
      await admin.api.get(`${path()}?status=nonsense`).expect(422);
    });
  });

  describe('POST /organizations/{organization_id}/invitations/{invitation_id}/resend', () => {
    it('mails another link and begins its time anew; the one before is good for nothing', async () => {
      const email = address();
      const invitation = await invite({ email, expires_in_days: 3 });
      await query(`update invitations set expires_at = now() + interval '1 hour' where id = $1`, invitation.id);
      const [first] = await app.mailsTo(email);
      const answer = await owner.api.post(path(invitation.id + '/resend')).expect(200);
      const [second] = await app.mailsTo(email, 2);
      const again = await owner.api.get(path(invitation.id)).expect(200);
      expect([again.text, again.headers['etag']]).toEqual([answer.text, answer.headers['etag']]);
      const { expires_at, updated_at } = answer.body;
      const inviter = { member_id: expect.any(String), name: 'Ada' };
      expect(answer.body).toEqual({ ...invitation, inviter, expires_at, updated_at });
      expect(second!.text).toContain('"Ada" invites you');
      expect(Date.parse(expires_at) - Date.parse(updated_at)).toBe(3 * DAY_MS);
      expect(await found(tokenIn(first!))).toBeUndefined();
      expect(await found(tokenIn(second!))).toMatchObject({ id: invitation.id, status: 'pending' });
      expect((await eventsOf(invitation.id)).map(({ action }) => action)).toEqual([
        'invitation.created',
        'invitation.resent',
      ]);
    });

    it('brings an expired one back, and proves the address of one that was not mailed', async () => {
      const { id, email } = await invite({ deliver: false });
      await lapse(id);
      expect((await admin.api.post(path(`${id}/resend`)).expect(200)).body).toMatchObject({ status: 'pending' });
      const [mail] = await app.mailsTo(email);
      expect(await found(tokenIn(mail!))).toMatchObject({ id, mailed: true, status: 'pending' });
    });

    it('is to invite anew, and takes the power to give what is promised', async () => {
      const { id, email, inviter } = await invite({ roles: ['owner'] }, owner);
      await lapse(id);
      const refused = await app.changingNothing(() => admin.api.post(path(`${id}/resend`)));
      expect([codeOf(refused), refused.body.missing_permissions]).toEqual([
        '403 grant_exceeds_own',
        ['organization:delete', 'organization:transfer'],
      ]);
      const successor = await app.actors.member(organization, ['owner']);
      const { body } = await successor.api.post(path(`${id}/resend`)).expect(200);
      expect(body.inviter.member_id).toBe(successor.memberId);
      expect((await eventsOf(id)).at(-1)).toMatchObject({
        action: 'invitation.resent',
        changes: { inviter_id: { from: inviter.member_id, to: successor.memberId } },
      });
      expect(
        await query('select from invitations where email = $1 and inviter_id = $2', email, successor.memberId),
      ).toHaveLength(1);
    });

    it('makes a good link of one whose inviter has gone', async () => {
      const person = await app.actors.user();
      const leaver = await app.actors.member(organization, ['admin']);
      const { id } = await invite({ email: person.email }, leaver);
      await leaver.api.delete(`/organizations/${organization.id}/members/me`).expect(204);
      expect(codeOf(await person.api.post(`/me/invitations/${id}/accept`))).toBe('410 invitation_void');
      await admin.api.post(path(`${id}/resend`)).expect(200);
      await person.api.post(`/me/invitations/${id}/accept`).expect(200);
    });

    it('brings none back beside another one, or for who has become a member', async () => {
      const { id, email } = await invite();
      await lapse(id);
      await invite({ email });
      const beside = await app.changingNothing(() => admin.api.post(path(`${id}/resend`)));
      expect(codeOf(beside)).toBe('409 already_exists');
      const member = await app.actors.member(organization, ['member'], 'removed');
      const other = await invite({ email: member.email });
      await query(`update members set status = 'active' where id = $1`, member.memberId);
      const joined = await app.changingNothing(() => admin.api.post(path(`${other.id}/resend`)));
      expect(codeOf(joined)).toBe('409 already_member');
    });

    it('ends after five a day, by the database', async () => {
      const { id } = await invite();
      const resend = () => admin.api.post(path(`${id}/resend`));
      const answers = await Promise.all(TWENTY.map(resend));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(5).fill(200), ...Array(15).fill(429)]);
      const refused = await app.changingNothing(resend);
      expect(codeOf(refused)).toBe('429 rate_limited');
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(23 * 3600);
      const again = query('update invitations set token_hash = sha256(token_hash) where id = $1', id);
      await expect(again).rejects.toThrow('the invitation was sent too often');
      await query(`alter table invitations disable trigger keep_state`);
      await query(
        `update invitations set resent_at = array(select t - interval '1 day' from unnest(resent_at) t) where id = $1`,
        id,
      );
      await query(`alter table invitations enable trigger keep_state`);
      await resend().expect(200);
    });

    it.each(['accepted', 'declined', 'revoked'])('refuses what is %s', async (status) => {
      const { id } = await invite();
      await query(
        `update invitations set status = $2, member_id = case when $2 = 'accepted' then $3::uuid end where id = $1`,
        id,
        status,
        admin.memberId,
      );
      const answer = await app.changingNothing(() => admin.api.post(path(`${id}/resend`)));
      expect(codeOf(answer)).toBe('409 conflict');
      expect(answer.body.detail).toContain(status);
    });
  });

  describe('DELETE /organizations/{organization_id}/invitations/{invitation_id}', () => {
    it('revokes, which its link tells from then on', async () => {
      const { id, email } = await invite();
      const [mail] = await app.mailsTo(email);
      await owner.api.delete(path(id)).expect(204);
      expect(await read(id)).toMatchObject({ status: 'revoked' });
      expect(await found(tokenIn(mail!))).toMatchObject({ status: 'revoked' });
      expect((await eventsOf(id)).map(({ action, changes }) => [action, changes]).at(-1)).toEqual([
        'invitation.revoked',
        { status: { from: 'pending', to: 'revoked' } },
      ]);
      expect(codeOf(await app.changingNothing(() => owner.api.delete(path(id))))).toBe('404 not_found');
    });

    it('refuses what is over', async () => {
      const { id } = await invite();
      await lapse(id);
      expect(codeOf(await app.changingNothing(() => owner.api.delete(path(id))))).toBe('409 conflict');
    });

    it('compares If-Match with the version', async () => {
      const { id } = await invite();
      const { headers } = await admin.api.get(path(id)).expect(200);
      await admin.api.post(path(`${id}/resend`)).expect(200);
      const revoke = admin.api.delete(path(id)).set('If-Match', headers['etag']!);
      expect(codeOf(await revoke)).toBe('412 precondition_failed');
    });

    it('is done once, of twenty at a time', async () => {
      const { id } = await invite();
      const answers = await Promise.all(TWENTY.map(() => admin.api.delete(path(id))));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([204, ...Array(19).fill(404)]);
    });
  });

  describe('what may become of one, by whatever statement', () => {
    const state = (id: string, change: string, ...values: unknown[]) =>
      query(`update invitations set ${change} where id = $1`, id, ...values);

    it.each(['accepted', 'declined', 'revoked', 'expired'])('is nothing else once it is %s', async (status) => {
      const { id } = await invite();
      if (status === 'expired') await lapse(id);
      const memberId = status === 'accepted' ? admin.memberId : null;
      await state(id, 'status = $2, member_id = $3', status, memberId);
      for (const other of ['pending', 'accepted', 'declined', 'revoked', 'expired'].filter((name) => name !== status)) {
        const change = state(id, 'status = $2, member_id = $3', other, other === 'accepted' ? admin.memberId : null);
        await expect(change).rejects.toThrow('an invitation that is over stays what it is');
      }
      if (status !== 'expired') {
        const resend = state(id, 'token_hash = sha256(token_hash)');
        await expect(resend).rejects.toThrow('an invitation that is over is not sent again');
      }
    });

    it('does not expire before its time, and is nothing else after', async () => {
      const { id } = await invite();
      await expect(state(id, `status = 'expired'`)).rejects.toThrow('stays what it is');
      await lapse(id);
      for (const status of ['accepted', 'declined', 'revoked']) {
        await expect(state(id, 'status = $2, member_id = $3', status, admin.memberId)).rejects.toThrow(
          'stays what it is',
        );
      }
      await state(id, `status = 'expired'`);
    });

    it('has another inviter with another token alone', async () => {
      const { id } = await invite();
      const other = await app.actors.member(organization, ['admin']);
      await expect(state(id, 'inviter_id = $2', other.memberId)).rejects.toThrow('and that is of somebody');
    });

    it('is one membership at most, and none without being accepted', async () => {
      const [one, other] = [await invite(), await invite()];
      await expect(state(one.id, `status = 'accepted'`)).rejects.toThrow('invitations_accepted_check');
      await expect(state(one.id, 'member_id = $2', admin.memberId)).rejects.toThrow('invitations_accepted_check');
      await state(one.id, `status = 'accepted', member_id = $2`, admin.memberId);
      const twice = state(other.id, `status = 'accepted', member_id = $2`, admin.memberId);
      await expect(twice).rejects.toThrow('invitations_organization_id_member_id_key');
    });

    it('has members and roles of its own organization alone', async () => {
      const { id } = await invite();
      const foreign = await app.actors.organization();
      const stranger = await app.actors.member(foreign);
      const accepted = state(id, `status = 'accepted', member_id = $2`, stranger.memberId);
      await expect(accepted).rejects.toThrow('foreign key');
      await query(
        `insert into roles (organization_id, scope, key, name) values ($1, 'organization', 'foreign', 'Foreign')`,
        foreign.id,
      );
      const role = query(
        `insert into invitation_roles select $1, $2, id from roles where key = 'foreign' and organization_id = $3`,
        organization.id,
        id,
        foreign.id,
      );
      await expect(role).rejects.toThrow('foreign key');
    });
  });

  describe('who deletes their account', () => {
    it('declines what is pending, and no invitation keeps their address', async () => {
      const person = await app.actors.user('Edith');
      const over = await invite({ email: person.email });
      await admin.api.delete(path(over.id)).expect(204);
      const open = await invite({ email: person.email.toUpperCase() });
      const other = await invite();
      await person.api.delete('/me').expect(204);
      for (const id of [over.id, open.id]) expect(await read(id)).toMatchObject({ email: null });
      expect(await read(open.id)).toMatchObject({ status: 'declined' });
      expect((await eventsOf(open.id)).at(-1)).toMatchObject({
        action: 'invitation.declined',
        actor_id: person.userId,
      });
      expect(await read(other.id)).toMatchObject({ status: 'pending', email: other.email });
      await invite({ email: person.email });
    });
  });

  describe('teams', () => {
    /** As the teams feature makes them. */
    const team = async ({ visibility = 'organization', path: above = [] as string[], deleted = false } = {}) => {
      const id = uuid();
      await query(
        `insert into teams (organization_id, id, name, slug, visibility, path, deleted_at)
           values ($1, $2, 'Team', $3, $4, $5, case when $6 then now() end)`,
        organization.id,
        id,
        `t-${id}`,
        visibility,
        [...above, id],
        deleted,
      );
      return id;
    };
    const join = (teamId: string, memberId: string, role: string) =>
      query(
        `insert into team_members (organization_id, team_id, member_id, role_id)
           select $1, $2, $3, id from roles where organization_id = $1 and scope = 'team' and key = $4`,
        organization.id,
        teamId,
        memberId,
        role,
      );
    /** Who invites by a custom role, which says nothing of teams. */
    const recruiter = async () => {
      const key = `r-${uuid()}`;
      await query(
        `insert into roles (organization_id, scope, key, name, permissions) values ($1, 'organization', $2, 'Recruiter', $3)`,
        organization.id,
        key,
        ['invitations:create', 'invitations:read'],
      );
      return app.actors.member(organization, ['member', key]);
    };

    it('are promised with the role there, and read as they were answered', async () => {
      const [one, other] = [await team(), await team({ visibility: 'private' })];
      const teams = [
        { team_id: other, role: 'admin' },
        { team_id: one, role: 'viewer' },
      ];
      const body = await invite({ teams });
      expect(body.teams).toEqual(teams.toReversed());
      expect(await read(body.id)).toEqual(body);
      const { body: page } = await admin.api.get(path()).expect(200);
      expect(page.data).toEqual([body]);
      const batch = await admin.api.post(path('batch'), { invitations: [draft({ teams }), draft()] }).expect(200);
      expect(batch.body.results.map(({ invitation }: { invitation: { teams: object[] } }) => invitation.teams)).toEqual(
        [teams.toReversed(), []],
      );
    });

    it.each([
      ['a team that is not there', () => Promise.resolve(uuid())],
      ['a deleted team', () => team({ deleted: true })],
      [
        "another organization's team",
        async () => {
          const home = organization;
          organization = await app.actors.organization();
          const id = await team();
          organization = home;
          return id;
        },
      ],
    ])('refuse %s', async (_case, make) => {
      const teams = [
        { team_id: await team(), role: 'member' },
        { team_id: await make(), role: 'member' },
      ];
      const answer = await app.changingNothing(() => admin.api.post(path(), draft({ teams })));
      expect(answer.status).toBe(422);
      expect(answer.body.errors).toEqual([
        { pointer: '/teams/1/team_id', code: 'unknown', detail: 'is no team of this organization' },
      ]);
    });

    it('refuse a role of organizations, one twice, and what is no team', async () => {
      const id = await team();
      for (const [teams, pointer, fault] of [
        [[{ team_id: id, role: 'owner' }], '/teams/0/role', 'unknown'],
        [
          [
            { team_id: id, role: 'member' },
            { team_id: id, role: 'viewer' },
          ],
          '/teams/1/team_id',
          'unique',
        ],
        [[{ team_id: 'nonsense', role: 'member' }], '/teams/0/team_id', 'identifier'],
        [[{ team_id: id }], '/teams/0/role', 'required'],
      ] as const) {
        const answer = await app.changingNothing(() => admin.api.post(path(), draft({ teams })));
        expect(answer.body.errors).toEqual([expect.objectContaining({ pointer, code: fault })]);
      }
    });

    it('that one does not see are not there, neither to promise nor to read', async () => {
      const [hidden, open] = [await team({ visibility: 'private' }), await team()];
      const by = await recruiter();
      const promise = (teamId: string) => draft({ teams: [{ team_id: teamId, role: 'viewer' }] });
      const [refused, absent] = [
        await by.api.post(path(), promise(hidden)),
        await by.api.post(path(), promise(uuid())),
      ];
      expect([refused.status, refused.body.errors]).toEqual([422, absent.body.errors]);

      const teams = [hidden, open].map((id) => ({ team_id: id, role: 'viewer' }));
      const { id } = await invite({ teams });
      expect((await read(id)).teams).toHaveLength(2);
      const seen = await by.api.get(path(id)).expect(200);
      expect(seen.body.teams).toEqual([{ team_id: open, role: 'viewer' }]);
      expect((await by.api.get(path()).expect(200)).text).not.toContain(hidden);
      const beyond = await app.changingNothing(() => by.api.post(path(`${id}/resend`)));
      expect([codeOf(beyond), beyond.body.missing_permissions]).toEqual([
        '403 grant_exceeds_own',
        ['team_members:manage'],
      ]);
      await join(open, by.memberId, 'admin');
      const resent = await by.api.post(path(`${id}/resend`)).expect(200);
      expect(resent.body.teams).toEqual([{ team_id: open, role: 'viewer' }]);
      // What they do not see they could not promise.
      expect((await read(id)).teams).toEqual([{ team_id: open, role: 'viewer' }]);
      expect(JSON.stringify(await eventsOf(id))).not.toContain(hidden);
    });

    it('are promised by who could give them: by a role there, or above, or in the organization', async () => {
      const above = await team();
      const [beneath, beside] = [await team({ path: [above] }), await team()];
      const by = await recruiter();
      await join(above, by.memberId, 'admin');
      const promise = (teamId: string, role: string) =>
        by.api.post(path(), draft({ teams: [{ team_id: teamId, role }] }));
      for (const [teamId, role, status] of [
        [above, 'admin', 201],
        [beneath, 'admin', 201],
        [beside, 'admin', 403],
        [beneath, 'viewer', 201],
        [beside, 'viewer', 403],
      ] as const) {
        expect([teamId, role, (await promise(teamId, role)).status]).toEqual([teamId, role, status]);
      }
      const refused = await promise(beside, 'viewer');
      expect(refused.body.missing_permissions).toEqual(['team_members:manage']);
      const mixed = draft({ teams: [beneath, beside].map((id) => ({ team_id: id, role: 'admin' })) });
      expect(codeOf(await app.changingNothing(() => by.api.post(path(), mixed)))).toBe('403 grant_exceeds_own');
    });

    it('that vanish are left out, and there again when they are back', async () => {
      const [one, other] = [await team(), await team()];
      const teams = [one, other].map((id) => ({ team_id: id, role: 'member' }));
      const { id } = await invite({ teams });
      await query('update teams set deleted_at = now() where id = $1', other);
      expect((await read(id)).teams).toEqual([teams[0]]);
      await query('update teams set deleted_at = null where id = $1', other);
      expect((await read(id)).teams).toEqual(teams);
      await query('delete from teams where id = $1', other);
      expect((await read(id)).teams).toEqual([teams[0]]);
    });

    it('that are deleted while twenty invite to them are promised or not there, and never half', async () => {
      const teamId = await team();
      const teams = [{ team_id: teamId, role: 'member' }];
      const invited = TWENTY.map(() => admin.api.post(path(), draft({ teams })));
      // Whoever deletes a team takes the organisation first.
      const deletion = query(
        `with taken as materialized (select id from organizations where id = $1 for no key update)
         update teams set deleted_at = now() where id = $2 and organization_id = (select id from taken)`,
        organization.id,
        teamId,
      );
      const [answers] = await Promise.all([Promise.all(invited), deletion]);
      const made = answers.filter(({ status }) => status === 201);
      const refused = answers.filter(({ status }) => status === 422);
      expect(made.length + refused.length).toBe(20);
      for (const answer of refused) expect(answer.body.errors[0].pointer).toBe('/teams/0/team_id');
      const promised = await query('select from invitation_teams where team_id = $1', teamId);
      expect(promised).toHaveLength(made.length);
      for (const answer of made) expect((await read(answer.body.id)).teams).toEqual([]);
    });

    it('of another organization are refused by the key', async () => {
      const { id } = await invite();
      const home = organization;
      organization = await app.actors.organization();
      const foreign = await team();
      const promise = query(
        `insert into invitation_teams (organization_id, invitation_id, team_id, role_id)
           select organization_id, $2, $3, id from roles where organization_id = $1 and scope = 'team' and key = 'member'`,
        home.id,
        id,
        foreign,
      );
      await expect(promise).rejects.toThrow('foreign key');
    });

    it('cost no round trip, whoever invites to however many', async () => {
      const ids = await Promise.all(TWENTY.map(() => team()));
      const teams = ids.map((id) => ({ team_id: id, role: 'member' }));
      const by = await recruiter();
      for (const id of ids) await join(id, by.memberId, 'admin');
      const send = (body: object) => app.roundTrips(() => by.api.post(path(), draft(body)).expect(201));
      expect(await send({ teams })).toBe(await send({}));
    });
  });

  describe('seats', () => {
    const limit = (key: string, value: string) =>
      query(
        `insert into platform_settings (organization_id, key, value) values ($1, $2, $3)`,
        organization.id,
        key,
        value,
      );

    it('are taken by what is pending where that is so set, one after the other in a batch', async () => {
      await limit('members.max', '4');
      await invite();
      await limit('members.count_pending', 'true');
      const invitations = Array.from({ length: 3 }, () => draft());
      const { body } = await admin.api.post(path('batch'), { invitations }).expect(200);
      expect(body.results.map(({ status }: { status: number }) => status)).toEqual([201, 409, 409]);
      expect(body.results[2].problem).toMatchObject({
        code: 'limit_reached',
        setting: 'members.max',
        limit: 4,
        used: 4,
      });
      const alone = await app.changingNothing(() => admin.api.post(path(), draft()));
      expect([codeOf(alone), alone.body.limit, alone.body.used]).toEqual(['409 limit_reached', 4, 4]);
    });

    it('are free again when an invitation is over, and needed to bring an expired one back', async () => {
      await limit('members.max', '3');
      await limit('members.count_pending', 'true');
      const expired = await invite();
      await lapse(expired.id);
      const revoked = await invite();
      const resent = await app.changingNothing(() => admin.api.post(path(`${expired.id}/resend`)));
      expect(codeOf(resent)).toBe('409 limit_reached');
      await admin.api.delete(path(revoked.id)).expect(204);
      await admin.api.post(path(`${expired.id}/resend`)).expect(200);
      await admin.api.post(path(`${expired.id}/resend`)).expect(200);
    });

    it('are no matter of invitations where these do not count', async () => {
      await limit('members.max', '2');
      await invite();
    });

    it('are never exceeded by twenty who invite at once', async () => {
      await limit('members.max', '5');
      await limit('members.count_pending', 'true');
      const answers = await Promise.all(TWENTY.map(() => admin.api.post(path(), draft())));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(3).fill(201), ...Array(17).fill(409)]);
    });
  });

  it('forgets the address by which somebody came who had another one since', async () => {
    const member = await app.actors.member(organization);
    const { id } = await invite();
    await query(`update invitations set status = 'accepted', member_id = $2 where id = $1`, id, member.memberId);
    await member.api.delete('/me').expect(204);
    expect(await read(id)).toMatchObject({ status: 'accepted', email: null, member_id: member.memberId });
  });

  it('is nothing in a deleted organization, whose links lead nowhere', async () => {
    const { email } = await invite();
    const [mail] = await app.mailsTo(email);
    await owner.api.delete(`/organizations/${organization.id}`).expect(204);
    await owner.api.get(path()).expect(404);
    expect(await found(tokenIn(mail!))).toBeUndefined();
    await owner.api.post(`/organizations/${organization.id}/restore`).expect(200);
    expect(await found(tokenIn(mail!))).toMatchObject({ status: 'pending' });
  });
});
