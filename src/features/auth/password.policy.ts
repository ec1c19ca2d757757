import { normalizePassword } from '../../core/crypto/index.ts';
import type { FieldError } from '../../core/http/index.ts';
import { isCommonPassword } from './common-passwords.ts';

/** In characters (code points), before and after normalisation. NIST SP 800-63B asks for 8 at least; no other rules. */
export const SHORTEST_PASSWORD = 8;
export const LONGEST_PASSWORD = 1024;

const POINTER = '/password';

/**
 * What is wrong with a password that a person chose; nothing when it will do.
 * @param known what anybody knows of the person and of this service (ASVS 5.0, 6.1.2): address, name, what the service is called
 */
export function passwordFaults(password: string, known: readonly string[]): FieldError[] {
  const normal = normalizePassword(password);
  const length = Array.from(normal).length;
  if (length < SHORTEST_PASSWORD) {
    return [{ pointer: POINTER, code: 'min_length', detail: `must have at least ${SHORTEST_PASSWORD} characters` }];
  }
  if (length > LONGEST_PASSWORD) {
    return [{ pointer: POINTER, code: 'max_length', detail: `must have at most ${LONGEST_PASSWORD} characters` }];
  }
  if (known.flatMap(partsOf).includes(folded(normal))) {
    const detail = 'must not be your address, your name, a part of them or the name of this service';
    return [{ pointer: POINTER, code: 'guessable', detail }];
  }
  if (isCommonPassword(folded(normal))) {
    const detail =
      'is among the most common passwords, which are guessed first; choose several words that are yours alone';
    return [{ pointer: POINTER, code: 'common', detail }];
  }
  return [];
}

/** @returns the text, what an address has before and behind its @, and its words */
function partsOf(text: string): string[] {
  const whole = folded(text);
  return [whole, ...whole.split('@'), ...whole.split(/[\s@.]+/u)];
}

function folded(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase();
}
