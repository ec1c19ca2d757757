import { randomInt } from 'node:crypto';

/** What gets a person in without the app. */
export interface RecoveryCode {
  /** Which of the person's codes it is, so that one hash alone has to be compared. */
  readonly number: number;
  /** In the one form in which it is hashed, the number included. */
  readonly text: string;
}

/** How many a person has. The number is the first digit of the code. */
export const RECOVERY_CODES = 10;

/** Crockford's Base32, without letters that are read as digits, and without U. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** 55 bits besides the number. */
const SECRET_LENGTH = 11;
const GROUPS = /.{4}/g;

const FORM = new RegExp(`^[0-9][${ALPHABET}]{${SECRET_LENGTH}}$`);

export function newRecoveryCode(number: number): RecoveryCode {
  const secret = Array.from({ length: SECRET_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length)));
  return { number, text: `${number}${secret.join('')}` };
}

/** @returns the code in groups of four, such as `3k7f-9qvw-x2ma` */
export function shownRecoveryCode({ text }: RecoveryCode): string {
  return (text.match(GROUPS) ?? []).join('-');
}

/**
 * Reads what somebody typed: in capitals or not, with dashes and spaces or without, O for 0, I or L for 1.
 * @returns undefined for what is no recovery code
 */
export function readRecoveryCode(typed: string): RecoveryCode | undefined {
  const text = typed.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1');
  return FORM.test(text) ? { number: Number(text.charAt(0)), text } : undefined;
}
