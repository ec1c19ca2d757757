import { randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { v7 as uuid } from 'uuid';
import type { Config } from '../../src/config/index.ts';
import { ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE } from '../../src/core/access/index.ts';
import type { Clock } from '../../src/core/clock/clock.ts';
import { SigningKey } from '../../src/core/crypto/index.ts';
import type { Client } from './client.ts';
import type { TestDatabase } from './database.ts';

/** A user with a live session. */
export interface Actor {
  readonly userId: string;
  readonly sessionId: string;
  readonly email: string;
  /** Calls the API as this user. */
  readonly api: Client;
}

export interface Member extends Actor {
  readonly memberId: string;
}

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly owner: Actor;
}

const MILLISECONDS = 1000;
const TOKEN_SECONDS = 600;

/** Makes users, organisations and members: rows as sign-in and invitations leave them, without going through those. */
export class Actors {
  readonly #signingKey: SigningKey;

  constructor(
    private readonly anonymous: Client,
    private readonly database: TestDatabase,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {
    this.#signingKey = new SigningKey(config.accessTokenKey);
  }

  async user(name = 'Ada'): Promise<Actor> {
    const [userId, sessionId] = [uuid(), uuid()];
    const email = `${userId}@example.com`;
    await this.database.query(
      `with u as (insert into users (id, email, email_key, name) values ($1, $2, $2, $3) returning id)
       insert into sessions (user_id, id, expires_at, authentication_methods, ip_address)
         select id, $4, now() + interval '30 days', '{pwd}', '127.0.0.1' from u`,
      [userId, email, name, sessionId],
    );
    return { userId, sessionId, email, api: this.anonymous.as(this.token(userId, sessionId)) };
  }

  /** @returns an access token as sign-in gives it (RFC 9068); `change` overrides claims */
  token(userId: string, sessionId: string, change: jwt.JwtPayload = {}): string {
    const now = Math.floor(this.clock.now().getTime() / MILLISECONDS);
    const claims = {
      iss: this.config.apiUrl,
      aud: this.config.apiUrl,
      sub: userId,
      sid: sessionId,
      jti: randomUUID(),
      iat: now,
      exp: now + TOKEN_SECONDS,
      auth_time: now,
      amr: ['pwd'],
      ...change,
    };
    const header = { alg: ACCESS_TOKEN_ALGORITHM, typ: ACCESS_TOKEN_TYPE, kid: this.#signingKey.id };
    return jwt.sign(claims, this.#signingKey.privateKey, { algorithm: ACCESS_TOKEN_ALGORITHM, header });
  }

  /** Creates it through the API. */
  async organization(owner?: Actor, body: object = {}): Promise<Organization> {
    const founder = owner ?? (await this.user());
    const response = await founder.api.post('/organizations', { name: 'Acme', ...body }).expect(201);
    const { id, name, slug } = response.body;
    return { id, name, slug, owner: founder };
  }

  /** A new user who is a member; `roles` are keys, and none at all permits nothing. */
  async member(organization: Organization, roles: readonly string[] = ['member'], status = 'active'): Promise<Member> {
    const user = await this.user('Grace');
    const memberId = uuid();
    await this.database.query(`insert into members (organization_id, id, user_id, status) values ($1, $2, $3, $4)`, [
      organization.id,
      memberId,
      user.userId,
      status,
    ]);
    await this.database.query(
      `insert into member_roles (organization_id, member_id, role_id)
         select organization_id, $2, id from roles where organization_id = $1 and key = any ($3)`,
      [organization.id, memberId, roles],
    );
    return { ...user, memberId };
  }
}
