import type { Response } from 'supertest';
import { v7 as uuid } from 'uuid';
import { connected } from '../../prisma/engine/connection.ts';
import { invitationToken } from '../../src/features/invitations/invitation-token.ts';
import type { Actor, Member, Organization } from '../support/actors.ts';
import { codeOf } from '../support/answers.ts';
import { TestApp } from '../support/app.ts';
import { comparable, tokenIn } from '../support/auth.ts';
import { Browser, cookiesOf } from '../support/browser.ts';
import { invite, type InvitationTerms, type Invited } from '../support/invited.ts';
import { PASSWORD } from '../support/password.ts';
import { served } from '../support/served.ts';

const FRONT_END = 'https://app.example.com';
const TWENTY = Array.from({ length: 20 }, (_, index) => index);
/** The first round opens the connections, which keeps its callers apart. */
const ROUNDS = 3;

describe('the token of an invitation', () => {
  let app: TestApp;
  let organization: Organization;
  let grace: Actor;

  beforeAll(async () => {
    app = await TestApp.start({ environment: { CORS_ORIGINS: FRONT_END } });
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
    grace = await app.actors.user('Grace');
  });

  const invited = (terms: InvitationTerms = {}): Promise<Invited> => invite(app.database, organization, terms);
  const lookUp = (token: string) => app.anonymous.post('/invitations/lookup', { token });
  const decline = (token: string) => app.anonymous.post('/invitations/decline', { token });
  const accept = (token: string, body: object = {}, caller = app.anonymous) =>
    caller.post('/invitations/accept', { token, ...body });
  const acceptAs = ({ api }: Actor, token: string) => accept(token, {}, api);
  const acceptAsNew = (token: string) => accept(token, { name: 'Grace', password: PASSWORD });
  const acceptOwn = ({ api }: Actor, { id }: Invited) => api.post(`/me/invitations/${id}/accept`);

  const row = async ({ id }: Invited): Promise<{ status: string; member_id: string | null }> =>
    (
      await app.database.query<{ status: string; member_id: string | null }>(
        'select status, member_id from invitations where id = $1',
        [id],
      )
    )[0]!;
  const pathOf = (id: string): string => `/organizations/${organization.id}/invitations/${id}`;
  const change = (what: string, { id }: Invited) =>
    app.database.query(`update invitations set ${what} where id = $1`, [id]);
  const expire = async (invitation: Invited): Promise<void> => {
    await change(`expires_at = now() - interval '1 second'`, invitation);
  };
  const members = () =>
    app.database.query<{ id: string; user_id: string; status: string }>(
      'select id, user_id, status from members where organization_id = $1 order by id',
      [organization.id],
    );
  const usersOf = (email: string) =>
    app.database.query<{ id: string }>('select id from users where email_key = $1', [email]);
  const events = async (): Promise<Record<string, unknown>[]> =>
    app.database.query('select * from audit_events where organization_id = $1 order by id offset 2', [organization.id]);

  const limit = (key: string, value: number | boolean) =>
    app.database.query(
      `insert into platform_settings (organization_id, key, value) values ($1, $2, $3::jsonb)
         on conflict (organization_id, key) do update set value = excluded.value`,
      [organization.id, key, JSON.stringify(value)],
    );

  describe('looked up', () => {
    it('tells whoever has it who is asked to join what, and changes nothing', async () => {
      const { token, email } = await invited({ roles: ['admin', 'member'] });
      const { body } = await app.changingNothing(async () => lookUp(token).expect(200));
      expect(body).toEqual({
        organization: { id: organization.id, name: organization.name, slug: organization.slug },
        email,
        roles: ['admin', 'member'],
        inviter_name: 'Ada',
        expires_at: expect.stringMatching(/Z$/),
      });
    });

    it('tells nothing apart that was never given to anybody', async () => {
      const { token } = await invited();
      const elsewhere = await app.actors.organization();
      const unknown = [
        invitationToken(organization.id),
        invitationToken(elsewhere.id),
        invitationToken('01a1f000-0000-7000-8000-000000000003'),
        token.slice(1),
        `${token}A`,
        'x',
        token.toLowerCase(),
      ];
      for (const path of ['lookup', 'accept', 'decline']) {
        const answers: Response[] = [];
        await app.changingNothing(async () => {
          for (const wrong of unknown) answers.push(await app.anonymous.post(`/invitations/${path}`, { token: wrong }));
        });
        expect(new Set(answers.map(codeOf))).toEqual(new Set(['410 token_used']));
        expect(new Set(answers.map((answer) => JSON.stringify(comparable(answer)))).size).toBe(1);
      }
    });
  });

  describe('accepted by whoever is signed in with the address', () => {
    it('makes them a member with its roles, and is recorded', async () => {
      const invitation = await invited({ email: grace.email, roles: ['admin', 'member'] });
      const { body } = await acceptAs(grace, invitation.token).expect(200);
      expect(body).toEqual({
        membership: {
          id: expect.any(String),
          organization_id: organization.id,
          roles: ['admin', 'member'],
          status: 'active',
        },
      });
      const memberId = body.membership.id;
      expect(await row(invitation)).toEqual({ status: 'accepted', member_id: memberId });
      const member = await grace.api.get(`/organizations/${organization.id}/members/me`).expect(200);
      expect(member.body).toMatchObject({ id: memberId, roles: ['admin', 'member'], user: { name: 'Grace' } });
      const actor = {
        actor_type: 'user',
        actor_id: grace.userId,
        actor_member_id: memberId,
        session_id: grace.sessionId,
        outcome: 'success',
      };
      expect(await events()).toEqual([
        expect.objectContaining({
          ...actor,
          action: 'invitation.accepted',
          target_type: 'invitation',
          target_id: invitation.id,
          changes: { status: { from: 'pending', to: 'accepted' }, member_id: { from: null, to: memberId } },
        }),
        expect.objectContaining({
          ...actor,
          action: 'member.joined',
          target_type: 'member',
          target_id: memberId,
          changes: { roles: { from: null, to: ['admin', 'member'] } },
        }),
      ]);
    });

    it('leaves their name, password and session as they are, whatever is sent', async () => {
      const { token } = await invited({ email: grace.email });
      const of = async () => (await app.database.contents())['public.users'];
      const before = await of();
      const answer = await accept(token, { name: ' ', password: 'short' }, grace.api).expect(200);
      expect(Object.keys(answer.body)).toEqual(['membership']);
      expect(await of()).toEqual(before);
      expect(await app.database.query('select from passwords where user_id = $1', [grace.userId])).toEqual([]);
    });

    it('takes a token that was not mailed, too', async () => {
      const { token } = await invited({ email: grace.email, mailed: false });
      await acceptAs(grace, token).expect(200);
    });

    it('is refused to whoever has another address', async () => {
      const { token } = await invited({ email: grace.email });
      const stranger = await app.actors.user();
      const { body } = await app.changingNothing(async () => acceptAs(stranger, token).expect(403));
      expect(body.code).toBe('invitation_not_yours');
    });

    it('is refused to a member, also to one who is suspended', async () => {
      for (const status of ['active', 'suspended'] as const) {
        const member = await app.actors.member(organization, ['member'], status);
        const { token } = await invited({ email: member.email });
        expect(codeOf(await acceptAs(member, token))).toBe('409 already_member');
      }
      const former = await app.actors.member(organization, ['admin'], 'removed');
      const { token } = await invited({ email: former.email });
      const { body } = await acceptAs(former, token).expect(200);
      expect(body.membership).toMatchObject({ roles: ['member'] });
      expect(body.membership.id).not.toBe(former.memberId);
    });

    it('takes seven round trips to the database', async () => {
      const { token } = await invited({ email: grace.email });
      await acceptAs(grace, invitationToken(organization.id));
      expect(await app.roundTrips(() => acceptAs(grace, token).expect(200))).toBe(7);
    });

    it('takes two more for teams, however many they are', async () => {
      const teams: Record<string, string> = {};
      for (let count = 0; count < 10; count += 1) {
        const { body } = await organization.owner.api
          .post(`/organizations/${organization.id}/teams`, { name: 'Team' })
          .expect(201);
        teams[body.id] = 'member';
      }
      const { token } = await invited({ email: grace.email, teams });
      await limit('teams.max_members', 1);
      await acceptAs(grace, invitationToken(organization.id));
      expect(await app.roundTrips(() => acceptAs(grace, token).expect(200))).toBe(9);
      const added = (await events()).filter(({ action }) => action === 'team_member.added');
      expect(added.map(({ team_id: id }) => id).toSorted()).toEqual(Object.keys(teams).toSorted());
    });
  });

  describe('accepted by somebody new', () => {
    it('makes them a user with the address, the name and the password, and signs them in', async () => {
      const { token, email } = await invited();
      const { body } = await acceptAsNew(token).expect(200);
      const { membership, ...pair } = body;
      expect(pair).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 600,
        refresh_token: expect.any(String),
        session_id: expect.any(String),
      });
      const api = app.anonymous.as(pair.access_token);
      expect((await api.get('/me').expect(200)).body).toMatchObject({ email, name: 'Grace' });
      const member = await api.get(`/organizations/${organization.id}/members/me`).expect(200);
      expect(member.body).toMatchObject({ id: membership.id, user: { email, name: 'Grace' } });
      await app.anonymous.post('/auth/login', { email, password: PASSWORD }).expect(200);
      const [user] = await usersOf(email);
      expect((await events()).map(({ action, actor_id: id, session_id: session }) => [action, id, session])).toEqual([
        ['invitation.accepted', user!.id, pair.session_id],
        ['member.joined', user!.id, pair.session_id],
      ]);
      const own = await app.database.query<{ action: string }>(
        'select action from security_events where user_id = $1 order by id',
        [user!.id],
      );
      expect(own.map(({ action }) => action)).toEqual(['auth.registered', 'auth.signed_in', 'auth.signed_in']);
    });

    it('may leave out the password, and no name', async () => {
      const { token, email } = await invited();
      for (const none of [{}, { name: ' ' }]) {
        const { body } = await app.changingNothing(async () => accept(token, none).expect(422));
        expect(body.errors).toEqual([expect.objectContaining({ pointer: '/name', code: 'required' })]);
      }
      await accept(token, { name: 'Grace' }).expect(200);
      expect(
        await app.database.query('select from passwords p join users u on u.id = p.user_id where email = $1', [email]),
      ).toEqual([]);
    });

    it('judges the password like every other, and leaves the token unspent', async () => {
      const { token, email } = await invited();
      for (const password of ['password', email, 'short']) {
        const { body } = await accept(token, { name: 'Grace', password }).expect(422);
        expect(body.errors[0].pointer).toBe('/password');
      }
      await acceptAsNew(token).expect(200);
    });

    it('answers by cookie where that is asked for, from an allowed origin', async () => {
      const { token } = await invited();
      const page = (origin: string) => new Browser(app.anonymous, origin);
      const evil = await page('https://evil.example').signIn('/invitations/accept', { token, name: 'Grace' });
      expect(codeOf(evil)).toBe('403 csrf_failed');
      const browser = page(FRONT_END);
      const answer = await browser.signIn('/invitations/accept', { token, name: 'Grace' });
      expect(Object.keys(answer.body).toSorted()).toEqual(['expires_in', 'membership', 'session_id']);
      expect(cookiesOf(answer)).toHaveLength(2);
      expect((await browser.get('/me')).status).toBe(200);
    });

    it('is asked to sign in where the address has a user, who is left as they are', async () => {
      const { token } = await invited({ email: grace.email });
      const { body, headers } = await app.changingNothing(async () => acceptAsNew(token).expect(401));
      expect(body.code).toBe('unauthenticated');
      expect(headers['www-authenticate']).toMatch(/^Bearer/);
    });

    it('is asked to sign in where the token was not mailed, whether or not the address has a user', async () => {
      const [known, unknown] = [await invited({ email: grace.email, mailed: false }), await invited({ mailed: false })];
      const answers = [await acceptAsNew(known.token), await acceptAsNew(unknown.token)];
      expect(answers.map(codeOf)).toEqual(['401 unauthenticated', '401 unauthenticated']);
      const [one, other] = answers.map((answer) => JSON.stringify(comparable(answer)));
      expect(one).toBe(other);
      expect(await usersOf(unknown.email)).toEqual([]);
      const trips = async ({ token }: Invited) => app.roundTrips(() => acceptAsNew(token));
      expect(await trips(known)).toBe(await trips(unknown));
    });

    it('refuses a credential that is none, and takes nobody for somebody new who shows one', async () => {
      const { token, email } = await invited();
      await accept(token, { name: 'Grace' }, app.anonymous.as('x.y.z')).expect(401);
      expect(codeOf(await accept(token, { name: 'Grace' }, grace.api))).toBe('403 invitation_not_yours');
      expect(await usersOf(email)).toEqual([]);
    });
  });

  describe('declined', () => {
    it('ends the invitation for whoever has it, once, and is recorded', async () => {
      const invitation = await invited();
      const { text } = await decline(invitation.token).set('user-agent', 'one').expect(204);
      expect(text).toBe('');
      expect(await row(invitation)).toEqual({ status: 'declined', member_id: null });
      expect(await events()).toEqual([
        expect.objectContaining({
          action: 'invitation.declined',
          outcome: 'success',
          actor_type: 'anonymous',
          actor_id: null,
          actor_member_id: null,
          session_id: null,
          target_type: 'invitation',
          target_id: invitation.id,
          changes: { status: { from: 'pending', to: 'declined' } },
          user_agent: 'one',
          request_id: expect.any(String),
        }),
      ]);
      expect(codeOf(await decline(invitation.token))).toBe('410 invitation_declined');
      expect(await events()).toHaveLength(1);
    });

    it('tells in the log who it was, of whoever is signed in', async () => {
      const member = await app.actors.member(organization);
      for (const person of [grace, member]) {
        const { token } = await invited();
        await person.api.post('/invitations/decline', { token }).expect(204);
        const { userId, sessionId } = person;
        const memberId = person === member ? member.memberId : null;
        expect((await events()).at(-1)).toMatchObject({
          action: 'invitation.declined',
          actor_type: 'user',
          actor_id: userId,
          actor_member_id: memberId,
          session_id: sessionId,
        });
      }
      const { token } = await invited();
      await app.changingNothing(async () =>
        app.anonymous.as('x.y.z').post('/invitations/decline', { token }).expect(401),
      );
    });
  });

  describe('of an invitation that is over', () => {
    const calls = (invitation: Invited): PromiseLike<Response>[] => [
      lookUp(invitation.token),
      decline(invitation.token),
      acceptAsNew(invitation.token),
      acceptAs(grace, invitation.token),
      acceptOwn(grace, invitation),
    ];

    it.each([
      ['invitation_declined', (invitation: Invited) => decline(invitation.token)],
      ['invitation_revoked', (invitation: Invited) => change(`status = 'revoked'`, invitation)],
      ['invitation_expired', expire],
      ['invitation_used', (invitation: Invited) => acceptAs(grace, invitation.token)],
    ])('says so: %s', async (code, end) => {
      const invitation = await invited({ email: grace.email });
      await end(invitation);
      await app.changingNothing(async () => {
        expect(new Set((await Promise.all(calls(invitation))).map(codeOf))).toEqual(new Set([`410 ${code}`]));
      });
      expect((await grace.api.get('/me/invitations').expect(200)).body.data).toEqual([]);
    });

    it('is not there where another took its place, or the organisation is gone', async () => {
      const invitation = await invited({ email: grace.email });
      const renewed = invitationToken(organization.id);
      await change(`token_hash = sha256('${renewed}'), mailed = true`, invitation);
      for (const call of [lookUp, decline, acceptAsNew]) {
        expect(codeOf(await call(invitation.token))).toBe('410 token_used');
      }
      await lookUp(renewed).expect(200);
      await organization.owner.api.delete(`/organizations/${organization.id}`).expect(204);
      for (const call of [lookUp, decline, acceptAsNew, (token: string) => acceptAs(grace, token)]) {
        expect(codeOf(await call(renewed))).toBe('410 token_used');
      }
      expect(codeOf(await acceptOwn(grace, invitation))).toBe('404 not_found');
      expect((await grace.api.get('/me/invitations').expect(200)).body.data).toEqual([]);
      await organization.owner.api.post(`/organizations/${organization.id}/restore`).expect(200);
      await acceptAs(grace, renewed).expect(200);
    });

    it('waits while the organisation is suspended', async () => {
      const invitation = await invited({ email: grace.email });
      const suspend = (at: string) =>
        app.database.query(`update organizations set suspended_at = ${at} where id = $1`, [organization.id]);
      await suspend('now()');
      for (const call of [acceptAs(grace, invitation.token), acceptOwn(grace, invitation)]) {
        expect(codeOf(await call)).toBe('403 organization_suspended');
      }
      await suspend('null');
      await acceptOwn(grace, invitation).expect(200);
    });
  });

  describe('of somebody who can no longer grant what it promises', () => {
    const inviter = async (role = 'admin') => app.actors.member(organization, [role]);
    const setRoles = ({ memberId }: { memberId: string }, roles: string[]) =>
      organization.owner.api.patch(`/organizations/${organization.id}/members/${memberId}`, { roles }).expect(200);
    const path = ({ memberId }: { memberId: string }) => `/organizations/${organization.id}/members/${memberId}`;

    it.each([
      [
        'has left',
        async (member: Actor) => member.api.delete(`/organizations/${organization.id}/members/me`).expect(204),
      ],
      [
        'was removed',
        async (member: Actor & { memberId: string }) => organization.owner.api.delete(path(member)).expect(204),
      ],
      [
        'is suspended',
        async (member: Actor & { memberId: string }) =>
          organization.owner.api.patch(path(member), { status: 'suspended' }).expect(200),
      ],
      ['may not invite any more', async (member: Actor & { memberId: string }) => setRoles(member, ['member'])],
      [
        'has been suspended by the operator',
        async ({ userId }: Actor) =>
          app.database.query('update users set suspended_at = now() where id = $1', [userId]),
      ],
      ['has deleted their account', async (member: Actor) => member.api.delete('/me').expect(204)],
    ])('is void, for everybody and whatever it promises: who %s', async (_case, end) => {
      const member = await inviter();
      const invitation = await invited({ email: grace.email, memberId: member.memberId });
      const other = await invited({ memberId: member.memberId });
      await end(member);
      await app.changingNothing(async () => {
        for (const call of [
          acceptAs(grace, invitation.token),
          acceptOwn(grace, invitation),
          acceptAsNew(other.token),
        ]) {
          expect(codeOf(await call)).toBe('410 invitation_void');
        }
      });
      expect(await usersOf(other.email)).toEqual([]);
    });

    it('is void where it promises more than they hold by now, and not where it promises as much', async () => {
      const member = await inviter('owner');
      const [owner, admin] = [
        await invited({ email: grace.email, memberId: member.memberId, roles: ['owner'] }),
        await invited({ memberId: member.memberId, roles: ['admin'] }),
      ];
      await setRoles(member, ['admin']);
      expect(codeOf(await acceptAs(grace, owner.token))).toBe('410 invitation_void');
      await acceptAsNew(admin.token).expect(200);
      await setRoles(member, ['owner']);
      await acceptAs(grace, owner.token).expect(200);
    });
  });

  describe('with teams', () => {
    /** @param parent to stand beneath */
    const team = async (visibility = 'organization', parent?: string): Promise<string> => {
      const id = uuid();
      await app.database.query(
        `insert into teams (organization_id, id, name, slug, visibility, path, private_path)
           select $1, $2::uuid, 'Team', $2::text, $3::text, p.path || $2::uuid,
               p.private_path || case when $3::text = 'private' then array[$2::uuid] else '{}' end
             from (
               select path, private_path from teams where id = $4::uuid union all select '{}'::uuid[], '{}'::uuid[] where $4::uuid is null
             ) as p`,
        [organization.id, id, visibility, parent ?? null],
      );
      return id;
    };
    const put = (memberId: string, teamId: string, role: string) =>
      app.database.query(
        `insert into team_members (organization_id, team_id, member_id, role_id)
           select $1, $2, $3, id from roles where organization_id = $1 and scope = 'team' and key = $4`,
        [organization.id, teamId, memberId, role],
      );
    const teamsOf = (memberId: string) =>
      app.database.query<{ id: string; team_id: string; role: string }>(
        `select m.id, m.team_id, r.key as role from team_members m
           join roles r on r.organization_id = m.organization_id and r.id = m.role_id
           where m.member_id = $1 order by m.team_id`,
        [memberId],
      );
    /** Somebody who may invite, and has no power over teams but what they hold on them. */
    const inviter = async (): Promise<Member> => {
      const member = await app.actors.member(organization);
      await app.database.query(
        `with r as (
           insert into roles (organization_id, scope, key, name, permissions)
             values ($1, 'organization', 'inviter', 'Inviter', '{invitations:create}') returning id
         )
         insert into member_roles (organization_id, member_id, role_id) select $1, $2, id from r`,
        [organization.id, member.memberId],
      );
      return member;
    };

    it('joins them too, also those that nobody sees who is not in them, with an event for each', async () => {
      const open = await team();
      const closed = await team('private');
      const beneath = await team('organization', closed);
      const invitation = await invited({
        email: grace.email,
        teams: { [open]: 'viewer', [closed]: 'member', [beneath]: 'admin' },
      });
      const { body } = await acceptAs(grace, invitation.token).expect(200);
      const joined = await teamsOf(body.membership.id);
      expect(joined.map(({ team_id: id, role }) => [id, role])).toEqual([
        [open, 'viewer'],
        [closed, 'member'],
        [beneath, 'admin'],
      ]);
      const [, , ...added] = await events();
      expect(added).toEqual(
        joined.map(({ id, team_id: teamId, role }) =>
          expect.objectContaining({
            action: 'team_member.added',
            actor_id: grace.userId,
            actor_member_id: body.membership.id,
            target_type: 'team_member',
            target_id: id,
            team_id: teamId,
            changes: { member_id: { from: null, to: body.membership.id }, role: { from: null, to: role } },
          }),
        ),
      );
    });

    it('joins those that are there, and is not broken by one that is deleted', async () => {
      const [kept, deleted] = [await team(), await team('private')];
      const { token, email } = await invited({ teams: { [kept]: 'member', [deleted]: 'admin' } });
      await app.database.query('update teams set deleted_at = now() where id = $1', [deleted]);
      const { body } = await acceptAsNew(token).expect(200);
      expect((await teamsOf(body.membership.id)).map(({ team_id: id }) => id)).toEqual([kept]);
      expect(await usersOf(email)).toHaveLength(1);
    });

    it('is void where whoever invited may not fill one of them any more, or does not see it', async () => {
      const { memberId } = await inviter();
      const closed = await team('private');
      const beneath = await team('organization', closed);
      const elsewhere = await team('private');
      const invitation = await invited({ email: grace.email, memberId, teams: { [beneath]: 'admin' } });
      const holds = async (teamId: string, role: string): Promise<Response> => {
        await app.database.query('delete from team_members where member_id = $1', [memberId]);
        await put(memberId, teamId, role);
        return acceptAs(grace, invitation.token);
      };
      for (const [teamId, role] of [
        [elsewhere, 'admin'],
        [closed, 'member'],
        [beneath, 'viewer'],
      ] as const) {
        expect(codeOf(await holds(teamId, role))).toBe('410 invitation_void');
      }
      // What is held above counts below.
      expect((await holds(closed, 'admin')).status).toBe(200);
    });

    it('waits until there is room in each of them, also in one that nobody sees who is not in it', async () => {
      const closed = await team('private');
      const { memberId } = await app.actors.member(organization);
      await put(memberId, closed, 'member');
      const { token } = await invited({ email: grace.email, teams: { [await team()]: 'member', [closed]: 'member' } });
      await limit('teams.max_members', 1);
      const { body } = await app.changingNothing(async () => acceptAs(grace, token).expect(409));
      expect(body).toMatchObject({ code: 'limit_reached', setting: 'teams.max_members', limit: 1, used: 1 });
      await limit('teams.max_members', 2);
      await acceptAs(grace, token).expect(200);
    });

    it('promises no more on a team than whoever invited holds there', async () => {
      const { memberId } = await inviter();
      const place = await team();
      await put(memberId, place, 'member');
      const asViewer = await invited({ email: grace.email, memberId, teams: { [place]: 'viewer' } });
      // It takes the permission to manage a team's members, even to give what one has.
      expect(codeOf(await acceptAs(grace, asViewer.token))).toBe('410 invitation_void');
    });
  });

  describe('of an organisation with a limit', () => {
    it('waits until there is room', async () => {
      const invitation = await invited({ email: grace.email });
      const other = await invited();
      await limit('members.max', 1);
      await app.changingNothing(async () => {
        for (const call of [
          acceptAs(grace, invitation.token),
          acceptOwn(grace, invitation),
          acceptAsNew(other.token),
        ]) {
          expect((await call.expect(409)).body).toMatchObject({
            code: 'limit_reached',
            setting: 'members.max',
            limit: 1,
            used: 1,
          });
        }
      });
      await limit('members.max', 2);
      await acceptAs(grace, invitation.token).expect(200);
    });

    it('gives its own seat to the member that it becomes, where pending ones have one', async () => {
      const invitation = await invited({ email: grace.email });
      await limit('members.count_pending', true);
      await limit('members.max', 2);
      await acceptAs(grace, invitation.token).expect(200);
    });

    it('keeps no free seat from another, where the limit was lowered below what is pending', async () => {
      const people = [grace, await app.actors.user(), await app.actors.user()];
      const tokens = await Promise.all(people.map(({ email }) => invited({ email })));
      await limit('members.count_pending', true);
      await limit('members.max', 3);
      const answers: Response[] = [];
      for (const [index, person] of people.entries()) answers.push(await acceptAs(person, tokens[index]!.token));
      expect(answers.map(codeOf)).toEqual(['200 undefined', '200 undefined', '409 limit_reached']);
      expect(answers[2]!.body).toMatchObject({ limit: 3, used: 3 });
    });
  });

  describe('left aside for the list of the own ones', () => {
    it('are those to the own address that can be accepted, of all organisations, the newest first', async () => {
      const elsewhere = await app.actors.organization(undefined, { name: 'Elsewhere' });
      const first = await invited({ email: grace.email });
      const second = await invite(app.database, elsewhere, { email: grace.email, roles: ['admin'], mailed: false });
      await invited();
      const { body } = await grace.api.get('/me/invitations').expect(200);
      expect(body.data).toEqual([
        {
          id: second.id,
          organization: { id: elsewhere.id, name: 'Elsewhere', slug: elsewhere.slug },
          email: grace.email,
          roles: ['admin'],
          inviter_name: 'Ada',
          message: null,
          created_at: expect.any(String),
          expires_at: expect.any(String),
        },
        expect.objectContaining({ id: first.id }),
      ]);
      expect(body.pagination.total).toBe(2);
      const oldest = await grace.api.get('/me/invitations?sort=created_at&page_size=1').expect(200);
      expect(oldest.body.data[0].id).toBe(first.id);
      expect((await organization.owner.api.get('/me/invitations').expect(200)).body.data).toEqual([]);
      expect(await app.roundTrips(() => grace.api.get('/me/invitations').expect(200))).toBe(1);
    });

    it('are accepted without a token, once for one Idempotency-Key', async () => {
      const invitation = await invited({ email: grace.email });
      const accepted = () => acceptOwn(grace, invitation).set('Idempotency-Key', 'join');
      const first = await accepted().expect(200);
      const second = await accepted().expect(200);
      expect(second.body).toEqual(first.body);
      expect(second.headers['idempotency-replayed']).toBe('true');
      expect(await row(invitation)).toEqual({ status: 'accepted', member_id: first.body.membership.id });
      expect(codeOf(await acceptOwn(grace, invitation))).toBe('410 invitation_used');
    });

    it("are nobody else's", async () => {
      const invitation = await invited({ email: grace.email });
      const stranger = await app.actors.user();
      await app.changingNothing(async () => acceptOwn(stranger, invitation).expect(404));
    });
  });

  describe('in a race', () => {
    const outcomes = (answers: readonly Response[]) => answers.map(codeOf).toSorted();
    const once = (code: string) => ['200 undefined', ...TWENTY.slice(1).map(() => code)];

    it('makes one member, of one who accepts 20 times', async () => {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const actor = await app.actors.user();
        const invitation = await invited({ email: actor.email });
        const answers = await Promise.all(
          TWENTY.map((number) =>
            served(() => (number % 2 ? acceptAs(actor, invitation.token) : acceptOwn(actor, invitation))),
          ),
        );
        expect(outcomes(answers)).toEqual(once('410 invitation_used'));
        expect((await members()).filter(({ user_id: id }) => id === actor.userId)).toHaveLength(1);
      }
    });

    it('makes one user and one member, of somebody new who accepts 20 times', async () => {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const { token, email } = await invited();
        const before = (await members()).length;
        const answers = await Promise.all(TWENTY.map(() => served(() => accept(token, { name: 'Grace' }))));
        const others = answers.map(codeOf).filter((code) => !code.startsWith('200'));
        expect(others).toHaveLength(19);
        // Who was before the winner finds the address with a user, who is to sign in.
        expect(['410 invitation_used', '401 unauthenticated']).toEqual(expect.arrayContaining([...new Set(others)]));
        expect(await usersOf(email)).toHaveLength(1);
        expect(await members()).toHaveLength(before + 1);
      }
    });

    it.each<[string, string, (invitation: Invited) => PromiseLike<Response>]>([
      ['revoked', '410 invitation_revoked', ({ id }) => organization.owner.api.delete(pathOf(id))],
      ['declined', '410 invitation_declined', ({ token }) => decline(token)],
      ['sent again', '410 token_used', ({ id }) => organization.owner.api.post(`${pathOf(id)}/resend`)],
    ])('is either accepted or %s', async (_case, code, end) => {
      const people = await Promise.all(TWENTY.map(() => app.actors.user()));
      const invitations = await Promise.all(people.map(({ email }) => invited({ email })));
      const outcomes = await Promise.all(
        invitations.map(async (invitation, index) => {
          const calls = [() => end(invitation), () => acceptAs(people[index]!, invitation.token)];
          const [first, second] = await Promise.all(
            (index % 2 ? calls : calls.toReversed()).map((call) => served(call)),
          );
          return index % 2 ? [first!, second!] : [second!, first!];
        }),
      );
      for (const [index, [ended, accepted]] of outcomes.entries()) {
        const isAccepted = accepted!.status === 200;
        expect(codeOf(accepted!)).toBe(isAccepted ? '200 undefined' : code);
        expect(ended!.ok).toBe(!isAccepted);
        expect((await row(invitations[index]!)).member_id !== null).toBe(isAccepted);
      }
    });

    it('leaves no member behind whose account is deleted meanwhile', async () => {
      const people = await Promise.all(TWENTY.map(() => app.actors.user()));
      const invitations = await Promise.all(people.map(({ email }) => invited({ email })));
      await Promise.all(
        people.map(async (person, index) => {
          const calls = [() => person.api.delete('/me'), () => acceptAs(person, invitations[index]!.token)];
          const ordered = index % 2 ? calls : calls.toReversed();
          const answers = await Promise.all(ordered.map((call) => served<Response>(call)));
          const [gone, accepted] = index % 2 ? answers : answers.toReversed();
          expect(gone!.status).toBe(204);
          expect([
            '200 undefined',
            '401 unauthenticated',
            '403 invitation_not_yours',
            '410 token_used',
            '410 invitation_declined',
          ]).toContain(codeOf(accepted!));
        }),
      );
      expect((await members()).filter(({ status }) => status === 'active')).toHaveLength(1);
    });

    it('makes one user of an address that is registered at the same time', async () => {
      const addresses = TWENTY.slice(10).map(() => `${uuid()}@example.com`);
      await Promise.all(
        addresses.map(async (email) => {
          const { token } = await invited({ email });
          await app.anonymous.post('/auth/magic-links', { email }).expect(202);
          const link = tokenIn((await app.mailsTo(email))[0]!);
          const [accepted, signedIn] = await Promise.all([
            served(() => accept(token, { name: 'Grace' })),
            served(() => app.anonymous.post('/auth/magic-links/verify', { token: link })),
          ]);
          expect(['200 undefined', '401 unauthenticated']).toContain(codeOf(accepted));
          expect(signedIn.status).toBe(200);
          expect(await usersOf(email)).toHaveLength(1);
        }),
      );
    });

    it('makes no member of an organisation that is deleted, or by an inviter who has gone', async () => {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const place = await app.actors.organization();
        const admin = await app.actors.member(place, ['admin']);
        const actor = await app.actors.user();
        const first = await invite(app.database, place, { email: actor.email, memberId: admin.memberId });
        const [left, accepted] = await Promise.all([
          served(() => admin.api.delete(`/organizations/${place.id}/members/me`)),
          served(() => acceptAs(actor, first.token)),
        ]);
        expect(left.status).toBe(204);
        expect(['200 undefined', '410 invitation_void']).toContain(codeOf(accepted));

        const other = await app.actors.user();
        const second = await invite(app.database, place, { email: other.email });
        const [gone, late] = await Promise.all([
          served(() => place.owner.api.delete(`/organizations/${place.id}`)),
          served(() => acceptAs(other, second.token)),
        ]);
        expect(gone.status).toBe(204);
        expect(['200 undefined', '410 token_used']).toContain(codeOf(late));
      }
    });

    it('of an address that gets a user this moment makes one user', async () => {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const elsewhere = await app.actors.organization();
        const one = await invited();
        const other = await invite(app.database, elsewhere, { email: one.email });
        const answers = await Promise.all(
          TWENTY.map((number) => served(() => accept((number % 2 ? one : other).token, { name: 'Grace' }))),
        );
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
        expect(await usersOf(one.email)).toHaveLength(1);
      }
    });
  });

  describe('by a statement of the server’s own', () => {
    it('is no second membership’s, and puts nobody into its teams again', async () => {
      const { owner, id } = organization;
      const team = (await owner.api.post(`/organizations/${id}/teams`, { name: 'Secret', visibility: 'private' })).body
        .id;
      const invitation = await invited({ email: grace.email, teams: { [team]: 'member' } });
      const { body } = await acceptAs(grace, invitation.token).expect(200);
      const other = await app.actors.member(organization);
      await app.database.query('delete from team_members where team_id = $1', [team]);
      await connected(app.database.url('tenantry_app'), async (server) => {
        await server.query(
          `select set_config('app.organization_id', $1, false), set_config('app.user_id', $2, false)`,
          [id, grace.userId],
        );
        const { rows } = await server.query('select * from app.join_promised_teams($1)', [invitation.id]);
        expect(rows).toEqual([]);
        await expect(
          server.query('update invitations set member_id = $2 where id = $1', [invitation.id, other.memberId]),
        ).rejects.toThrow('an invitation makes a membership when it is accepted');
      });
      expect(await row(invitation)).toEqual({ status: 'accepted', member_id: body.membership.id });
      expect(await app.database.query('select from team_members where team_id = $1', [team])).toEqual([]);
    });
  });

  it('is looked up by indexes, however many users there are', async () => {
    const { token } = await invited();
    await app.database.query(
      `insert into users (email, email_key, name) select n || '@example.com', n || '@example.com', 'Many' from generate_series(1, 5000) n`,
    );
    await app.database.query('analyze users');
    const [body] = await app.database.query(`select prosrc as text from pg_proc where proname = 'invitee_is_known'`);
    const question = body!['text']
      .replaceAll('p_organization', `'${organization.id}'::uuid`)
      .replaceAll('p_token_hash', `sha256('${token}')`);
    const plan = await app.database.query(`explain ${question}`);
    const lines = plan.map((line) => String(line['QUERY PLAN'])).join('\n');
    expect(lines).toContain('using users_email_key_key on users');
  });
});
