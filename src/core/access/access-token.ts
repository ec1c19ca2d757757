/** What a verified access token says of its bearer. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
  /** Seconds since 1970 (RFC 7519, `exp`): until then the token need not be verified again. */
  readonly expiresAt: number;
}

/** Access tokens are JWTs as RFC 9068 has them. */
export const ACCESS_TOKEN_TYPE = 'at+jwt';
export const ACCESS_TOKEN_ALGORITHM = 'ES256';
