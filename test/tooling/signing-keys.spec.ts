import { spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { developmentSecrets } from '../../prisma/embedded/secrets.ts';
import { newSigningKey, TOKEN_LIFETIME_SECONDS } from '../../prisma/keys/signing-keys.ts';
import { signingKey, verificationKey } from '../../src/config/variables.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS } from '../../src/features/auth/access-tokens.ts';
import { removeScratch, scratchFolder } from './scratch.ts';

const SCRIPT = join(import.meta.dirname, '../../prisma/keys/signing.ts');

afterAll(removeScratch);

function keysSigning(environment: Record<string, string | undefined>, cwd = scratchFolder()) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT], {
    cwd,
    env: { PATH: process.env['PATH'], ...environment },
    encoding: 'utf8',
  });
  return { status, stdout, stderr, variables: parseEnv(stdout) };
}

/** @returns the text as it would be, had the rotation that it tells of been so many seconds earlier */
function earlier(text: string, seconds: number): string {
  return text.replace(/(?<=Signed until )[\d:.TZ-]+/, (time) =>
    new Date(Date.parse(time) - seconds * 1_000).toISOString(),
  );
}

const publicPem = (key: string) => createPublicKey(signingKey(key)).export({ type: 'spki', format: 'pem' });

/** @returns the same of a variable */
const aged = (variable: string, seconds: number) =>
  Buffer.from(earlier(Buffer.from(variable, 'base64').toString(), seconds)).toString('base64');

describe('npm run keys:signing', () => {
  it('announces a next key first, which signs after the next run, with the public half of the one before', () => {
    const current = newSigningKey();
    const announced = keysSigning({ ACCESS_TOKEN_PRIVATE_KEY: current });
    expect(announced.status).toBe(0);
    expect(announced.stderr).toContain('nothing has been rotated');
    expect(Object.keys(announced.variables).toSorted()).toEqual(['ACCESS_TOKEN_NEXT_KEY', 'ACCESS_TOKEN_PRIVATE_KEY']);
    expect(publicPem(announced.variables['ACCESS_TOKEN_PRIVATE_KEY']!)).toEqual(publicPem(current));

    const { variables, stderr } = keysSigning(announced.variables);
    expect(variables['ACCESS_TOKEN_PRIVATE_KEY']).toBe(announced.variables['ACCESS_TOKEN_NEXT_KEY']);
    expect(variables['ACCESS_TOKEN_NEXT_KEY']).not.toBe(announced.variables['ACCESS_TOKEN_NEXT_KEY']);
    const previous = variables['ACCESS_TOKEN_PREVIOUS_KEY']!;
    expect(verificationKey(previous).export({ type: 'spki', format: 'pem' })).toEqual(publicPem(current));
    expect(() => signingKey(previous)).toThrow('private key');
    expect(stderr).not.toContain('PRIVATE');

    const later = { ...variables, ACCESS_TOKEN_PREVIOUS_KEY: aged(previous, TOKEN_LIFETIME_SECONDS) };
    const again = keysSigning(later).variables['ACCESS_TOKEN_PREVIOUS_KEY']!;
    expect(verificationKey(again).export({ type: 'spki', format: 'pem' })).toEqual(
      publicPem(announced.variables['ACCESS_TOKEN_NEXT_KEY']!),
    );
  });

  it('keeps the key before for as long as tokens of it are good, unless it is left out', () => {
    const keys = { ACCESS_TOKEN_PRIVATE_KEY: newSigningKey(), ACCESS_TOKEN_NEXT_KEY: newSigningKey() };
    const { variables } = keysSigning(keys);
    const previous = variables['ACCESS_TOKEN_PREVIOUS_KEY']!;
    for (const given of [previous, aged(previous, TOKEN_LIFETIME_SECONDS - 60)]) {
      const { status, stdout, stderr } = keysSigning({ ...variables, ACCESS_TOKEN_PREVIOUS_KEY: given });
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toContain('Tokens of the key before are good until');
    }
    expect(keysSigning({ ...variables, ACCESS_TOKEN_PREVIOUS_KEY: undefined }).status).toBe(0);
    const timeless = publicPem(newSigningKey()).toString();
    expect(keysSigning({ ...variables, ACCESS_TOKEN_PREVIOUS_KEY: timeless }).status).toBe(0);
    const announced = keysSigning({ ...variables, ACCESS_TOKEN_NEXT_KEY: undefined });
    expect(announced.variables['ACCESS_TOKEN_PREVIOUS_KEY']).toBe(previous);
    expect(TOKEN_LIFETIME_SECONDS).toBe(ACCESS_TOKEN_LIFETIME_SECONDS);
  });

  it("rotates the clone's own where the environment has none, and keeps its other secrets", () => {
    const folder = scratchFolder();
    const file = join(folder, '.data/secrets.json');
    const before = developmentSecrets(file);
    for (const signed of [before.accessTokenPrivateKey, undefined]) {
      const { accessTokenPrivateKey: key, accessTokenNextKey } = developmentSecrets(file);
      expect(signed ?? accessTokenNextKey).toBeDefined();
      expect(keysSigning({}, folder).status).toBe(0);
      const after = developmentSecrets(file);
      expect(after).toMatchObject({ secretKey: before.secretKey, demoPassword: before.demoPassword });
      expect(after.accessTokenPreviousKey).toContain(publicPem(key));
      expect(after.accessTokenPrivateKey).not.toBe(key);
      if (accessTokenNextKey !== undefined) expect(after.accessTokenPrivateKey).toBe(accessTokenNextKey);
      expect(keysSigning({}, folder).stderr).toContain('are good until');
      writeFileSync(file, earlier(readFileSync(file, 'utf8'), TOKEN_LIFETIME_SECONDS));
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['there is nothing to rotate', {}, 'Nothing to rotate'],
    ['the key is none', { ACCESS_TOKEN_PRIVATE_KEY: 'secret' }, 'must be an ES256'],
    [
      'the one before is none',
      { ACCESS_TOKEN_PRIVATE_KEY: newSigningKey(), ACCESS_TOKEN_PREVIOUS_KEY: 'secret' },
      'must be an ES256',
    ],
  ])('fails where %s', (_, environment, message) => {
    const { status, stdout, stderr } = keysSigning(environment);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('secret\n');
  });
});
