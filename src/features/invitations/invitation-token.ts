import { randomBytes } from 'node:crypto';
import { parse, stringify } from 'uuid';
import { tokenHash } from '../../core/crypto/index.ts';
import { rules } from '../../core/http/index.ts';

const ID_BYTES = 16;
const RANDOM_BYTES = 32;

/** 48 bytes in base64url, which has no other way to write them. */
export const INVITATION_TOKEN = /^[\w-]{64}$/;

/** What a token says of itself: where it is looked up, and by what. */
export interface NamedInvitation {
  readonly organizationId: string;
  /** What the database keeps of the token. */
  readonly hash: Buffer;
}

/**
 * @returns an opaque token that leads to one organisation: its id, and 256 random bits. Whoever looks it up is in no organisation, and
 * every index is led by one.
 */
export function invitationToken(organizationId: string): string {
  return Buffer.concat([parse(organizationId), randomBytes(RANDOM_BYTES)]).toString('base64url');
}

/** @returns undefined for what is no token of ours */
export function namedBy(token: string): NamedInvitation | undefined {
  if (!INVITATION_TOKEN.test(token)) return undefined;
  const bytes = Buffer.from(token, 'base64url').subarray(0, ID_BYTES);
  const organizationId = idOf(bytes);
  return organizationId === undefined ? undefined : { organizationId, hash: tokenHash(token) };
}

function idOf(bytes: Buffer): string | undefined {
  try {
    const id = stringify(bytes);
    return rules.isId(id) ? id : undefined;
  } catch {
    // Not a UUID of any version.
    return undefined;
  }
}
