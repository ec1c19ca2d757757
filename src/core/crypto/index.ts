export { CryptoModule } from './crypto.module.ts';
export { KeyedHash } from './keyed-hash.ts';
export { normalizePassword, Passwords } from './passwords.ts';
export { type SealContext, SecretBox } from './secret-box.ts';
export { type PublicJwk, SigningKey } from './signing-key.ts';
export { randomToken, tokenHash } from './tokens.ts';
