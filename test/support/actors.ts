import { v7 as uuid } from 'uuid';
import type { Config } from '../../src/config/index.ts';
import { SigningKey } from '../../src/core/crypto/index.ts';
import { AccessTokens } from '../../src/features/auth/access-tokens.ts';
import type { Client } from './client.ts';
import type { TestClock } from './clock.ts';
import type { TestDatabase } from './database.ts';
import { type Person, person } from './person.ts';

/** A user with a live session. */
export interface Actor extends Person {
  /** Calls the API as this user. */
  readonly api: Client;
}

export interface Member extends Actor {
  readonly memberId: string;
}

export type MemberStatus = 'active' | 'suspended' | 'removed';

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly owner: Actor;
}

const MS_PER_SECOND = 1000;

/** Makes users, organisations and members: rows as sign-in and invitations leave them, without going through those. */
export class Actors {
  readonly #key: SigningKey;

  constructor(
    private readonly anonymous: Client,
    private readonly database: TestDatabase,
    private readonly config: Config,
    private readonly clock: TestClock,
  ) {
    this.#key = new SigningKey(config.accessTokenKey);
  }

  async user(name = 'Ada'): Promise<Actor> {
    const user = await person(this.database, name);
    return { ...user, api: this.anonymous.as(this.token(user.userId, user.sessionId)) };
  }

  /** @returns an access token as sign-in gave it so many seconds ago */
  token(userId: string, sessionId: string, age = 0): string {
    const then = this.clock.behind(age * MS_PER_SECOND);
    const tokens = new AccessTokens(this.config, then, this.#key);
    return tokens.sign({ userId, sessionId, authenticatedAt: then.now(), methods: ['pwd'] });
  }

  /** Creates it through the API. */
  async organization(owner?: Actor, body: object = {}): Promise<Organization> {
    const founder = owner ?? (await this.user());
    const response = await founder.api.post('/organizations', { name: 'Acme', ...body }).expect(201);
    const { id, name, slug } = response.body;
    return { id, name, slug, owner: founder };
  }

  /** One with two owners, either of whom may leave. */
  async sharedOrganization(): Promise<Organization> {
    const organization = await this.organization();
    await this.member(organization, ['owner']);
    return organization;
  }

  /** A new user who is a member, or was one; `roles` are keys, and none at all permits nothing. */
  async member(
    organization: Pick<Organization, 'id'>,
    roles: readonly string[] = ['member'],
    status: MemberStatus = 'active',
  ): Promise<Member> {
    const user = await this.user('Grace');
    const memberId = uuid();
    await this.database.query(`insert into members (organization_id, id, user_id, status) values ($1, $2, $3, $4)`, [
      organization.id,
      memberId,
      user.userId,
      status === 'removed' ? 'active' : status,
    ]);
    await this.database.query(
      `insert into member_roles (organization_id, member_id, role_id)
         select organization_id, $2, id from roles where organization_id = $1 and scope = 'organization' and key = any ($3)`,
      [organization.id, memberId, roles],
    );
    if (status === 'removed')
      await this.database.query('select app.remove_member($1, $2)', [organization.id, memberId]);
    return { ...user, memberId };
  }
}
