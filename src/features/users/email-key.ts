import { domainToASCII } from 'node:url';

/** @returns an address of whatever way to write it, as it is kept: NFKC, and its domain in ASCII */
export function keptAddress(address: string): string {
  const normal = address.normalize('NFKC');
  const at = normal.lastIndexOf('@');
  return `${normal.slice(0, at)}@${domainToASCII(normal.slice(at + 1))}`;
}

/** @returns what tells a kept address from others: the same in capitals and without */
export function emailKey(address: string): string {
  return address.toLowerCase().normalize('NFKC');
}
