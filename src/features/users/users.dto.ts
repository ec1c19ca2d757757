import { demo, EmailAddress, type FieldOptions, Identifier, Line, Text, Timestamp } from '../../core/http/index.ts';
import type { ProfileChanges, User } from './users.repository.ts';

/** The section of the document. */
export const PROFILE = [
  'Profile',
  'Your own name, address and picture, the same in every organization, and what happened to your account.',
] as const;

export const LONGEST_PERSON_NAME = 200;

const NAME = { min: 1, max: LONGEST_PERSON_NAME, example: 'Ada Lovelace' };
/** A picture is shown to others: from a page served by TLS, and never a script. */
const AVATAR_URL = {
  max: 2048,
  pattern: /^https:\/\/[^\s/?#]+\S*$/,
  nullable: true,
  example: 'https://pictures.example.com/ada.png',
};

/** E.164, as it is dialled from anywhere. */
const PHONE = { pattern: /^\+[1-9]\d{1,14}$/, nullable: true, example: '+4915112345678' };

/** The name of a person, wherever one is given. */
export const PersonName = (options: FieldOptions = {}): PropertyDecorator => Line({ ...NAME, ...options });

export class ProfilePatch {
  @Line({ ...NAME, optional: true, example: demo.owner.name })
  name?: string;

  @Text({ ...AVATAR_URL, optional: true, example: null })
  avatar_url?: string | null;

  @Text({ ...PHONE, optional: true, example: null })
  phone?: string | null;
}

export class ProfileResponse {
  @Identifier()
  id: string;

  @EmailAddress({ description: 'Verified: there is no user without a verified address.' })
  email: string;

  @Line(NAME)
  name: string;

  @Text(AVATAR_URL)
  avatar_url: string | null;

  @Text({ ...PHONE, description: 'Kept encrypted.' })
  phone: string | null;

  @Timestamp()
  created_at: string;

  @Timestamp()
  updated_at: string;
}

export function toChanges({ name, avatar_url, phone }: ProfilePatch): ProfileChanges {
  return {
    ...(name !== undefined && { name }),
    ...(avatar_url !== undefined && { avatarUrl: avatar_url }),
    ...(phone !== undefined && { phone }),
  };
}

export function toProfile({ id, email, name, avatarUrl, phone, createdAt, updatedAt }: User): ProfileResponse {
  return {
    id,
    email,
    name,
    avatar_url: avatarUrl,
    phone,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}
