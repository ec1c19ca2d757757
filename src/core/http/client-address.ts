import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** RFC 4291, 2.5.2: the unspecified address. */
const UNKNOWN_ADDRESS = '::';
/** RFC 4291, 2.5.5.2: how a socket that takes both kinds writes an IPv4 address. */
const MAPPED = '::ffff:';
/** Some proxies write it behind the address, which is in brackets then if it has colons of its own. */
const PORT = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/;
const GROUPS = 8;
/** A client that has one address of a /64 has all of them. */
const GROUPS_OF_A_NETWORK = 4;

/**
 * @param request whose client may have gone: it has no `ip` any more then, although the types say that it has
 * @returns who calls: an IP address in its one form, IPv4 as such; `::` where it is not known
 */
export function clientAddress({ ip = '' }: { readonly ip?: string }): string {
  if (isIPv4(ip)) return ip;
  // A link-local address names its interface, which is ours and no part of it.
  const address = ip.replace(/%.*$/, '');
  if (isIPv6(address)) return canonical(address);
  const [, bracketed, plain] = PORT.exec(ip) ?? [];
  if (plain !== undefined && isIPv4(plain)) return plain;
  return bracketed !== undefined && isIPv6(bracketed) ? canonical(bracketed) : UNKNOWN_ADDRESS;
}

/** RFC 5952. */
function canonical(address: string): string {
  const short = new SocketAddress({ address, family: 'ipv6' }).address;
  const mapped = short.slice(MAPPED.length);
  return short.startsWith(MAPPED) && isIPv4(mapped) ? mapped : short;
}

/**
 * @param address as `clientAddress` gives it
 * @returns what its client has for itself: an IPv4 address alone, of IPv6 the network
 */
export function addressBlock(address: string): string {
  return isIPv4(address) ? address : `${networkOf(address).join(':')}::/64`;
}

function networkOf(address: string): readonly string[] {
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: GROUPS - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].slice(0, GROUPS_OF_A_NETWORK);
}
