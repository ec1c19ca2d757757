import { randomInt } from 'node:crypto';

export const SLUG_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/;
export const LONGEST_SLUG = 48;

/** What a front end needs for pages of its own beside `/{slug}`, and names that would pass for the platform's. */
const RESERVED: ReadonlySet<string> = new Set(
  `abuse about account accounts admin administrator api app assets auth billing blog cdn contact dashboard dev docs
   email explore help home health internal invitations legal localhost login logout mail me metrics new oauth openapi
   organization organizations postmaster pricing privacy problems register root security settings signin signup static
   status support system tenantry terms test user users webhooks www`.split(/\s+/),
);

export function isReserved(slug: string): boolean {
  return RESERVED.has(slug);
}

/** @returns a slug for the name of an organisation; never a reserved one, nor an empty one */
export function slugOf(name: string): string {
  const slug = slugFrom(name);
  if (slug === '') return withSuffix('organization');
  return isReserved(slug) ? withSuffix(slug) : slug;
}

/** @returns a slug for the name: "Größe & Söhne" gives "grosse-sohne"; empty where it has no letters of the alphabet */
export function slugFrom(name: string): string {
  const letters = name.normalize('NFKD').toLowerCase().replaceAll(/\p{M}/gu, '').replaceAll('ß', 'ss');
  return trimmed(letters.replaceAll(/[^a-z0-9]+/g, '-'), LONGEST_SLUG);
}

const SUFFIX_LENGTH = 5;
/** Without vowels, so that chance spells no word; without what is mistaken for another. */
const SUFFIX_LETTERS = 'bcdfghjkmnpqrstvwxz23456789';

/**
 * @returns the slug with an ending by chance, for one that is taken. Counting up would tell how many others there are, and
 * would race with whoever counts at the same time.
 */
export function withSuffix(slug: string): string {
  const suffix = Array.from({ length: SUFFIX_LENGTH }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)]).join('');
  return `${trimmed(slug, LONGEST_SLUG - SUFFIX_LENGTH - 1)}-${suffix}`;
}

function trimmed(slug: string, longest: number): string {
  return slug.replace(/^-+/, '').slice(0, longest).replace(/-+$/, '');
}
