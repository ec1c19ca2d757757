import jwt from 'jsonwebtoken';
import type { OutsideIssuer } from '../../config/index.ts';
import { Problem } from '../../core/http/index.ts';
import type { IssuerKeys } from './issuer-keys.ts';

const ALGORITHMS: jwt.Algorithm[] = ['ES256', 'RS256'];
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
  const payload = jwt.decode(token);
  return typeof payload === 'object' ? payload?.iss : undefined;
}

/**
 * Verifies a token of the issuer (RFC 7519; ASVS 5.0, 9.1 and 9.2): its key, for us, in time. What the token says of keys
 * (`jku`, `jwk`, `x5u`) is never read.
 * @throws Problem token_expired; unauthenticated for everything else, an address that is not verified included
 */
export async function verified(token: string, issuer: OutsideIssuer, keys: IssuerKeys): Promise<OutsideIdentity> {
  const header = jwt.decode(token, { complete: true })?.header;
  if (!TYPES.includes(header?.typ) || typeof header?.kid !== 'string') throw new Problem('unauthenticated');
  const key = await keys.find(header.kid);
  if (!key) throw new Problem('unauthenticated');
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
  const session = sessionOf(payload);
  const isWhole = typeof email === 'string' && email_verified === true && session !== undefined;
  if (!isWhole || typeof exp !== 'number') throw new Problem('unauthenticated');
  return {
    email,
    name: typeof name === 'string' ? name : undefined,
    session,
    expiresAt: exp,
    authenticatedAt: typeof auth_time === 'number' ? auth_time : undefined,
  };
}

/** OpenID Connect calls it `sid`, Supabase `session_id`; where a token has neither, it is a session of its own. */
function sessionOf({ sid, session_id, jti }: Record<string, unknown>): string | undefined {
  const session = sid ?? session_id;
  if (typeof session === 'string' && session !== '') return `session\0${session}`;
  return typeof jti === 'string' && jti !== '' ? `token\0${jti}` : undefined;
}
