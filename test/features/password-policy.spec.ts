import { passwordFaults } from '../../src/features/auth/password.policy.ts';

const codesOf = (password: string, known: string[] = []) => passwordFaults(password, known).map(({ code }) => code);

describe('a password', () => {
  it('is refused when many have it, and told what to do', () => {
    expect(passwordFaults('trustno1', [])).toEqual([
      { pointer: '/password', code: 'common', detail: expect.stringContaining('choose several words') },
    ]);
  });

  // The first of the list, and the last.
  it.each(['password', 'dalmatio', 'PASSWORD', 'password ', '\uff50\uff41\uff53\uff53word'])(
    'is common: %s',
    (password) => {
      expect(codesOf(password)).toEqual(['common']);
    },
  );

  it.each(['assword1234', 'passwordpasswor', 'correct horse battery', 'p\u00e4ssword'])(
    'is no common one because a part of it is, or nearly: %j',
    (password) => {
      expect(codesOf(password)).toEqual([]);
    },
  );

  it.each([
    ['the address', 'ada.lovelace@engines.example'],
    ['what stands before the @', 'Ada.Lovelace'],
    ['what stands behind it', 'engines.example'],
    ['a word of the name', 'analytical'],
    ['the name', 'Ada  Analytical'],
    ['the name of the service', 'Babbage Works'],
  ])('is guessable when it is %s', (_, password) => {
    expect(codesOf(password, ['ada.lovelace@engines.example', 'Ada  Analytical', 'Babbage Works'])).toEqual([
      'guessable',
    ]);
  });

  it.each([
    '12 weeks!',
    '\u{1f600}'.repeat(1024),
    ' '.repeat(8),
    'no capital nor digit',
    'ADAADAADA',
    'Ada Lovelace 1815',
  ])('will do however it is composed (%#)', (password) => {
    expect(codesOf(password, ['ada@example.com', 'Ada Lovelace'])).toEqual([]);
  });

  it('is told to be the name or address rather than common', () => {
    expect(codesOf('jennifer', ['Jennifer'])).toEqual(['guessable']);
  });
});
