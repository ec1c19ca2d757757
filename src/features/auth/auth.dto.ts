import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';
import { Choice, demo, EmailAddress, field, Identifier, Integer, ListOf, rules, Text } from '../../core/http/index.ts';
import { PersonName } from '../users/index.ts';
import { LONGEST_PASSWORD, SHORTEST_PASSWORD } from './password.policy.ts';
import type { TokenPair } from './sessions.service.ts';
import type { MfaChallenge } from './sign-in.service.ts';

/** Longer than any token of ours, and short enough to be hashed without a thought. */
const TOKEN = { min: 1, max: 512, example: 'kq3mBvUaZ0n2yR7cX1eT9dWfGhJpLsQi4oNuVbYzA8M' };
/** Longer than any code is typed. */
const CODE = { min: 1, max: 64, example: '123456' };
const PASSWORD = { max: LONGEST_PASSWORD, example: 'correct horse battery staple' };

/** What may be asked for after the first factor. */
const MFA_METHODS = ['totp', 'recovery_code'];

/** The section of the document in which the way in and out stands. */
export const AUTHENTICATION = [
  'Authentication',
  'From an address to a token pair, and from one pair to the next.',
] as const;

export class RegisterRequest {
  @EmailAddress()
  email: string;

  @PersonName()
  name: string;
}

export class VerificationSentResponse {
  @Choice(['verification_sent'], {
    description: 'The same whether or not the address is known, or was sent its few mails of the hour before.',
  })
  status: 'verification_sent';
}

export const verificationSent: VerificationSentResponse = { status: 'verification_sent' };

export class VerifyEmailRequest {
  @Text({ ...TOKEN, description: 'From the mailed link.' })
  token: string;

  @Text({
    ...PASSWORD,
    min: SHORTEST_PASSWORD,
    optional: true,
    description:
      'Of a new user; may be left out. That of a user who is there already is never changed. With a change of address it is not used.',
  })
  password?: string;
}

const NEW_ADDRESS = 'ada.king@example.org';

export class EmailChangeRequest {
  @EmailAddress({ example: NEW_ADDRESS })
  email: string;

  @Text({ ...PASSWORD, min: 1, optional: true, description: 'Has to be right where it is given.' })
  password?: string;
}

/** As it is filled in: no document knows the password. */
export const emailChangeExamples = { by_session: { summary: 'Without the password', value: { email: NEW_ADDRESS } } };

export class LinkRequest {
  @EmailAddress({ example: demo.owner.email })
  email: string;
}

export class LinkSentResponse {
  @Choice(['link_sent'], {
    description: 'The same whether or not the address is known, or has links already that work.',
  })
  status: 'link_sent';
}

export const linkSent: LinkSentResponse = { status: 'link_sent' };

export class VerifyLinkRequest {
  @Text({ ...TOKEN, description: 'From the mailed link.' })
  token: string;
}

export class PasswordResetRequest extends VerifyLinkRequest {
  @Text({ ...PASSWORD, min: SHORTEST_PASSWORD })
  password: string;
}

export class PasswordChange {
  @Text({ ...PASSWORD, min: 1, optional: true, description: 'Left out by who has none.' })
  current_password?: string;

  @Text({ ...PASSWORD, min: SHORTEST_PASSWORD, example: 'battery staple, correct horse' })
  new_password: string;
}

export class LoginRequest {
  @EmailAddress({ example: demo.owner.email })
  email: string;

  @Text(PASSWORD)
  password: string;
}

export class StepUpRequest {
  @Text({ ...PASSWORD, optional: true, description: 'The account’s; or else `code`.' })
  password?: string;

  @Text({
    ...CODE,
    optional: true,
    description: 'Of the second factor: the six digits that the app shows, or a recovery code. Or else `password`.',
  })
  code?: string;
}

/** As it is filled in: one of the two. */
export const stepUpExamples = {
  by_password: { summary: 'By the password', value: { password: PASSWORD.example } },
  by_code: { summary: 'By a code of the second factor', value: { code: CODE.example } },
};

export class VerifyMfaRequest {
  @Text({ ...TOKEN, description: 'Of the answer to the first factor.' })
  mfa_token: string;

  @Text({ ...CODE, description: 'The six digits that the app shows, or a recovery code.' })
  code: string;
}

export class RefreshRequest {
  @Text({
    ...TOKEN,
    optional: true,
    description: 'The newest of the session; left out where a cookie holds it. It is spent by the call.',
  })
  refresh_token?: string;
}

/** As it is filled in: what a browser holds in a cookie it does not send a second time. */
export const refreshExamples = { by_cookie: { summary: 'The token is in the cookie', value: {} } };

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

function answersWith(...forms: Type[]): MethodDecorator {
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
