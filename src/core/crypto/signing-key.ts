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

/** The ES256 key pair of access tokens: who signs takes `privateKey`, who verifies `publicKey`. */
export class SigningKey {
  readonly publicKey: KeyObject;
  /** The `kid`: the thumbprint of the public key (RFC 7638), so that it follows from the key and needs no register. */
  readonly id: string;
  readonly jwk: PublicJwk;

  /** @throws Error for a key that is not on P-256 */
  constructor(readonly privateKey: KeyObject) {
    this.publicKey = createPublicKey(privateKey);
    const { kty, crv, x, y } = this.publicKey.export({ format: 'jwk' });
    if (kty !== 'EC' || crv !== 'P-256' || !x || !y) throw new Error('The signing key is not a P-256 key.');
    // RFC 7638, section 3.2: the required members alone, in the order of their names.
    this.id = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    this.jwk = { kty, crv, x, y, kid: this.id, use: 'sig', alg: 'ES256' };
  }
}
