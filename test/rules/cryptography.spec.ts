import { globSync, readFileSync } from 'node:fs';

const PAGE = 'docs/security/cryptography.md';
const CRYPTOGRAPHY =
  /from '(?:node:crypto|@node-rs\/argon2|jsonwebtoken|passport-jwt|otpauth|node:tls)'|\bMath\.random\b|\bcrypto\.(?:subtle|getRandomValues|randomUUID)\b/;
/** SHA-1 is not among them: the one-time codes of RFC 6238 have it in an HMAC, where it holds. */
const BROKEN = /['"](?:md\d|rc\d|des[\w-]*|[\w-]+-(?:ecb|cbc))['"]/i;
/** Runs in browsers, whose own cryptography there is; what it makes up is no secret. */
const CLIENT = 'src/client/**';

const files = globSync('src/**/*.ts', { exclude: ['src/generated/**', CLIENT] })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => CRYPTOGRAPHY.test(readFileSync(file, 'utf8')));
const page = readFileSync(PAGE, 'utf8');

/** ASVS 5.0, 11.1.3. */
describe('the inventory of cryptography', () => {
  it('names each file that encrypts, hashes, signs or draws random numbers, and no other', () => {
    const named = [...page.matchAll(/`(src\/[\w./-]+\.ts)`/g)].map(([, file]) => file);
    expect([...new Set(named)].toSorted()).toEqual(files.toSorted());
  });

  it('finds some: a pattern that finds nothing would show nothing', () => {
    expect(files).toContain('src/core/crypto/aes-gcm.ts');
  });

  it('uses nothing that is broken', () => {
    expect(files.filter((file) => BROKEN.test(readFileSync(file, 'utf8')))).toEqual([]);
  });

  it.each(['md5', 'aes-256-cbc', 'DES-EDE3'])('would find %s', (name) => {
    expect(`createHash('${name}')`).toMatch(BROKEN);
  });
});
