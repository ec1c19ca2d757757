import { rules, validationProblem } from '../../core/http/index.ts';
import { isMailable } from '../../core/mail/index.ts';
import { emailKey, keptAddress } from './email-key.ts';

/** What shows nothing, or turns the text around: with it, addresses that look alike would be different ones. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

const ASCII_DOMAIN = /@[a-z0-9.-]+$/;

const form = rules.emailAddress();

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
  // Judged before: the conversion of the domain is made for URLs, and cuts it off at what delimits one there.
  const address = isAddress(text.normalize('NFKC')) ? keptAddress(text) : '';
  if (!isAddress(address) || !ASCII_DOMAIN.test(address) || !isMailable(address)) {
    throw validationProblem([{ pointer: '/email', code: 'email', detail: 'must be an email address' }]);
  }
  return { address, key: emailKey(address) };
}

/** @returns whose the address of the user is */
export function identityOf({
  email,
  emailKey: key,
}: {
  readonly email: string;
  readonly emailKey: string;
}): EmailIdentity {
  return { address: email, key };
}

/** What a person is called until they say otherwise: what stands before the @. */
export function nameAfter({ address }: Pick<EmailIdentity, 'address'>): string {
  return address.slice(0, address.lastIndexOf('@'));
}

function isAddress(text: string): boolean {
  return form.faults(text).length === 0 && !UNSEEN.test(text);
}
