import { Injectable } from '@nestjs/common';
import { callerSessionId, currentContext, currentRequest } from '../context/context.ts';
import { Database, sql } from '../database/index.ts';

/** What a harmless field was and is. A personal one only tells that it changed. */
export type Change = { readonly from: unknown; readonly to: unknown } | { readonly changed: true };

export interface AuditEvent {
  /** `noun.verb`, such as `organization.updated` (CONTRACT, section 7). */
  readonly action: string;
  readonly target: { readonly type: string; readonly id: string };
  /** The team that the target is, or is in. */
  readonly teamId?: string;
  readonly changes?: Readonly<Record<string, Change>>;
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
}

/** The write side of the organisation's log. */
@Injectable()
export class Audit {
  constructor(private readonly database: Database) {}

  /**
   * Writes an event of the caller's into the ambient organisation's log. It commits together with the change that it tells of.
   * @throws Error outside a transaction
   */
  record(event: AuditEvent): void {
    this.recordAll([event]);
  }

  /**
   * Writes events as `record` does, however many by one statement.
   * @throws Error outside a transaction
   */
  recordAll(events: readonly AuditEvent[]): void {
    if (events.length === 0) return;
    const { scope, request } = currentContext();
    this.database.defer(sql`
      insert into audit_events (
        action, outcome, actor_type, actor_id, actor_member_id, target_type, target_id, team_id, changes, metadata,
        ip_address, user_agent, request_id, session_id
      )
      select e.action, 'success', ${scope?.userId ? 'user' : 'system'}, ${scope?.userId ?? null}::uuid, ${scope?.memberId ?? null}::uuid,
          e.target_type, e.target_id, e.team_id, e.changes, e.metadata,
          ${request?.ipAddress ?? null}::inet, ${request?.userAgent ?? null}, ${request?.id ?? null}, ${callerSessionId()}::uuid
        from jsonb_to_recordset(${JSON.stringify(events.map(toRow))}::jsonb)
          as e (action text, target_type text, target_id uuid, team_id uuid, changes jsonb, metadata jsonb)`);
  }

  /**
   * Leaves in the ambient transaction whose request it is, for the events that triggers write of what follows from a change: such as
   * that whoever leaves an organisation leaves its teams. Call it ahead of the change.
   */
  async announce(): Promise<void> {
    const { ipAddress, userAgent, id } = currentRequest();
    const request = { ip_address: ipAddress, user_agent: userAgent, request_id: id, session_id: callerSessionId() };
    await this.database.query(sql`select set_config('app.request', ${JSON.stringify(request)}, true)`);
  }
}

function toRow({ action, target, teamId, changes = {}, metadata = {} }: AuditEvent): object {
  return { action, target_type: target.type, target_id: target.id, team_id: teamId, changes, metadata };
}
