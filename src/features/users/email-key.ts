import { domainToASCII } from 'node:url';

/** What stands before an @ without quotes (RFC 5321, 4.1.2; RFC 6531, 3.3), of what we take for an address. */
const DOT_STRING =
  /^[\w!#$%&'*+/=?^`{|}~\u00a1-\ud7ff\uf900-\ufdcf\ufdf0-\uffef-]+(?:\.[\w!#$%&'*+/=?^`{|}~\u00a1-\ud7ff\uf900-\ufdcf\ufdf0-\uffef-]+)*$/;

/**
 * @returns an address of whatever way to write it, as it is kept: NFKC, its domain in ASCII, and with no more quotes than it needs
 * (RFC 5321, 4.1.2: `"x"` and `"\x"` are the mailbox `x`)
 */
export function keptAddress(address: string): string {
  const normal = address.normalize('NFKC');
  const at = normal.lastIndexOf('@');
  return `${keptLocalPart(normal.slice(0, at))}@${domainToASCII(normal.slice(at + 1))}`;
}

function keptLocalPart(local: string): string {
  const [, quoted] = /^"(.*)"$/s.exec(local) ?? [];
  if (quoted === undefined) return local;
  const meant = quoted.replaceAll(/\\(.)/gs, '$1');
  return DOT_STRING.test(meant) ? meant : `"${meant.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** @returns what tells a kept address from others: the same in capitals and without */
export function emailKey(address: string): string {
  return address.toLowerCase().normalize('NFKC');
}
