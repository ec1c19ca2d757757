/**
 * Everything that can be wrong with a field. Like a problem's code, one is a promise to clients: it is never renamed, and keeps its
 * meaning. A feature with a rule of its own adds its code here.
 */
export const faultCodes = {
  required: 'It has to be given.',
  unknown: 'The request has no such field, or nothing that you can see has this id.',
  type: 'It is of another type, a text in place of a number for one.',
  min_length: 'It has too few characters.',
  max_length: 'It has too many characters.',
  min_items: 'It has too few items.',
  max_items: 'It has too many items.',
  max_size: 'It is too large as JSON.',
  minimum: 'It is too small.',
  maximum: 'It is too large.',
  pattern: 'It is not of the form that the document gives.',
  characters: 'It holds control characters.',
  choice: 'It is none of the values that there are.',
  unique: 'It holds an item twice.',
  email: 'It is not an email address.',
  identifier: 'It is not an id (UUID).',
  timestamp: 'It is not a point in time (RFC 3339).',
  direction: 'It sorts up and down at once.',
  exclusive: 'It can not be given together with another field.',
  unchanged: 'It is what it was before.',
  too_deep: 'It would stand deeper than teams stand.',
  taken: 'Somebody else has it.',
  reserved: 'Nobody may have it.',
  guessable: 'It is too easy to guess, by what is known of you.',
  common: 'It is among the passwords that are guessed first.',
  wrong: 'It is not the one that is kept, a password for one.',
  not_set: 'There is none to compare it with: you have no password, for one.',
  refused: 'The value is not taken.',
} as const;

export type FaultCode = keyof typeof faultCodes;

/** In the order in which they are explained. */
export const faultMeanings: readonly (readonly [code: string, meaning: string])[] = Object.entries(faultCodes);
