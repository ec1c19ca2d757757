import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { accessCookie, ActsByCookie, credentialOf } from '../../core/access/index.ts';
import { Cookie, JudgesHeaders, Problem, Refuses, rules, withHandler } from '../../core/http/index.ts';
import { SESSION_LIFETIME_SECONDS, type TokenPair } from './sessions.service.ts';
import type { SignInResult } from './sign-in.service.ts';
import {
  type NewSessionResponse,
  type SignedInResponse,
  toCookieSession,
  toMfaRequired,
  toTokenPair,
} from './tokens.dto.ts';

const HEADER = 'X-Token-Transport';
const COOKIE = 'cookie';
const NO_CONTENT = 204;

/** Holds a browser's refresh token, for the calls of /auth alone, and for none that another site has begun. */
const refreshCookie = new Cookie('__Secure-tenantry_refresh', { path: '/api/v1/auth', sameSite: 'Strict' });

type Test = (request: FastifyRequest) => boolean;

/** How one request brings and takes tokens: in bodies, or in cookies that no script of the page can read. */
export class TokenTransport {
  constructor(
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
    private readonly isByCookie: Test,
  ) {}

  /**
   * @param given in the body
   * @returns that, or else the one of the browser's cookie
   * @throws Problem unauthenticated where there is neither
   */
  refreshToken(given: string | undefined): string {
    const token = given ?? refreshCookie.read(this.request);
    if (token === undefined) {
      throw new Problem('unauthenticated', { detail: 'Send a refresh token, in the body or by cookie, or sign in.' });
    }
    return token;
  }

  /** @returns the access token that the request shows, which nobody has judged; empty where it shows none */
  shownAccessToken(): string {
    return credentialOf(this.request).token;
  }

  /** @returns the access token that a browser sends by itself beside the refresh token of its cookie */
  accessTokenBeside(given: string | undefined): string | undefined {
    return given === undefined ? accessCookie.read(this.request) : undefined;
  }

  /**
   * Has the browser forget both cookies, which are of two sessions: a neighbour of our domain may have set the refresh token, to
   * have this person go on as somebody else.
   */
  refuseMixture(): Problem {
    this.end();
    return new Problem('unauthenticated', { detail: 'The two cookies are not of one session. Sign in again.' });
  }

  /** @returns the body of the answer; where cookies hold the tokens, without them */
  deliver(pair: TokenPair): NewSessionResponse {
    if (!this.isByCookie(this.request)) return toTokenPair(pair);
    // Both outlive the access token, so that a request with an expired one is told that it is (token_expired).
    accessCookie.set(this.reply, pair.accessToken, SESSION_LIFETIME_SECONDS);
    refreshCookie.set(this.reply, pair.refreshToken, SESSION_LIFETIME_SECONDS);
    return toCookieSession(pair);
  }

  /** @returns the body of the answer to a first factor: `deliver`, or the challenge for the second one, with which no cookie goes */
  deliverSignIn(result: SignInResult): SignedInResponse {
    return 'mfaToken' in result ? toMfaRequired(result) : this.deliver(result);
  }

  /** As `deliverSignIn`; where nobody was signed in, 204 and no body. */
  deliverVerification(result: SignInResult | undefined): SignedInResponse | undefined {
    if (result) return this.deliverSignIn(result);
    void this.reply.code(NO_CONTENT);
    return undefined;
  }

  /** Has the browser forget the session that it was signed in to by cookie, and no other. */
  end(): void {
    if (!this.isByCookie(this.request)) return;
    accessCookie.clear(this.reply);
    refreshCookie.clear(this.reply);
  }
}

const readTransport = createParamDecorator((isByCookie: Test, context: ExecutionContext) => {
  const http = context.switchToHttp();
  return new TokenTransport(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), isByCookie);
});

/** `@SignInTransport() transport: TokenTransport` on a handler that begins a session; documents itself. */
export const SignInTransport = (): ParameterDecorator => transport(asksForCookies);

/** The same on the handler that renews one. */
export const RefreshTransport = (): ParameterDecorator => transport(refreshesByCookie);

/** The same on the handler that ends one. */
export const SignOutTransport = (): ParameterDecorator =>
  readTransport((request: FastifyRequest) => credentialOf(request).byCookie);

const header = {
  name: HEADER,
  required: false,
  description: `\`${COOKIE}\`: the tokens are set as cookies that no script can read, and left out of the body.`,
  schema: { type: 'string', enum: [COOKIE] },
};

function transport(isByCookie: Test): ParameterDecorator {
  return withHandler(
    readTransport(isByCookie),
    ActsByCookie(isByCookie),
    JudgesHeaders(refuseUnknown),
    ApiHeader(header),
    Refuses('csrf_failed'),
  );
}

/** @throws Problem bad_request for a transport that there is not */
function refuseUnknown({ headers }: FastifyRequest): void {
  const asked = headers[HEADER.toLowerCase()];
  if (asked === undefined || asked === COOKIE) return;
  throw new Problem('bad_request', {
    detail: `The ${HEADER} header is not one that this server knows. Send ${COOKIE}, or none.`,
    errors: [{ parameter: HEADER, code: 'choice', detail: `must be ${COOKIE}` }],
  });
}

/** Never refuses: the guard asks it, and has more to judge that is told before a header. */
function asksForCookies({ headers }: FastifyRequest): boolean {
  return headers[HEADER.toLowerCase()] === COOKIE;
}

/** A token that came in a cookie goes back in one, asked or not: otherwise a script could read it by a refresh. */
function refreshesByCookie(request: FastifyRequest): boolean {
  const { body } = request;
  const isInBody = rules.isObject(body) && body['refresh_token'] !== undefined;
  return asksForCookies(request) || (!isInBody && refreshCookie.read(request) !== undefined);
}
