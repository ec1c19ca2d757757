import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { developmentSecrets } from '../../prisma/embedded/secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenantry-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the secrets of a clone', () => {
  const file = join(folder, 'made', 'secrets.json');

  it('are made once, for their owner alone', () => {
    const secrets = developmentSecrets(file);
    expect(secrets.encryptionKeys).toMatch(/^development:[\w-]{43}$/);
    expect(developmentSecrets(file)).toEqual(secrets);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('that are older than one of them get that one, and keep the others', () => {
    const { encryptionKeys: _, ...older } = developmentSecrets(file);
    writeFileSync(file, JSON.stringify(older));
    const completed = developmentSecrets(file);
    expect(completed).toEqual({ ...older, encryptionKeys: expect.stringMatching(/^development:/) });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(completed);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'made'))).toEqual(['secrets.json']);
  });

  it('are refused, by name, where the file holds something else', () => {
    const other = join(folder, 'other.json');
    writeFileSync(other, '"nothing"');
    expect(() => developmentSecrets(other)).toThrow('other.json does not hold what it should');
  });
});
