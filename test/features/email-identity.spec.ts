import fc from 'fast-check';
import { Languages } from '../../src/core/mail/languages.ts';
import { Mail } from '../../src/core/mail/mail.ts';
import { type EmailIdentity, emailIdentity } from '../../src/features/users/index.ts';
import { testConfig } from '../support/environment.ts';

const mail = new Mail({ enqueue: () => undefined } as never, new Languages(testConfig()));

function accepted(text: string): EmailIdentity | undefined {
  try {
    return emailIdentity(text);
  } catch {
    return undefined;
  }
}

describe('an email identity', () => {
  it.each([
    ['Ada@Example.com', 'Ada@example.com', 'ada@example.com'],
    ['\uff41da@example.com', 'ada@example.com', 'ada@example.com'],
    ['ada@B\u00dcCHER.example', 'ada@xn--bcher-kva.example', 'ada@xn--bcher-kva.example'],
    ['ada@gmail\uff0ecom', 'ada@gmail.com', 'ada@gmail.com'],
    ['ada@mail.gmail\u3002com', 'ada@mail.gmail.com', 'ada@mail.gmail.com'],
    ['"A, B"@example.com', '"A, B"@example.com', '"a, b"@example.com'],
    ['"A@B"@example.com', '"A@B"@example.com', '"a@b"@example.com'],
    ['"Ada.L"@example.com', 'Ada.L@example.com', 'ada.l@example.com'],
    [String.raw`"\A\d\a"@example.com`, 'Ada@example.com', 'ada@example.com'],
    [String.raw`"a\ \b"@example.com`, '"a b"@example.com', '"a b"@example.com'],
    [String.raw`"a\"\\b"@example.com`, String.raw`"a\"\\b"@example.com`, String.raw`"a\"\\b"@example.com`],
    ['".a"@example.com', '".a"@example.com', '".a"@example.com'],
  ])('of %j is written %j and known by %j', (text, address, key) => {
    expect(emailIdentity(text)).toEqual({ address, key });
  });

  it.each([
    ['is another one once normalised', 'a@gmail.com\u2048.evil.example'],
    ['is another one once normalised', 'a@victim.\u2100.com'],
    ['is no domain once normalised', 'a@gmail.com\u2474.evil.example'],
    ['has a port once normalised', 'a@gmail.com\uff1a25.example'],
    ['has two @ once normalised', 'a\uff20b@example.com'],
    ['is two addresses once normalised', 'a\uff0cb@example.com'],
    ['has a space once normalised', 'a\u3000b@example.com'],
    ['has a space of another script', 'a\u1680b@example.com'],
    ['ends its quotes early once normalised', '"a\uff02b"@example.com'],
    ['holds what is not shown', 'a\u200bb@example.com'],
    ['holds what is not shown', 'a@exam\u00adple.com'],
    ['holds what is not shown', 'a\ufe0f@example.com'],
    ['turns around', '"a\u202eb"@example.com'],
    ['is an IP address', 'a@127.0.0.1'],
    ['is an IP address once normalised', 'a@\u2460.\u2461.\u2462.\u2463'],
    ['is too long once normalised', `${'\ufdfa'.repeat(20)}@example.com`],
  ])('that %s is refused: %j', (_, text) => {
    expect(() => emailIdentity(text)).toThrow(expect.objectContaining({ code: 'validation_failed' }));
  });

  it('is stable, has one @ outside of quotes, and can be sent a mail to, whatever the text', () => {
    const identities = texts()
      .map(accepted)
      .filter((identity) => identity !== undefined);
    fc.assert(
      fc.property(identities, ({ address, key }) => {
        expect(emailIdentity(address)).toEqual({ address, key });
        expect(address.replace(/^"(?:[^"\\]|\\.)*"/u, '').split('@')).toHaveLength(2);
        expect(address).toMatch(/@[a-z0-9.-]+$/);
        mail.send({ to: address, template: 'address_known' });
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Texts near to addresses, of characters that normalisation changes into what delimits something. */
function texts(): fc.Arbitrary<string> {
  const delimiting = Array.from({ length: 0x1_00_00 }, (_, code) => String.fromCharCode(code)).filter(
    (character) => character > '\u007f' && /[\0-\x7f]/.test(character.normalize('NFKC')),
  );
  const character = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...Array.from('abXY12')) },
    { weight: 1, arbitrary: fc.constantFrom(...Array.from('.-"@\\ ,')) },
    { weight: 1, arbitrary: fc.constantFrom(...delimiting) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  );
  const word = fc.string({ unit: character, minLength: 1, maxLength: 6 });
  const local = fc.oneof(
    word,
    word.map((text) => `"${text}"`),
  );
  return fc.tuple(local, word).map(([name, domain]) => `${name}@${domain}.example`);
}
