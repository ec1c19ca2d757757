import type { FastifyRequest } from 'fastify';
import type { RequestInfo } from '../context/context.ts';
import { clientAddress } from '../http/client-address.ts';

const LONGEST_USER_AGENT = 512;

/** For all that a request asks of others: with the wait for a connection, an answer comes within 3 s. */
export const WITHIN_MS = 2_000;

export function requestInfo(request: FastifyRequest): RequestInfo {
  const userAgent = request.headers['user-agent']?.slice(0, LONGEST_USER_AGENT) ?? null;
  const acceptLanguage = request.headers['accept-language'];
  return { id: request.id, ipAddress: clientAddress(request), userAgent, acceptLanguage };
}
