import { Injectable } from '@nestjs/common';
import type { RequestInfo } from '../../core/context/context.ts';
import { Database, sql } from '../../core/database/index.ts';
import { List, type Rows, type Selection, timeKey } from '../../core/lists/index.ts';

/** Days that a refresh token, and with the newest of them its session, is valid for. */
export const LIFETIME_DAYS = 30;

/** Days after which somebody has to prove anew who they are, however often they come (ASVS 5.0, 7.3.2; docs/decisions/0008). */
const LONGEST_DAYS = 90;

export interface NewSession {
  readonly id: string;
  readonly authenticatedAt: Date;
  readonly methods: readonly string[];
}

/** How a session was begun, for another access token. */
export interface LiveSession {
  readonly authenticatedAt: Date;
  readonly methods: string[];
}

export interface RefreshTokenOwner {
  readonly userId: string;
  readonly sessionId: string;
  /** `live`: unspent. `repeated`: its spender asks again within 10 s. `reused`: anybody else does. */
  readonly state: 'live' | 'repeated' | 'reused';
}

/** A session as its person sees it. */
export interface OwnSession {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly ipAddress: string;
  readonly userAgent: string | null;
}

const own = new List<OwnSession>({
  from: sql`sessions`,
  columns: sql`
    id, created_at as "createdAt", last_seen_at as "lastSeenAt", host(ip_address) as "ipAddress", user_agent as "userAgent"`,
  keys: { created_at: timeKey(sql`created_at`) },
});

const isLive = sql`ended_at is null and expires_at > now()`;
/** Also where it has expired, and the next token of its outside issuer would prolong it. */
const canGoOn = sql`ended_at is null and (expires_at > now() or outside_key is not null)`;

/** All but `findRefreshToken` works in a user's own scope. */
@Injectable()
export class SessionsRepository {
  constructor(private readonly database: Database) {}

  /** Travels with the commit of the current transaction. */
  insert({ id, authenticatedAt, methods }: NewSession, { ipAddress, userAgent }: RequestInfo): void {
    this.database.defer(sql`
      insert into sessions (user_id, id, expires_at, authenticated_at, authentication_methods, ip_address, user_agent)
      values (app.user_id(), ${id}::uuid, now() + make_interval(days => ${LIFETIME_DAYS}),
        least(${authenticatedAt}, clock_timestamp()),
        ${methods}, ${ipAddress}::inet, ${userAgent})`);
  }

  /** Travels with the commit of the current transaction. */
  insertRefreshToken(hash: Buffer, sessionId: string): void {
    this.database.defer(sql`insert into refresh_tokens (hash, session_id) values (${hash}, ${sessionId}::uuid)`);
  }

  /** Answers in any scope; undefined for a token that is unknown or whose session is over. */
  async findRefreshToken(hash: Buffer, { ipAddress, userAgent }: RequestInfo): Promise<RefreshTokenOwner | undefined> {
    const [owner] = await this.database.query<RefreshTokenOwner>(sql`
      select user_id as "userId", session_id as "sessionId", state
      from app.find_refresh_token(${hash}, ${ipAddress}::inet, ${userAgent})`);
    return owner;
  }

  /**
   * Spends a token, puts its successor in its place and prolongs the session, in one statement. The session's row is taken
   * first, so that of many at once one gets through.
   * @returns undefined, and nothing changed, where the token has been spent or the session has ended
   */
  async rotate(
    hash: Buffer,
    successor: Buffer,
    { sessionId }: RefreshTokenOwner,
    { ipAddress, userAgent }: RequestInfo,
  ): Promise<LiveSession | undefined> {
    const [session] = await this.database.query<LiveSession>(sql`
      with session as (
        update sessions set last_seen_at = now(), expires_at = least(
            now() + make_interval(days => ${LIFETIME_DAYS}), authenticated_at + make_interval(days => ${LONGEST_DAYS}))
          where user_id = app.user_id() and id = ${sessionId}::uuid and ${isLive}
          returning id, authenticated_at, authentication_methods
      ), spent as (
        update refresh_tokens t
          set spent_at = clock_timestamp(), spent_ip_address = ${ipAddress}::inet, spent_user_agent = ${userAgent}
          from session where t.hash = ${hash} and t.session_id = session.id and t.spent_at is null
          returning t.session_id
      ), placed as (
        insert into refresh_tokens (hash, session_id) select ${successor}::bytea, session_id from spent returning session_id
      )
      select authenticated_at as "authenticatedAt", authentication_methods as "methods"
        from session join placed on placed.session_id = session.id`);
    return session;
  }

  async findLive(id: string): Promise<LiveSession | undefined> {
    const [session] = await this.database.query<LiveSession>(sql`
      select authenticated_at as "authenticatedAt", authentication_methods as "methods" from sessions
      where user_id = app.user_id() and id = ${id}::uuid and ${isLive}`);
    return session;
  }

  /** @returns false where it was over before; one of an outside issuer that has expired is not, as its next token would prolong it */
  async end(id: string): Promise<boolean> {
    const rows = await this.database.query(sql`
      update sessions set ended_at = now()
      where user_id = app.user_id() and id = ${id}::uuid and ${canGoOn} returning id`);
    return rows.length === 1;
  }

  /** Voids what the user of the scope was asked for a second factor and has not answered: sessions that have not begun yet. */
  async voidChallenges(): Promise<void> {
    await this.database.query(sql`select app.void_mfa_challenges()`);
  }

  /**
   * Ends every session of the user of the scope but one.
   * @param id of the one that goes on; null: none does
   * @returns the ids of those that have ended now
   */
  async endAllBut(id: string | null): Promise<string[]> {
    const ended = await this.database.query<{ id: string }>(sql`
      update sessions set ended_at = now()
      where user_id = app.user_id() and ${canGoOn} and id is distinct from ${id}::uuid
      returning id`);
    return ended.map((session) => session.id);
  }

  /** @returns false for a session of an issuer that has never told when its person proved who they are */
  async isRenewable(id: string): Promise<boolean> {
    const [session] = await this.database.query<{ isRenewable: boolean }>(sql`
      select outside_key is null or authenticated_at > 'epoch' as "isRenewable" from sessions
      where user_id = app.user_id() and id = ${id}::uuid`);
    return session?.isRenewable ?? false;
  }

  /** Its person has proved anew who they are. @returns false where it is over */
  async recordProof(id: string, methods: readonly string[]): Promise<boolean> {
    const rows = await this.database.query(sql`
      update sessions set authenticated_at = clock_timestamp(), authentication_methods = authentication_methods
          || array(select m from unnest(${methods}::text[]) as m where m <> all (authentication_methods))
        where user_id = app.user_id() and id = ${id}::uuid and ${isLive} returning id`);
    return rows.length === 1;
  }

  /** @returns a page of those that are not over */
  async list(selection: Selection): Promise<Rows<OwnSession>> {
    return own.read(this.database, selection, [sql`user_id = app.user_id()`, isLive]);
  }
}
