import { Injectable } from '@nestjs/common';
import type { RequestInfo } from '../../core/context/context.ts';
import { Database, sql } from '../../core/database/index.ts';
import { anyOf, List, named, type Rows, type Selection, timeKey, within } from '../../core/lists/index.ts';
import { halfProvedActions } from './security-actions.ts';
import type { SecurityEvent } from './security-events.ts';

/** What the server adds to what an event tells. */
export interface Circumstances {
  readonly addressHash: Buffer | null;
  /** From which was called. */
  readonly callerSessionId: string | null;
  readonly request: RequestInfo;
}

/** An event as its person sees it. */
export interface OwnSecurityEvent {
  readonly id: string;
  readonly userId: string;
  readonly occurredAt: Date;
  readonly action: string;
  readonly outcome: string;
  /** Done before it was known who calls. */
  readonly isAnonymous: boolean;
  readonly isByOperator: boolean;
  readonly sessionId: string | null;
  readonly callerSessionId: string | null;
  readonly changes: object;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

export interface SecurityEventsFilter {
  /** Exact, or `auth.*`. */
  readonly actions?: readonly string[] | undefined;
  readonly outcomes?: readonly string[] | undefined;
  readonly occurred: { readonly after?: string | undefined; readonly before?: string | undefined };
  readonly selection: Selection;
}

/** By column: nobody reads the hash of an address. */
const own = new List<OwnSecurityEvent>({
  with: sql`own as (
    select id, user_id, occurred_at, action, outcome, anonymous, operator_call_id, session_id, caller_session_id, changes,
        ip_address, user_agent, request_id
      from security_events where user_id = app.user_id()
  )`,
  from: sql`own`,
  columns: sql`
    id, user_id as "userId", occurred_at as "occurredAt", action, outcome, anonymous as "isAnonymous",
    operator_call_id is not null as "isByOperator", session_id as "sessionId", caller_session_id as "callerSessionId", changes, host(ip_address) as "ipAddress",
    user_agent as "userAgent", request_id as "requestId"`,
  keys: { occurred_at: timeKey(sql`occurred_at`) },
});

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
    const isHalfProved = callerSessionId === null && halfProvedActions.has(action);
    this.database.defer(sql`
      insert into security_events
        (action, outcome, anonymous, session_id, caller_session_id, address_hash, changes, ip_address, user_agent, request_id)
      values (${action}, ${outcome}, app.user_id() is null or ${isHalfProved}, ${sessionId ?? null}::uuid, ${callerSessionId}::uuid, ${addressHash}::bytea,
        ${JSON.stringify(changes ?? {})}::jsonb, ${ipAddress}::inet, ${userAgent}, ${id})`);
  }

  async list({ actions, outcomes, occurred, selection }: SecurityEventsFilter): Promise<Rows<OwnSecurityEvent>> {
    return own.read(this.database, selection, [
      named(sql`action`, actions),
      anyOf(sql`outcome`, 'text', outcomes),
      within(sql`occurred_at`, occurred),
    ]);
  }
}
