import { Injectable } from '@nestjs/common';
import { Database, sql } from '../../core/database/index.ts';
import type { SecurityEvent } from './security-events.ts';

export interface SecurityEventRow extends SecurityEvent {
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

@Injectable()
export class SecurityEventsRepository {
  constructor(private readonly database: Database) {}

  append({ action, outcome, sessionId, changes, ipAddress, userAgent, requestId }: SecurityEventRow): void {
    this.database.defer(sql`
      insert into security_events (action, outcome, session_id, changes, ip_address, user_agent, request_id)
      values (${action}, ${outcome}, ${sessionId ?? null}::uuid, ${JSON.stringify(changes ?? {})}::jsonb,
        ${ipAddress}::inet, ${userAgent}, ${requestId})`);
  }
}
