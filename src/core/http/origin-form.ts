/**
 * RFC 9112, 3.2.2: a client may name a host in the request line. It is none of ours to repeat in links and problems.
 * @returns the URL from its path on
 */
export function originForm(url: string): string {
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  // Two slashes in front would name a host again.
  return path === '*' ? path : path.replace(/^\/*/, '/');
}
