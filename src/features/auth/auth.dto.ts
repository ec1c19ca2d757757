import { Choice, demo, EmailAddress, type FieldOptions, Text } from '../../core/http/index.ts';
import { CODE } from '../second-factor/index.ts';
import { PersonName } from '../users/index.ts';
import { LONGEST_PASSWORD, SHORTEST_PASSWORD } from './password.policy.ts';

/** Longer than any token of ours, and short enough to be hashed without a thought. */
export const TOKEN = { min: 1, max: 512, example: 'kq3mBvUaZ0n2yR7cX1eT9dWfGhJpLsQi4oNuVbYzA8M' };
const PASSWORD = { max: LONGEST_PASSWORD, example: 'correct horse battery staple' };

/** A password that somebody chooses. */
export const ChosenPassword = (options: FieldOptions = {}): PropertyDecorator =>
  Text({ ...PASSWORD, min: SHORTEST_PASSWORD, ...options });

/** The section of the document in which the way in and out stands. */
export const AUTHENTICATION = [
  'Authentication',
  'From an address to a token pair, and from one pair to the next.',
] as const;

export class RegisterRequest {
  @EmailAddress()
  email: string;

  @PersonName()
  name: string;
}

export class VerificationSentResponse {
  @Choice(['verification_sent'], {
    description: 'The same whether or not the address is known, or was sent its few mails of the hour before.',
  })
  status: 'verification_sent';
}

export const verificationSent: VerificationSentResponse = { status: 'verification_sent' };

export class VerifyEmailRequest {
  @Text({ ...TOKEN, description: 'From the mailed link.' })
  token: string;

  @ChosenPassword({
    optional: true,
    description:
      'Of a new user; may be left out. That of a user who is there already is never changed. With a change of address it is not used.',
  })
  password?: string;
}

const NEW_ADDRESS = 'ada.king@example.org';

export class EmailChangeRequest {
  @EmailAddress({ example: NEW_ADDRESS })
  email: string;

  @Text({ ...PASSWORD, min: 1, optional: true, description: 'Has to be right where it is given.' })
  password?: string;
}

/** As it is filled in: no document knows the password. */
export const emailChangeExamples = { by_session: { summary: 'Without the password', value: { email: NEW_ADDRESS } } };

export class LinkRequest {
  @EmailAddress({ example: demo.owner.email })
  email: string;
}

export class LinkSentResponse {
  @Choice(['link_sent'], {
    description: 'The same whether or not the address is known, or has links already that work.',
  })
  status: 'link_sent';
}

export const linkSent: LinkSentResponse = { status: 'link_sent' };

export class VerifyLinkRequest {
  @Text({ ...TOKEN, description: 'From the mailed link.' })
  token: string;
}

export class PasswordResetRequest extends VerifyLinkRequest {
  @ChosenPassword()
  password: string;
}

export class PasswordChange {
  @Text({ ...PASSWORD, min: 1, optional: true, description: 'Left out by who has none.' })
  current_password?: string;

  @ChosenPassword({ example: 'battery staple, correct horse' })
  new_password: string;
}

export class LoginRequest {
  @EmailAddress({ example: demo.owner.email })
  email: string;

  @Text(PASSWORD)
  password: string;
}

export class StepUpRequest {
  @Text({ ...PASSWORD, optional: true, description: 'The account’s; or else `code`.' })
  password?: string;

  @Text({
    ...CODE,
    optional: true,
    description: 'Of the second factor: the six digits that the app shows, or a recovery code. Or else `password`.',
  })
  code?: string;
}

/** As it is filled in: one of the two. */
export const stepUpExamples = {
  by_password: { summary: 'By the password', value: { password: PASSWORD.example } },
  by_code: { summary: 'By a code of the second factor', value: { code: CODE.example } },
};

export class VerifyMfaRequest {
  @Text({ ...TOKEN, description: 'Of the answer to the first factor.' })
  mfa_token: string;

  @Text({ ...CODE, description: 'The six digits that the app shows, or a recovery code.' })
  code: string;
}

export class RefreshRequest {
  @Text({
    ...TOKEN,
    optional: true,
    description: 'The newest of the session; left out where a cookie holds it. It is spent by the call.',
  })
  refresh_token?: string;
}

/** As it is filled in: what a browser holds in a cookie it does not send a second time. */
export const refreshExamples = { by_cookie: { summary: 'The token is in the cookie', value: {} } };
