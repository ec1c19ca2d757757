import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';
import { Choice, field, Identifier, Integer, ListOf, rules, Text } from '../../core/http/index.ts';
import { TOKEN } from './auth.dto.ts';
import type { TokenPair } from './sessions.service.ts';
import type { MfaChallenge } from './sign-in.service.ts';

/** What may be asked for after the first factor. */
const MFA_METHODS = ['totp', 'recovery_code'];

export class TokenPairResponse {
  @Text({ description: 'A JWT (RFC 9068) for the Authorization header.', example: 'eyJhbGciOiJFUzI1NiIs…' })
  access_token: string;

  @Choice(['Bearer'])
  token_type: 'Bearer';

  @Integer({ description: 'Seconds that the access token is valid for.', example: 600 })
  expires_in: number;

  @Text({ ...TOKEN, description: 'Opaque, single-use, valid for 30 days.' })
  refresh_token: string;

  @Identifier()
  session_id: string;
}

/** In place of the pair, where cookies hold the tokens. */
export class CookieSessionResponse {
  @Integer({ description: 'Seconds that the access token is valid for.', example: 600 })
  expires_in: number;

  @Identifier()
  session_id: string;
}

/** What whoever has a second factor gets for the first one. Nobody is signed in yet, and no cookie is set. */
export class MfaRequiredResponse {
  @field(rules.flag(), { example: true }, { type: 'boolean', enum: [true] })
  mfa_required: true;

  @Text({ ...TOKEN, description: 'For `/auth/mfa/verify`, with a code, and for nothing else.' })
  mfa_token: string;

  @ListOf(rules.choice(MFA_METHODS), { min: 1, max: MFA_METHODS.length, example: MFA_METHODS })
  methods: string[];

  @Integer({ description: 'Seconds that the token is valid for.', example: 300 })
  expires_in: number;
}

export type NewSessionResponse = TokenPairResponse | CookieSessionResponse;
export type SignedInResponse = NewSessionResponse | MfaRequiredResponse;

const cookies = {
  description: 'Where the answer goes by cookie: the access token and the refresh token, one line each.',
  schema: { ...rules.text().schema },
  example: '__Host-tenantry_access=eyJhbGciOiJFUzI1NiIs; Path=/; HttpOnly; Secure; SameSite=Lax',
};

/** Documents the answer of a handler that begins or renews a session. */
export function HasSession(): MethodDecorator {
  return answersWith(TokenPairResponse, CookieSessionResponse);
}

/** Documents the answer of a handler that takes a first factor. */
export function SignedIn(): MethodDecorator {
  return answersWith(TokenPairResponse, CookieSessionResponse, MfaRequiredResponse);
}

/** Documents the answer of a handler that may begin a session, in one of these forms. */
export function answersWith(...forms: Type[]): MethodDecorator {
  return applyDecorators(
    ApiExtraModels(...forms),
    ApiOkResponse({
      headers: { 'Set-Cookie': cookies },
      schema: { oneOf: forms.map((form) => ({ $ref: getSchemaPath(form) })) },
    }),
  );
}

export function toCookieSession({ expiresIn, sessionId }: TokenPair): CookieSessionResponse {
  return { expires_in: expiresIn, session_id: sessionId };
}

export function toMfaRequired({ mfaToken, expiresIn }: MfaChallenge): MfaRequiredResponse {
  return { mfa_required: true, mfa_token: mfaToken, methods: [...MFA_METHODS], expires_in: expiresIn };
}

export function toTokenPair({ accessToken, expiresIn, refreshToken, sessionId }: TokenPair): TokenPairResponse {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresIn,
    refresh_token: refreshToken,
    session_id: sessionId,
  };
}
