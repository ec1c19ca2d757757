/** What is the same in every answer of a code. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** Public, and for somebody who can act: what happened and what to do about it. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** RFC 6750, section 3: without a token no error is named, with a bad one it is. */
const CHALLENGE = { 'www-authenticate': 'Bearer realm="tenantry"' };
export const INVALID_TOKEN = { 'www-authenticate': 'Bearer realm="tenantry", error="invalid_token"' };

/** Seconds. Long enough for a pool to drain, short enough that a client still waits for it. */
const retrySoon = { 'retry-after': '1' };

/** Every refusal there is. A code is a promise to clients: it is never renamed or given another status. */
export const problems = {
  bad_request: {
    status: 400,
    title: 'Bad request',
    detail: 'The request is not well-formed HTTP for this server. Correct it before sending it again.',
  },
  malformed_json: {
    status: 400,
    title: 'Malformed JSON',
    detail: 'The body is not a JSON document that this server takes. Send valid JSON in UTF-8.',
  },
  invalid_cursor: {
    status: 400,
    title: 'Invalid cursor',
    detail: 'The cursor does not belong to this list and its filters. Start again without it.',
  },

  unauthenticated: {
    status: 401,
    title: 'Not signed in',
    detail: 'Send a valid access token, in the Authorization header or by cookie.',
    headers: CHALLENGE,
  },
  token_expired: {
    status: 401,
    title: 'Token expired',
    detail: 'The access token has expired. Get a new one with the refresh token.',
    headers: INVALID_TOKEN,
  },
  invalid_credentials: {
    status: 401,
    title: 'Invalid credentials',
    detail: 'The address, password or code is wrong.',
    headers: CHALLENGE,
  },
  token_reused: {
    status: 401,
    title: 'Token reused',
    detail: 'The refresh token had been used already, so its session was ended. Sign in again.',
    headers: INVALID_TOKEN,
  },

  permission_denied: {
    status: 403,
    title: 'Permission denied',
    detail:
      'Your roles do not include the permission that this takes. Ask an administrator of the organization for it.',
  },
  invitation_not_yours: {
    status: 403,
    title: 'Invitation for somebody else',
    detail: 'The invitation was sent to another address. Sign in with that address to accept it.',
  },
  grant_exceeds_own: {
    status: 403,
    title: 'Grant exceeds your own permissions',
    detail: 'You can only grant, change or take away permissions that you hold yourself.',
  },
  member_suspended: {
    status: 403,
    title: 'Membership suspended',
    detail: 'Your membership of this organization is suspended. Ask one of its administrators.',
  },
  organization_suspended: {
    status: 403,
    title: 'Organization suspended',
    detail: 'This organization is suspended. Its owner can contact support.',
  },
  mfa_enrollment_required: {
    status: 403,
    title: 'Second factor required',
    detail: 'This organization asks for a second factor. Set one up in your profile, then try again.',
  },
  step_up_required: {
    status: 403,
    title: 'Recent sign-in required',
    detail:
      'This asks for a sign-in of the last ten minutes. Confirm your password or code (POST /api/v1/auth/step-up), or sign in again, then try again.',
  },
  csrf_failed: {
    status: 403,
    title: 'Cross-site request refused',
    detail:
      'A request that is signed in by cookie must come from an allowed origin and carry JSON. Use the address that this API is known by, or send a token in the Authorization header.',
  },

  not_found: { status: 404, title: 'Not found', detail: 'Nothing is here, or you may not see it.' },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    detail: 'This path does not take the method. The Allow header lists those that it takes.',
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    detail: 'The request did not arrive whole in time. Send it again.',
  },

  already_exists: {
    status: 409,
    title: 'Already exists',
    detail: 'Another one holds this value. Choose a different value.',
  },
  already_member: { status: 409, title: 'Already a member', detail: 'This person is a member already.' },
  last_owner: {
    status: 409,
    title: 'Last owner',
    detail: 'An organization keeps at least one active owner. Make somebody else owner first.',
  },
  role_in_use: {
    status: 409,
    title: 'Role in use',
    detail:
      'Somebody holds this role, is promised it or is to keep it, perhaps on a team that you do not see. Name another role in reassign_to.',
  },
  cycle: { status: 409, title: 'Cycle', detail: 'A team cannot be moved below itself. Choose another parent.' },
  setting_locked: {
    status: 409,
    title: 'Setting locked',
    detail: 'A level above has locked this setting. Ask for it to be unlocked there.',
  },
  limit_reached: {
    status: 409,
    title: 'Limit reached',
    detail: 'The limit is reached. Remove something, or have the limit raised.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'First request still running',
    detail: 'A request with this Idempotency-Key is still running. Send it again in a moment.',
    headers: retrySoon,
  },
  conflict: {
    status: 409,
    title: 'Conflict',
    detail: 'The request contradicts the present state. Read it again, then decide.',
  },

  invitation_expired: {
    status: 410,
    title: 'Invitation expired',
    detail: 'The invitation has expired. Ask for a new one.',
  },
  invitation_revoked: {
    status: 410,
    title: 'Invitation revoked',
    detail: 'The invitation was revoked. Ask for a new one.',
  },
  invitation_declined: {
    status: 410,
    title: 'Invitation declined',
    detail: 'The invitation was declined. Ask for a new one.',
  },
  invitation_used: {
    status: 410,
    title: 'Invitation used',
    detail: 'The invitation was accepted already. Sign in to reach the organization.',
  },
  invitation_void: {
    status: 410,
    title: 'Invitation void',
    detail: 'Whoever invited you can no longer grant what it promises. Ask for a new one.',
  },
  token_used: {
    status: 410,
    title: 'Link no longer valid',
    detail: 'The link is unknown, expired or used. Ask for a new one.',
  },

  precondition_failed: {
    status: 412,
    title: 'Precondition failed',
    detail: 'It has changed since you read it. Read it again and repeat your change on the new version.',
  },
  payload_too_large: {
    status: 413,
    title: 'Payload too large',
    detail: 'The body is larger than this path takes. Send less at once.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    detail: 'Send the body as application/json, uncompressed.',
  },

  validation_failed: {
    status: 422,
    title: 'Validation failed',
    detail: 'Some fields are invalid. Correct those in errors.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency key reused',
    detail: 'This Idempotency-Key came with another body before. Use a new key for a new request.',
  },
  page_too_deep: {
    status: 422,
    title: 'Page too deep',
    detail: 'Pages end at row 10,000. Go on with the cursor of the last page, or narrow the filters.',
  },
  unknown_permission: {
    status: 422,
    title: 'Unknown permission',
    detail: 'The permission is not in the catalogue. GET /api/v1/permissions lists those there are.',
  },
  unknown_setting: {
    status: 422,
    title: 'Unknown setting',
    detail: 'The setting is not in the registry. GET /api/v1/settings/definitions lists it.',
  },

  rate_limited: {
    status: 429,
    title: 'Too many requests',
    detail: 'Wait as long as Retry-After says, then try again.',
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    detail: 'The request line and headers are larger than this server takes. Send fewer or shorter ones.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    detail: 'Something went wrong on our side. Try again; if it lasts, tell support the request_id.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    detail: 'The service cannot answer just now. Try again after Retry-After.',
    headers: retrySoon,
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problems;

export const problemCodes: readonly ProblemCode[] = Object.keys(problems).filter((name): name is ProblemCode =>
  Object.hasOwn(problems, name),
);
