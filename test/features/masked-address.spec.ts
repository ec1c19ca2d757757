import { maskedAddress } from '../../src/features/auth/masked-address.ts';

describe('a masked address', () => {
  it.each([
    ['ada@example.com', 'a\u2026@e\u2026.com'],
    ['a@b.de', 'a\u2026@b\u2026.de'],
    ['Ada.Byron+news@mail.example.co.uk', 'A\u2026@m\u2026.uk'],
    ['"A, B"@example.com', '\u2026@e\u2026.com'],
    ['"a@b"@example.com', '\u2026@e\u2026.com'],
    ['\u05d0\u05d1@example.com', '\u2026@e\u2026.com'],
    ['ada@xn--bcher-kva.xn--p1ai', 'a\u2026@x\u2026'],
    ['ada@localhost', 'a\u2026@l\u2026'],
    ['you@have.wonamillion', 'y\u2026@h\u2026'],
  ])('of %j is %j', (address, masked) => {
    expect(maskedAddress(address)).toBe(masked);
  });
});
