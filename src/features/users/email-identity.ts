import { domainToASCII } from 'node:url';
import { validationProblem } from '../../core/http/index.ts';

const LONGEST = 320;

/** What ends a header or delimits an address in SMTP, even where the quoting of RFC 5321 would allow it. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}<>]/u;

/** An address that a mail can be sent to, and the key that says whose it is. */
export interface EmailIdentity {
  /** As written, but NFKC and with its domain in ASCII, so that a mail reaches the mailbox that the key stands for. */
  readonly address: string;
  /** The same for every way to write the address: case and Unicode forms are one identity. */
  readonly key: string;
}

/**
 * @param text of the form of an address (RFC 5321)
 * @throws Problem validation_failed on `/email` for what no mail can be sent to
 */
export function emailIdentity(text: string): EmailIdentity {
  const normal = text.normalize('NFKC').trim();
  const at = normal.lastIndexOf('@');
  const domain = domainToASCII(normal.slice(at + 1));
  const address = `${normal.slice(0, at)}@${domain}`;
  const key = address.toLowerCase().normalize('NFKC');
  if (at < 1 || domain === '' || UNSAFE.test(address) || Math.max(address.length, key.length) > LONGEST) {
    throw validationProblem([{ pointer: '/email', code: 'email', detail: 'must be an email address' }]);
  }
  return { address, key };
}
