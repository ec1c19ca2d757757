import { renderSVG } from 'uqr';
import { Flag, Integer, ListOf, Nested, rules, Text, Timestamp } from '../../core/http/index.ts';
import type { Enrollment } from './enrollment.service.ts';
import { RECOVERY_CODES } from './recovery-code.ts';
import type { ProofState } from './second-factor.repository.ts';

/** Longer than any code is typed, and short enough to be looked at without a thought. */
export const CODE = { min: 1, max: 64, example: '123456' };

export class TotpCode {
  @Text({ ...CODE, description: 'The six digits that the app shows.' })
  code: string;
}

export class SecondFactorCode {
  @Text({ ...CODE, description: 'The six digits that the app shows, or a recovery code.' })
  code: string;
}

export class EnrollmentResponse {
  @Text({
    pattern: /^[A-Z2-7]{32}$/,
    max: 32,
    description: 'For an app without a camera: 160 bits in Base32. SHA-1, 6 digits, 30 s.',
    example: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  })
  secret: string;

  @Text({
    description: 'What the picture holds; a link for the phone itself.',
    example: 'otpauth://totp/Tenantry:ada%40example.com?issuer=Tenantry&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  })
  otpauth_uri: string;

  @Text({
    max: 100_000,
    description: 'The QR code for the app to read: SVG without script or reference, best shown by `<img>`.',
    example: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 450 450"></svg>',
  })
  qr_svg: string;
}

export class RecoveryCodesResponse {
  @ListOf(rules.text({ pattern: /^[0-9a-z]{4}(?:-[0-9a-z]{4}){2}$/, max: 14 }), {
    min: RECOVERY_CODES,
    max: RECOVERY_CODES,
    description: 'Each works once in place of a code of the app. They are shown here and never again.',
    example: Array.from({ length: RECOVERY_CODES }, (_, number) => `${number}k7f-9qvw-x2ma`),
  })
  recovery_codes: string[];
}

export class TotpStateResponse {
  @Flag({
    description: 'Whether signing in takes a code. A secret that waits to be activated does not count.',
    example: true,
  })
  active: boolean;

  @Timestamp({ nullable: true })
  activated_at: string | null;
}

export class MfaStateResponse {
  @Nested(() => TotpStateResponse)
  totp: TotpStateResponse;

  @Integer({ min: 0, max: RECOVERY_CODES, description: 'That are unused.', example: RECOVERY_CODES })
  recovery_codes_left: number;

  @Flag({
    description: 'Whether the account has a password; who signs in by mailed links alone has none.',
    example: true,
  })
  has_password: boolean;
}

export function toMfaState({ activatedAt, recoveryCodesLeft, hasPassword }: ProofState): MfaStateResponse {
  return {
    totp: { active: activatedAt !== null, activated_at: activatedAt?.toISOString() ?? null },
    recovery_codes_left: recoveryCodesLeft,
    has_password: hasPassword,
  };
}

export function toEnrollment({ secret, otpauthUri }: Enrollment): EnrollmentResponse {
  return { secret, otpauth_uri: otpauthUri, qr_svg: renderSVG(otpauthUri) };
}

export function toRecoveryCodes(codes: string[]): RecoveryCodesResponse {
  return { recovery_codes: codes };
}
