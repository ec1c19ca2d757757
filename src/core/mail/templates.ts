/** What a mail says, before it is text or HTML. */
export interface Letter {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  readonly action?: { readonly label: string; readonly link: string };
  readonly footnote: string;
}

const NOT_YOU = 'If this was not you, there is nothing to do: without the link nobody gets in.';

/**
 * Every mail that Tenantry writes. Links are absolute and made by the caller. None repeats what a stranger can write, such
 * as the name of who registers: anybody can have a mail sent to anybody's address, and it must not carry their message.
 */
export const templates = {
  verify_email: ({ link }: { link: string }): Letter => ({
    subject: 'Confirm your email address',
    paragraphs: ['Welcome to Tenantry. Please confirm that this is your email address.'],
    action: { label: 'Confirm the address', link },
    footnote: NOT_YOU,
  }),
  magic_link: ({ link }: { link: string }): Letter => ({
    subject: 'Your link to sign in',
    paragraphs: ['With this link you sign in to Tenantry. It works once, within the next hour.'],
    action: { label: 'Sign in', link },
    footnote: `${NOT_YOU} Pass the link on to nobody.`,
  }),
  reset_password: ({ link }: { link: string }): Letter => ({
    subject: 'Set another password',
    paragraphs: ['With this link you set another password for Tenantry. It works once, within the next hour.'],
    action: { label: 'Set a password', link },
    footnote: 'If this was not you, there is nothing to do: your password stays as it is. Pass the link on to nobody.',
  }),
  password_changed: (_values: object): Letter => ({
    subject: 'Your password was changed',
    paragraphs: [
      'The password of your account has just been changed, and whoever else was signed in to it is so no longer.',
    ],
    footnote:
      'If this was not you, set another password now: ask for a link by "forgot password". It is mailed to this address.',
  }),
  address_known: (_values: object): Letter => ({
    subject: 'You already have an account',
    paragraphs: [
      'Somebody, probably you, has just tried to register with your email address. You have an account already: sign in as usual.',
    ],
    footnote: 'If this was not you, there is nothing to do: your account is unchanged.',
  }),
} satisfies Record<string, (values: never) => Letter>;

export type MailTemplate = keyof typeof templates;

/** The values that each template needs, beside its name. */
export type MailContent = {
  [Name in MailTemplate]: { template: Name } & Parameters<(typeof templates)[Name]>[0];
}[MailTemplate];
