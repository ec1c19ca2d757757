import { Injectable } from '@nestjs/common';
import { callerSessionId, currentRequest } from '../../core/context/context.ts';
import { KeyedHash } from '../../core/crypto/index.ts';
import type { Rows } from '../../core/lists/index.ts';
import type { SecurityAction } from './security-actions.ts';
import {
  type OwnSecurityEvent,
  type SecurityEventsFilter,
  SecurityEventsRepository,
} from './security-events.repository.ts';

/** What a person finds in their own log. Ids alone: never an address, a name, a password or a token. */
export interface SecurityEvent {
  readonly action: SecurityAction;
  readonly outcome: 'success' | 'failure';
  /** The session that it happened to. */
  readonly sessionId?: string;
  /** The fields that changed; their values are personal. */
  readonly changes?: Readonly<Record<string, { readonly changed: true }>>;
}

/** The log of the user in whose scope the current transaction runs: an event commits with what it tells of. */
@Injectable()
export class SecurityEvents {
  constructor(
    private readonly repository: SecurityEventsRepository,
    private readonly keyedHash: KeyedHash,
  ) {}

  /**
   * Each event has a keyed hash of the user's address: what was tried on one address can be put together, and nobody reads it.
   * @param events of one user, at once
   * @param emailKey of that user's address, where the caller knows it: otherwise it is asked for
   * @throws Error outside a transaction or a request
   */
  async record(events: SecurityEvent | readonly SecurityEvent[], emailKey?: string): Promise<void> {
    const key = emailKey ?? (await this.repository.findEmailKey());
    const circumstances = {
      addressHash: key === null ? null : this.keyedHash.digest('email_address', key),
      callerSessionId: callerSessionId(),
      request: currentRequest(),
    };
    for (const event of [events].flat()) this.repository.append(event, circumstances);
  }

  /** @returns a page of the log, which nobody else reads */
  async list(filter: SecurityEventsFilter): Promise<Rows<OwnSecurityEvent>> {
    return this.repository.list(filter);
  }
}
