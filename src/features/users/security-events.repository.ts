import { Injectable } from '@nestjs/common';
import type { RequestInfo } from '../../core/context/context.ts';
import { Database, sql } from '../../core/database/index.ts';
import type { SecurityEvent } from './security-events.ts';

/** What the server adds to what an event tells. */
export interface Circumstances {
  readonly addressHash: Buffer | null;
  /** From which was called. */
  readonly callerSessionId: string | null;
  readonly request: RequestInfo;
}

/** Works in a user's own scope. */
@Injectable()
export class SecurityEventsRepository {
  constructor(private readonly database: Database) {}

  /** @returns null where the user has no address, or not yet */
  async findEmailKey(): Promise<string | null> {
    const [user] = await this.database.query<{ key: string | null }>(
      sql`select email_key as key from users where id = app.user_id()`,
    );
    return user?.key ?? null;
  }

  /** Travels with the commit of the current transaction. */
  append(
    { action, outcome, sessionId, changes }: SecurityEvent,
    { addressHash, callerSessionId, request: { id, ipAddress, userAgent } }: Circumstances,
  ): void {
    this.database.defer(sql`
      insert into security_events
        (action, outcome, session_id, caller_session_id, address_hash, changes, ip_address, user_agent, request_id)
      values (${action}, ${outcome}, ${sessionId ?? null}::uuid, ${callerSessionId}::uuid, ${addressHash}::bytea,
        ${JSON.stringify(changes ?? {})}::jsonb, ${ipAddress}::inet, ${userAgent}, ${id})`);
  }
}
