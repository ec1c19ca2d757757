import type { FastifyRequest } from 'fastify';
import { ExtractJwt } from 'passport-jwt';
import { Cookie } from '../http/cookie.ts';

/** Holds a browser's access token. `__Host-`: no other host, a subdomain for one, can set it. */
export const accessCookie = new Cookie('__Host-tenantry_access', { path: '/', sameSite: 'Lax' });

/** What a request shows to be let in. */
export interface Credential {
  /** Empty where it shows nothing. */
  readonly token: string;
  /** Also where it is none that could be good. */
  readonly isShown: boolean;
  /** A browser sends it by itself, so whoever makes the browser send the request need not know it. */
  readonly byCookie: boolean;
}

const bearerToken = ExtractJwt.fromAuthHeaderAsBearerToken();

/** Whoever sends an Authorization header is judged by it, whatever it holds and whatever the browser adds. */
export function credentialOf(request: FastifyRequest): Credential {
  if (request.headers.authorization !== undefined)
    return { token: bearerToken(request) ?? '', isShown: true, byCookie: false };
  const token = accessCookie.read(request);
  return { token: token ?? '', isShown: token !== undefined, byCookie: token !== undefined };
}
