import {
  Choice,
  CursorQuery,
  Identifier,
  Integer,
  ListParameter,
  Metadata,
  Nested,
  rules,
  selectionOf,
  Text,
  Timestamp,
} from '../../core/http/index.ts';
import { securityActions } from './security-actions.ts';
import type { OwnSecurityEvent, SecurityEventsFilter } from './security-events.repository.ts';

const OUTCOMES = ['success', 'denied', 'failure'];
const LONGEST_ACTION = 100;
const ACTION = {
  max: LONGEST_ACTION,
  description: `So far: ${securityActions.map((action) => `\`${action}\``).join(', ')}. There may be more one day.`,
  example: 'auth.signed_in',
};
const actionName = rules.text({ max: LONGEST_ACTION, pattern: /^[a-z_]+\.(?:\*|[a-z_]+)$/ });

export class SecurityEventsQuery extends CursorQuery {
  @ListParameter(actionName, { description: 'Any of these; `auth.*` for all that begin so.' })
  action?: string[];

  @ListParameter(rules.choice(OUTCOMES), { description: 'Any of these.' })
  outcome?: string[];

  @Timestamp({ optional: true, description: 'At this time or later.' })
  occurred_after?: string;

  @Timestamp({ optional: true, description: 'Before this time.' })
  occurred_before?: string;
}

class SecurityEventActor {
  @Choice(['user', 'anonymous', 'system'], {
    description: '`anonymous`: it was not known yet who calls. `system`: whoever runs the service.',
    example: 'user',
  })
  type: string;

  @Identifier({ nullable: true })
  id: string | null;

  @Identifier({ nullable: true, description: 'null: it was in no organization.' })
  member_id: null;
}

class SecurityEventTarget {
  @Choice(['user', 'session'], { example: 'session' })
  type: string;

  @Identifier()
  id: string;
}

class SecurityEventContext {
  @Text({ nullable: true, example: '203.0.113.7' })
  ip_address: string | null;

  @Text({ nullable: true, example: 'Mozilla/5.0' })
  user_agent: string | null;

  @Text({ nullable: true, example: '0193c1a2-5b7e-7c44-9d55-3f0a9e6b2f10' })
  request_id: string | null;

  @Identifier({ nullable: true, description: 'From which was called, or which was begun.' })
  session_id: string | null;
}

/** Like every audit event; what only one of an organization can have is null. */
export class SecurityEventResponse {
  @Identifier()
  id: string;

  @Timestamp()
  occurred_at: string;

  @Integer({ nullable: true, min: 1, description: 'null: your own events are not numbered.', example: null })
  sequence: null;

  @Text(ACTION)
  action: string;

  @Choice(OUTCOMES, { example: 'success' })
  outcome: string;

  @Nested(() => SecurityEventActor)
  actor: SecurityEventActor;

  @Nested(() => SecurityEventTarget)
  target: SecurityEventTarget;

  @Identifier({ nullable: true, description: 'null: it was in no team.' })
  team_id: null;

  @Metadata({
    description: 'The fields that changed. Their values are personal, and not kept.',
    example: { name: { changed: true } },
  })
  changes: object;

  @Nested(() => SecurityEventContext)
  context: SecurityEventContext;

  @Metadata()
  metadata: object;
}

export function toFilter(query: SecurityEventsQuery): SecurityEventsFilter {
  const { action: actions, outcome: outcomes, occurred_after: after, occurred_before: before } = query;
  return { actions, outcomes, occurred: { after, before }, selection: selectionOf(query, ['-occurred_at']) };
}

export function toSecurityEvent(event: OwnSecurityEvent): SecurityEventResponse {
  const { id, occurredAt, action, outcome, userId, sessionId, callerSessionId, changes } = event;
  return {
    id,
    occurred_at: occurredAt.toISOString(),
    sequence: null,
    action,
    outcome,
    actor: actorOf(event),
    target: sessionId === null ? { type: 'user', id: userId } : { type: 'session', id: sessionId },
    team_id: null,
    changes,
    context: {
      ip_address: event.ipAddress,
      user_agent: event.userAgent,
      request_id: event.requestId,
      session_id: callerSessionId ?? sessionId,
    },
    metadata: {},
  };
}

function actorOf({ userId, isAnonymous, isByOperator }: OwnSecurityEvent): SecurityEventActor {
  if (isByOperator) return { type: 'system', id: null, member_id: null };
  return isAnonymous ? { type: 'anonymous', id: null, member_id: null } : { type: 'user', id: userId, member_id: null };
}
