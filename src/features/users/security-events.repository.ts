import { Injectable } from '@nestjs/common';
import type { RequestInfo } from '../../core/context/context.ts';
import { Database, sql } from '../../core/database/index.ts';
import type { SecurityEvent } from './security-events.ts';

@Injectable()
export class SecurityEventsRepository {
  constructor(private readonly database: Database) {}

  append({ action, outcome, sessionId, changes }: SecurityEvent, { id, ipAddress, userAgent }: RequestInfo): void {
    this.database.defer(sql`
      insert into security_events (action, outcome, session_id, changes, ip_address, user_agent, request_id)
      values (${action}, ${outcome}, ${sessionId ?? null}::uuid, ${JSON.stringify(changes ?? {})}::jsonb,
        ${ipAddress}::inet, ${userAgent}, ${id})`);
  }
}
