/** Everything that is in a person's log, whoever writes it down. */
export const securityActions = [
  'auth.registration_requested',
  'auth.registered',
  'auth.magic_link_requested',
  'auth.password_reset_requested',
  'auth.link_refused',
  'auth.signed_in',
  'auth.sign_in_failed',
  'auth.unlocked',
  'auth.mfa_challenged',
  'auth.mfa_failed',
  'auth.mfa_refused',
  'auth.stepped_up',
  'auth.step_up_failed',
  'auth.token_reused',
  'auth.signed_out',
  'auth.session_ended',
  'user.updated',
  'user.password_changed',
  'user.password_change_failed',
  'user.email_change_requested',
  'user.email_change_failed',
  'user.email_changed',
  'user.mfa_enabled',
  'user.mfa_disabled',
  'user.recovery_code_used',
  'user.recovery_codes_replaced',
  'user.suspended',
  'user.reactivated',
  'user.deleted',
] as const;

/** Done by whoever has shown a first factor alone, where it is from no session: it is not known yet that it is the person. */
export const halfProvedActions: ReadonlySet<string> = new Set<SecurityAction>([
  'auth.mfa_challenged',
  'auth.mfa_failed',
  'auth.mfa_refused',
]);

export type SecurityAction = (typeof securityActions)[number];
