import fc from 'fast-check';
import { type JsonObject, mergePatch } from '../../src/features/organizations/merge-patch.ts';
import { isReserved, slugOf, SLUG_PATTERN, withSuffix } from '../../src/features/organizations/slug.policy.ts';

describe('a slug', () => {
  it.each([
    ['Acme', 'acme'],
    ['  Größe & Söhne, GmbH. ', 'grosse-sohne-gmbh'],
    ['Ångström 2000', 'angstrom-2000'],
    ['ﬁne', 'fine'],
  ])('of "%s" is %s', (name, slug) => {
    expect(slugOf(name)).toBe(slug);
  });

  it('is well-formed and free to take, whatever the name', () => {
    const names = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('admin', 'WWW', '- me -', 'a'.repeat(300)));
    fc.assert(
      fc.property(names, (name) => {
        const slug = slugOf(name);
        for (const candidate of [slug, withSuffix(slug)]) {
          expect(candidate).toMatch(SLUG_PATTERN);
          expect(isReserved(candidate)).toBe(false);
        }
      }),
    );
  });
});

describe('a merge patch', () => {
  // RFC 7396, appendix A, where both are objects.
  it.each<[JsonObject, JsonObject, JsonObject]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j gives %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });

  it('applied again changes nothing, and leaves its target as it was', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<JsonObject>;
    fc.assert(
      fc.property(object, object, (target, patch) => {
        const before = JSON.stringify(target);
        const once = mergePatch(target, patch);
        expect(mergePatch(once, patch)).toEqual(once);
        expect(JSON.stringify(target)).toBe(before);
      }),
    );
  });
});
