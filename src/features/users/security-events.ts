import { Injectable } from '@nestjs/common';
import { currentRequest } from '../../core/context/context.ts';
import { SecurityEventsRepository } from './security-events.repository.ts';

/** What a person finds in their own log. Ids alone: never an address, a name, a password or a token. */
export interface SecurityEvent {
  readonly action:
    | 'auth.registered'
    | 'auth.signed_in'
    | 'auth.signed_out'
    | 'auth.session_ended'
    | 'auth.token_reused'
    | 'user.updated'
    | 'user.password_changed';
  readonly outcome: 'success' | 'failure';
  readonly sessionId?: string;
  /** The fields that changed; their values are personal. */
  readonly changes?: Readonly<Record<string, { readonly changed: true }>>;
}

/** The log of the user in whose scope the current transaction runs: an event commits with what it tells of. */
@Injectable()
export class SecurityEvents {
  constructor(private readonly repository: SecurityEventsRepository) {}

  /** @throws Error outside a transaction or a request */
  record(event: SecurityEvent): void {
    this.repository.append(event, currentRequest());
  }
}
