import { Injectable } from '@nestjs/common';
import { currentContext } from '../../core/context/context.ts';
import { SecurityEventsRepository } from './security-events.repository.ts';

/** What a person finds in their own log. Ids alone: never an address, a name, a password or a token. */
export interface SecurityEvent {
  readonly action: 'auth.registered' | 'auth.signed_in' | 'auth.signed_out' | 'auth.token_reused' | 'user.updated';
  readonly outcome: 'success' | 'failure';
  readonly sessionId?: string;
  /** The fields that changed; their values are personal. */
  readonly changes?: Readonly<Record<string, { readonly changed: true }>>;
}

const LONGEST_USER_AGENT = 512;

/** Who is asking, as far as the network tells. */
export interface Client {
  readonly ipAddress: string;
  readonly userAgent: string | null;
  readonly requestId: string;
}

/** @throws Error outside a request */
export function currentClient(): Client {
  const { request } = currentContext();
  if (!request) throw new Error('there is no request, and so no client');
  const userAgent = request.userAgent?.slice(0, LONGEST_USER_AGENT) ?? null;
  return { ipAddress: request.ipAddress, userAgent, requestId: request.id };
}

/** The log of the user in whose scope the current transaction runs: an event commits with what it tells of. */
@Injectable()
export class SecurityEvents {
  constructor(private readonly repository: SecurityEventsRepository) {}

  /** @throws Error outside a transaction or a request */
  record(event: SecurityEvent): void {
    this.repository.append({ ...event, ...currentClient() });
  }
}
