const FIRST = /^[a-z0-9]/i;
const TOP_LEVEL = /\.[a-z]{2,}$/i;
const LONGEST_TOP_LEVEL = 10;
const REST = '\u2026';

/**
 * What tells an address to who knows it, and neither names it to anybody else nor carries a message of whoever chose it: a letter of
 * each part, if it is a plain one, and the top-level domain. No mail reader makes a link of it.
 * @returns `a…@e….com` for `ada@example.com`
 */
export function maskedAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  return `${masked(address.slice(0, at))}@${masked(domain)}${topLevel(domain)}`;
}

function masked(part: string): string {
  return `${FIRST.exec(part)?.[0] ?? ''}${REST}`;
}

function topLevel(domain: string): string {
  const [found = ''] = TOP_LEVEL.exec(domain) ?? [];
  return found.length <= LONGEST_TOP_LEVEL ? found : '';
}
