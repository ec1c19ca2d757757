import { Undecipherable } from './undecipherable.ts';

/** What stands in the database in place of a text: the form's version, the id of the key, and what the cipher made of it. */
export interface SealedText {
  readonly keyId: string;
  readonly box: Buffer;
}

const FORM = /^v1\.([a-z0-9][a-z0-9_-]*)\.([\w-]+)$/;

export function format({ keyId, box }: SealedText): string {
  return `v1.${keyId}.${box.toString('base64url')}`;
}

/** @throws Undecipherable for any other form, such as another way to write the same bytes */
export function parse(text: string): SealedText {
  const [, keyId = '', encoded = ''] = FORM.exec(text) ?? [];
  const box = Buffer.from(encoded, 'base64url');
  if (encoded === '' || box.toString('base64url') !== encoded) throw new Undecipherable('altered');
  return { keyId, box };
}
