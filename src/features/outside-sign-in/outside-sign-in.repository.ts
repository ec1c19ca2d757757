import { Injectable } from '@nestjs/common';
import type { RequestInfo } from '../../core/context/context.ts';
import { Database, sql } from '../../core/database/index.ts';
import type { EmailIdentity } from '../users/index.ts';

/** Days until a token of the session has to be seen again, however long that one is good for. */
const LONGEST_DAYS = 30;

export interface OutsideSession {
  readonly key: Buffer;
  readonly expiresAt: Date;
  readonly authenticatedAt: Date;
}

@Injectable()
export class OutsideSignInRepository {
  constructor(private readonly database: Database) {}

  /** Answers in any scope. @returns null where nobody has the address, or somebody who is suspended */
  async findUser({ key }: EmailIdentity): Promise<string | null> {
    const { id } = await this.database.one<{ id: string | null }>(sql`select app.find_active_user(${key}) as id`);
    return id;
  }

  /** Answers in any scope. Of somebody who is suspended, it is in their log; otherwise in nobody's. */
  async recordRefusal(
    { key }: EmailIdentity,
    addressHash: Buffer,
    { id, ipAddress, userAgent }: RequestInfo,
  ): Promise<void> {
    await this.database.query(
      sql`select app.record_refused_sign_in(${key}, ${addressHash}, ${ipAddress}::inet, ${userAgent}, ${id})`,
    );
  }

  /**
   * Begins a session of the user in whose scope the current transaction runs, or prolongs the one of that key; one that has
   * ended stays so. The latest proof counts, whichever token tells of it.
   */
  async begin(
    { key, expiresAt, authenticatedAt }: OutsideSession,
    { ipAddress, userAgent }: RequestInfo,
  ): Promise<{ id: string; isNew: boolean }> {
    return this.database.one(sql`
      insert into sessions as s
        (user_id, outside_key, expires_at, authenticated_at, authentication_methods, ip_address, user_agent)
      values (app.user_id(), ${key}, least(${expiresAt}, now() + make_interval(days => ${LONGEST_DAYS})),
        least(${authenticatedAt}, now()), array['outside'], ${ipAddress}::inet, ${userAgent})
      on conflict (user_id, outside_key) do update
        set expires_at = greatest(s.expires_at, excluded.expires_at), last_seen_at = now(),
          authenticated_at = greatest(s.authenticated_at, excluded.authenticated_at)
      returning id, xmax = 0 as "isNew"`);
  }
}
