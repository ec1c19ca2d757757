import { Secret, TOTP } from 'otpauth';

/** What every authenticator app takes, whatever its setting (RFC 6238): SHA-1, six digits, 30 s. */
const FORM = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** How many steps a phone's clock may be ahead or behind (RFC 6238, 5.2). */
const SKEW_STEPS = 1;
/** RFC 4226, 4: 160 bits are recommended. */
const SECRET_BYTES = 20;

const CODE = /^\d{6}$/;

/** @returns a new secret in Base32, as it may be typed into an app that has no camera */
export function newTotpSecret(): string {
  return new Secret({ size: SECRET_BYTES }).base32;
}

/**
 * @param issuer who asks for the code, and `account` whose it is: what the app shows beside it
 * @returns what an app reads from a QR code
 */
export function otpauthUri(secret: string, issuer: string, account: string): string {
  return new TOTP({ ...FORM, issuer, label: account, secret }).toString();
}

/** @returns the six digits, typed with the space that apps show in their middle or without; undefined for what is no such code */
export function readTotpCode(typed: string): string | undefined {
  const code = typed.replaceAll(/\s/g, '');
  return CODE.test(code) ? code : undefined;
}

/**
 * @returns the time step that the code is of: the present one, or one beside it; undefined where it is of none of them. Whether
 * it was used before is for the caller to judge
 */
export function stepOf(code: string, secret: string, now: Date): number | undefined {
  const timestamp = now.getTime();
  const delta = TOTP.validate({
    ...FORM,
    token: code,
    secret: Secret.fromBase32(secret),
    timestamp,
    window: SKEW_STEPS,
  });
  return delta === null ? undefined : TOTP.counter({ period: FORM.period, timestamp }) + delta;
}
