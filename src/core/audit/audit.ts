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
  record({ action, target, teamId, changes = {}, metadata = {} }: AuditEvent): void {
    const { scope, request } = currentContext();
    this.database.defer(sql`
      insert into audit_events (
        action, outcome, actor_type, actor_id, actor_member_id, target_type, target_id, team_id, changes, metadata,
        ip_address, user_agent, request_id, session_id
      ) values (
        ${action}, 'success', ${scope?.userId ? 'user' : 'system'}, ${scope?.userId ?? null}, ${scope?.memberId ?? null},
        ${target.type}, ${target.id}, ${teamId ?? null}, ${JSON.stringify(changes)}::jsonb, ${JSON.stringify(metadata)}::jsonb,
        ${request?.ipAddress ?? null}, ${request?.userAgent ?? null}, ${request?.id ?? null},
        ${callerSessionId()}
      )`);
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
