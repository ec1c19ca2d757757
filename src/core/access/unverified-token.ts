import jwt from 'jsonwebtoken';

/**
 * Reads a token that nobody has verified yet, to find out who could: it proves nothing.
 * @returns null for what is no JWT. jsonwebtoken throws there where the header says that it is one.
 */
export function unverified(token: string): jwt.Jwt | null {
  try {
    return jwt.decode(token, { complete: true });
  } catch {
    return null;
  }
}
