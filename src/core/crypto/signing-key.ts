import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

/** A public key as a JSON Web Key (RFC 7517), for whoever verifies access tokens. */
export interface PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: 'ES256';
}

/** An ES256 public key, which verifies access tokens and makes none. */
export class VerificationKey {
  /** The `kid`: the thumbprint of the public key (RFC 7638), so that it follows from the key and needs no register. */
  readonly id: string;
  readonly jwk: PublicJwk;
  /** SPKI. */
  readonly pem: string;

  /** @throws Error for a key that is not on P-256 */
  constructor(readonly publicKey: KeyObject) {
    const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
    if (kty !== 'EC' || crv !== 'P-256' || !x || !y) throw new Error('The signing key is not a P-256 key.');
    // RFC 7638, section 3.2: the required members alone, in the order of their names.
    this.id = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    this.jwk = { kty, crv, x, y, kid: this.id, use: 'sig', alg: 'ES256' };
    this.pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }
}

/** The ES256 key pair that access tokens are signed with. */
export class SigningKey extends VerificationKey {
  /** @throws Error for a key that is not on P-256 */
  constructor(readonly privateKey: KeyObject) {
    super(createPublicKey(privateKey));
  }
}

/** Every key whose access tokens are good: the one that signs, and those that will sign or have signed a moment ago. */
export class VerificationKeys {
  readonly #keys: ReadonlyMap<string, VerificationKey>;

  constructor(keys: readonly VerificationKey[]) {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
  }

  /** In the order in which they were given. */
  get jwks(): PublicJwk[] {
    return [...this.#keys.values()].map(({ jwk }) => jwk);
  }

  find(id: string): VerificationKey | undefined {
    return this.#keys.get(id);
  }
}
