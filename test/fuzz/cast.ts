import { v7 } from 'uuid';
import { teamRoleIds } from '../../src/core/access/index.ts';
import { Passwords } from '../../src/core/crypto/index.ts';
import type { Actor, Organization } from '../support/actors.ts';
import type { TestApp } from '../support/app.ts';
import { tokenIn } from '../support/auth.ts';
import { RECOVERY_CODE, TestFactor } from '../support/second-factor.ts';
import type { TestDatabase } from '../support/database.ts';
import { Teams } from '../support/teams.ts';
import type { Dice } from './dice.ts';
import type { Familiar } from './sample.ts';

/** What the application under test is configured with. */
export const ALLOWED_ORIGIN = 'https://app.example.com';
export const METRICS_TOKEN = 'metrics-token-of-the-fuzzed-server';

/** Longer than an access token lives. */
const AGE_SECONDS = 3_600;
const LEAVING = 16;
/** Most of what there is takes the rights of one. */
const OWNERS = 12;
const DEVICES = 40;
const PASSWORD = 'correct horse battery';
const NO_SIGNATURE = 'eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiIxIn0.';

type Header = readonly [name: string, value: string];

/** Who sends requests, and what they are let into. */
export interface Caller {
  readonly name: string;
  readonly headers: readonly Header[];
  /** Ids of the organisations that they may know of. */
  readonly organizations: ReadonlySet<string>;
}

/** An organisation of which no caller is a member. What is in it appears in no answer, and nothing changes it. */
export interface Stranger {
  readonly organization: Organization;
  /** Found in its name, slug and metadata, and in the names of its people. */
  readonly marker: string;
}

/** Who calls some operations, and with what: in the hands of everybody, what these take would be gone soon. */
interface Part {
  readonly operations: RegExp;
  /** Everybody, unless given. */
  readonly callers?: readonly Caller[];
  readonly organization?: string;
  /** In place of those of the cast. */
  readonly familiar?: Familiar;
}

/** The callers of some requests. They change what they are let, so that each thousand gets new ones. */
export class Cast {
  private constructor(
    readonly callers: readonly Caller[],
    private readonly parts: readonly Part[],
    readonly organizations: readonly string[],
    /** Values for members and parameters of the name. */
    private readonly familiar: Familiar,
  ) {}

  static async of(app: TestApp, stranger: Stranger): Promise<Cast> {
    const { actors } = app;
    const owner = await actors.user('Ada');
    const passwordHash = await app.nest.get(Passwords).hash(PASSWORD);
    await app.database.query('insert into passwords (user_id, hash) values ($1, $2)', [owner.userId, passwordHash]);
    const home = await actors.organization(owner, { slug: `home-${v7()}` });
    const outsider = await actors.user('Bob');
    const elsewhere = await actors.organization(outsider, { slug: `elsewhere-${v7()}` });
    const member = await actors.member(home);
    const powerless = await actors.member(home, []);
    const suspended = await actors.member(home, ['owner'], 'suspended');
    const removed = await actors.member(home, ['owner'], 'removed');
    const signIn = await app.anonymous.post('/auth/login', { email: owner.email, password: PASSWORD }).expect(200);

    const address = `${v7()}@example.com`;
    await app.anonymous.post('/auth/register', { email: address, name: 'Fay' }).expect(202);
    const [mail] = await app.mailsTo(address);
    // Whoever sets a password voids the links that wait, so this one is sent to somebody who calls nothing.
    const absent = await actors.user('Lea');
    await app.anonymous.post('/auth/magic-links', { email: absent.email }).expect(202);
    const [link] = await app.mailsTo(absent.email);
    // Who chooses a new password ends their sessions, and nobody else needs hers.
    const forgetful = await actors.user('Eve');
    await app.anonymous.post('/auth/password/forgot', { email: forgetful.email }).expect(202);
    const [reset] = await app.mailsTo(forgetful.email);

    // Whoever has an app is asked for a code, and takes it away sooner or later.
    const careful = await Promise.all(Array.from({ length: LEAVING }, () => actors.user('Joan')));
    const tokens: string[] = [];
    for (const actor of careful) {
      const { userId, email } = actor;
      await app.database.query('insert into passwords (user_id, hash) values ($1, $2)', [userId, passwordHash]);
      // One after the other: on a busy machine many at once are answered 503.
      await TestFactor.active(app, actor);
      const asked = await app.anonymous.post('/auth/login', { email, password: PASSWORD }).expect(200);
      tokens.push(asked.body.mfa_token);
    }
    const enrolling = await actors.user('Mae');
    const factor = await TestFactor.enroll(app, enrolling.api);

    const founding = await actors.user('Zoe');
    const founded = await actors.organization(founding, { slug: `founded-${v7()}` });
    const offering = await actors.organization(founding, { slug: `offering-${v7()}` });
    const heir = await actors.member(offering);
    const offered = async (): Promise<{ organization: string; familiar: Familiar }> => {
      const organization = await actors.organization(founding, { slug: `offered-${v7()}` });
      const partner = await actors.member(organization, ['owner']);
      const [transfer] = await app.database.query<{ id: string }>(
        `insert into ownership_transfers (organization_id, proposer_id, receiver_id, keep_role)
           select organization_id, $2, id, 'admin' from members where organization_id = $1 and user_id = $3 returning id`,
        [organization.id, partner.memberId, founding.userId],
      );
      return { organization: organization.id, familiar: { transfer_id: [transfer!.id] } };
    };
    const [accepted, cancelled] = [await offered(), await offered()];
    const founder = bearer(
      'founding',
      founding,
      new Set([founded.id, offering.id, accepted.organization, cancelled.organization]),
    );
    const leaving = await Promise.all(Array.from({ length: LEAVING }, () => actors.user('Eve')));
    const travelling = await actors.user('Ina');
    const devices = await app.database.query<{ id: string }>(
      `insert into sessions (user_id, expires_at, authentication_methods, ip_address)
         select user_id, expires_at, authentication_methods, ip_address from sessions, generate_series(1, $2)
           where id = $1 returning id`,
      [travelling.sessionId, DEVICES],
    );

    const known = new Set([home.id]);
    const colleagues = await Promise.all(Array.from({ length: 2 * LEAVING }, () => actors.member(home)));
    const teams = new Teams(app, home);
    const squad = await teams.create();
    const passing = await Promise.all(Array.from({ length: LEAVING }, () => teams.create()));
    const gone = await Promise.all(Array.from({ length: LEAVING }, () => teams.create()));
    await Promise.all(gone.map((id) => owner.api.delete(teams.path(id)).expect(204)));
    const made = await app.database.query<{ id: string }>(
      `insert into roles (organization_id, scope, key, name, permissions)
         select $1, 'organization', 'made-' || n, 'Made', '{members:read}' from generate_series(1, $2) as n returning id`,
      [home.id, 2 * LEAVING],
    );
    const players = await app.database.query<{ id: string }>(
      `insert into team_members (organization_id, team_id, member_id, role_id)
         select $1, $2, unnest($3::uuid[]), $4 returning id`,
      [home.id, squad, colleagues.slice(LEAVING / 2).map(({ memberId }) => memberId), teamRoleIds.member],
    );
    const invite = async (email: string) => {
      const terms = { email, roles: ['member'], deliver: false };
      const { body } = await owner.api.post(`/organizations/${home.id}/invitations`, terms).expect(201);
      return { id: String(body.id), token: String(body.accept_url).split('#token=')[1]! };
    };
    const invited = await Promise.all(Array.from({ length: LEAVING }, () => invite(`${v7()}@example.com`)));
    /** One part for each way in which an invitation is dealt with. */
    const guest = async (operations: RegExp): Promise<Part> => {
      const actor = await actors.user('Gus');
      const { id, token } = await invite(actor.email);
      return {
        operations,
        callers: [bearer('guest', actor, known)],
        familiar: { invitation_id: [id], token: [token] },
      };
    };
    const expired = actors.token(owner.userId, owner.sessionId, AGE_SECONDS);
    const nobodys = actors.token(v7(), v7());
    return new Cast(
      [
        caller('anonymous'),
        ...Array.from({ length: OWNERS }, () => bearer('owner', owner, known)),
        bearer('member', member, known),
        bearer('powerless', powerless, known),
        bearer('suspended', suspended, known),
        bearer('removed', removed),
        bearer('outsider', outsider, new Set([elsewhere.id])),
        caller('expired', [['Authorization', `Bearer ${expired}`]]),
        caller('operator', [['Authorization', `Bearer ${METRICS_TOKEN}`]]),
        caller('nobody', [['Authorization', `Bearer ${nobodys}`]]),
        caller('unsigned', [['Authorization', `Bearer ${NO_SIGNATURE}`]]),
        cookie('owner in a browser', owner, ALLOWED_ORIGIN, known),
        cookie('owner lured elsewhere', owner, 'https://evil.example', known),
      ],
      [
        {
          operations: /^\/metrics$/,
          callers: [caller('anonymous'), caller('operator', [['Authorization', `Bearer ${METRICS_TOKEN}`]])],
        },
        { operations: /^sessions_(?:end|list)$/, callers: [bearer('travelling', travelling)] },
        {
          operations: /^members_leave$/,
          callers: colleagues.slice(LEAVING).map((actor) => bearer('departing', actor, known)),
        },
        { operations: /^secondFactor_activate$/, callers: [bearer('enrolling', enrolling)] },
        { operations: /^secondFactor_(?:remove|replace)/, callers: careful.map((actor) => bearer('careful', actor)) },
        { operations: /^organizations_(?:delete|restore)$/, callers: [founder], organization: founded.id },
        {
          operations: /^ownershipTransfers_propose$/,
          callers: [founder],
          organization: offering.id,
          familiar: { member_id: [heir.memberId], keep_role: ['member'] },
        },
        { operations: /^ownershipTransfers_accept$/, callers: [founder], ...accepted },
        { operations: /^ownershipTransfers_/, callers: [founder], ...cancelled },
        {
          operations: /^roles_delete$/,
          familiar: { role_id: made.slice(LEAVING).map(({ id }) => id), reassign_to: ['member'] },
        },
        { operations: /^teams_delete$/, familiar: { team_id: passing } },
        { operations: /^teams_restore$/, familiar: { team_id: gone } },
        { operations: /^invitations_create/, familiar: { email: colleagues.map(() => `${v7()}@example.com`) } },
        await guest(/^invitationTokens_accept$/),
        await guest(/^invitationTokens_decline$/),
        await guest(/^invitationTokens_/),
        await guest(/^ownInvitations_/),
        {
          operations: /logout|^sessions|^account/,
          callers: leaving.map((actor, number) =>
            number % 2 ? bearer('leaving', actor) : cookie('leaving', actor, ALLOWED_ORIGIN),
          ),
        },
      ],
      [home.id, home.id, elsewhere.id, founded.id, stranger.organization.id],
      {
        email: [owner.email],
        password: [PASSWORD],
        refresh_token: [signIn.body.refresh_token],
        token: [tokenIn(mail!), tokenIn(link!), tokenIn(reset!)],
        mfa_token: tokens,
        code: [RECOVERY_CODE, factor.code(), factor.code(1)],
        slug: [home.slug],
        member_id: colleagues.slice(0, LEAVING).map(({ memberId }) => memberId),
        roles: ['member', 'admin'],
        invitation_id: invited.map(({ id }) => id),
        team_id: [squad],
        team_member_id: players.map(({ id }) => id),
        role: ['member', 'viewer'],
        role_id: made.slice(0, LEAVING).map(({ id }) => id),
        permission: ['members:read', 'teams:read'],
        permissions: ['members:read', 'teams:read'],
        session_id: devices.map(({ id }) => id),
      },
    );
  }

  caller(operationId: string, dice: Dice): Caller {
    return dice.pick(this.#part(operationId)?.callers ?? this.callers);
  }

  organization(operationId: string, dice: Dice): string {
    const likely = this.#part(operationId)?.organization ?? this.organizations[0]!;
    return dice.pick([...this.organizations, likely, likely, likely, v7()]);
  }

  familiarTo(operationId: string): Familiar {
    return { ...this.familiar, ...this.#part(operationId)?.familiar };
  }

  #part(operationId: string): Part | undefined {
    return this.parts.find(({ operations }) => operations.test(operationId));
  }
}

/** Makes what nobody may see. */
export async function createStranger(app: TestApp): Promise<Stranger> {
  const marker = `unseen${v7().slice(-12)}`;
  const owner = await app.actors.user(marker);
  const organization = await app.actors.organization(owner, {
    name: marker,
    slug: `${marker}-slug`,
    metadata: { [marker]: marker },
  });
  const { userId } = await app.actors.member(organization);
  await app.database.query('update users set name = $2, email = $3, email_key = $3 where id = $1', [
    userId,
    marker,
    `${marker}@example.com`,
  ]);
  const role = { key: marker, name: marker, description: marker, scope: 'organization', permissions: ['members:read'] };
  await owner.api.post(`/organizations/${organization.id}/roles`, role).expect(201);
  await owner.api.post(`/organizations/${organization.id}/teams`, { name: marker, slug: marker }).expect(201);
  return { organization, marker };
}

/** @returns every row that belongs to the stranger, to see that nobody changes one */
export async function rowsOf({ organization }: Stranger, database: TestDatabase): Promise<unknown> {
  const tables = await database.query<{ name: string }>(
    `select table_name as name from information_schema.columns
       where table_schema = 'public' and column_name = 'organization_id' order by 1`,
  );
  const rows = ({ name }: { name: string }): Promise<unknown> =>
    database.query(`select * from ${name} where organization_id = $1 order by 1, 2`, [organization.id]);
  const own = await database.query('select * from organizations where id = $1', [organization.id]);
  return [own, await Promise.all(tables.map(rows))];
}

function caller(name: string, headers: readonly Header[] = [], organizations: ReadonlySet<string> = new Set()): Caller {
  return { name, headers, organizations };
}

function bearer(name: string, { api }: Actor, organizations?: ReadonlySet<string>): Caller {
  return caller(name, [['Authorization', `Bearer ${api.token}`]], organizations);
}

function cookie(name: string, { api }: Actor, origin: string, organizations?: ReadonlySet<string>): Caller {
  const headers: Header[] = [
    ['Cookie', `theme=dark; __Host-tenantry_access=${api.token}`],
    ['Origin', origin],
  ];
  return caller(name, headers, organizations);
}
