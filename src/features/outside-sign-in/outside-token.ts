import jwt from 'jsonwebtoken';
import type { OutsideIssuer } from '../../config/index.ts';
import { unverified } from '../../core/access/index.ts';
import { Problem } from '../../core/http/index.ts';
import type { IssuerKeys } from './issuer-keys.ts';

const ALGORITHMS: jwt.Algorithm[] = ['ES256', 'RS256'];
/** The year 9999: no token is good for longer, and no database keeps a later one. */
const LATEST_SECONDS = 253_402_300_799;
const TYPES: readonly unknown[] = ['JWT', 'at+jwt'];

/** What a token of the outside issuer says, once it has been verified. */
export interface OutsideIdentity {
  readonly email: string;
  readonly name: string | undefined;
  /** What the issuer calls the session: the same for every token of it. */
  readonly session: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  /** When the person last proved who they are, in seconds since 1970; undefined where the token does not tell. */
  readonly authenticatedAt: number | undefined;
}

/** Reads the issuer out of a token, which nobody has verified yet. */
export function issuerOf(token: string): unknown {
  const payload: unknown = unverified(token)?.payload;
  return Reflect.get(Object(payload), 'iss');
}

/**
 * Verifies a token of the issuer (RFC 7519; ASVS 5.0, 9.1 and 9.2): its key, for us, in time. What the token says of keys
 * (`jku`, `jwk`, `x5u`) is never read.
 * @throws Problem token_expired; unavailable while the issuer's keys can't be fetched;
 * unauthenticated for everything else, an address that is not verified included
 */
export async function verified(token: string, issuer: OutsideIssuer, keys: IssuerKeys): Promise<OutsideIdentity> {
  const header = unverified(token)?.header;
  // What is critical (RFC 7515, 4.1.11) has to be understood, and nothing of it is here.
  const isOfUse = TYPES.includes(header?.typ) && header?.crit === undefined;
  if (!isOfUse || typeof header?.kid !== 'string') throw new Problem('unauthenticated');
  const key = await keys.find(header.kid);
  if (!key) throw new Problem(keys.areKnown ? 'unauthenticated' : 'unavailable');
  return identityOf(payloadOf(() => jwt.verify(token, key, expected(issuer))));
}

const expected = ({ url, audience }: OutsideIssuer) => ({ algorithms: ALGORITHMS, issuer: url, audience });

function payloadOf(verify: () => jwt.JwtPayload | string): Record<string, unknown> {
  try {
    const payload = verify();
    if (typeof payload === 'string') throw new Error('a token whose payload is no object');
    return payload;
  } catch (cause) {
    throw new Problem(cause instanceof jwt.TokenExpiredError ? 'token_expired' : 'unauthenticated', { cause });
  }
}

/** `email_verified` beside the address counts alone: what people may write of themselves, as into `user_metadata`, does not. */
function identityOf(payload: Record<string, unknown>): OutsideIdentity {
  const { email, email_verified, name, exp, auth_time } = payload;
  const isTimed = isMoment(exp) && (auth_time === undefined || isMoment(auth_time));
  const session = sessionOf(payload);
  const isWhole = typeof email === 'string' && email_verified === true && session !== undefined;
  if (!isWhole || !isTimed) throw new Problem('unauthenticated');
  return {
    email,
    name: typeof name === 'string' ? name : undefined,
    session,
    expiresAt: exp,
    authenticatedAt: auth_time,
  };
}

/** Seconds since 1970 (RFC 7519, `NumericDate`) that a date can be made of. */
function isMoment(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= LATEST_SECONDS;
}

/** OpenID Connect calls it `sid`, Supabase `session_id`; where a token has neither, it is a session of its own. */
function sessionOf({ sid, session_id, jti }: Record<string, unknown>): string | undefined {
  const session = sid ?? session_id;
  if (typeof session === 'string' && session !== '') return `session\0${session}`;
  return typeof jti === 'string' && jti !== '' ? `token\0${jti}` : undefined;
}
