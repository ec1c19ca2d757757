import { Flag, Identifier, PageQuery, selectionOf, SortParameter, Text, Timestamp } from '../../core/http/index.ts';
import type { Selection } from '../../core/lists/index.ts';
import type { OwnSession } from './sessions.repository.ts';

export class SessionsQuery extends PageQuery {
  @SortParameter(['created_at'])
  sort: string[] = ['-created_at'];
}

export class SessionResponse {
  @Identifier()
  id: string;

  @Timestamp()
  created_at: string;

  @Timestamp({ description: 'To five minutes.' })
  last_seen_at: string;

  @Text({ description: 'From which it was begun.', example: '203.0.113.7' })
  ip_address: string;

  @Text({ nullable: true, example: 'Mozilla/5.0' })
  user_agent: string | null;

  @Flag({ description: 'The one that is called from.', example: true })
  current: boolean;
}

export function toSelection(query: SessionsQuery): Selection {
  return selectionOf(query);
}

export function toSession(
  { id, createdAt, lastSeenAt, ipAddress, userAgent }: OwnSession,
  current: boolean,
): SessionResponse {
  return {
    id,
    created_at: createdAt.toISOString(),
    last_seen_at: lastSeenAt.toISOString(),
    ip_address: ipAddress,
    user_agent: userAgent,
    current,
  };
}
