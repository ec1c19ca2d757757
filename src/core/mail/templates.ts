/** The values that each template needs. Links are absolute and made by the caller. */
export interface MailValues {
  verify_email: Link;
  magic_link: Link;
  reset_password: Link;
  password_changed: object;
  address_known: object;
  /** To the new address. */
  email_change: Link & {
    /** Whose address it would be, by the one that they have: masked, because a stranger may have chosen it. */
    readonly account: string;
  };
  /** To the address that an account has, when another one was asked for. */
  email_change_requested: object;
  /** To the address that an account had. */
  email_changed: object;
  second_factor_added: object;
  second_factor_removed: object;
  /** Not by its owner: by whoever runs the service, for somebody who has lost it. */
  second_factor_reset: object;
  recovery_code_used: object;
  recovery_codes_replaced: object;
  account_deleted: object;
  ownership_offered: Link;
  /** To an address that need not have an account. What it quotes has been written by whoever invites. */
  invitation: Link & {
    readonly inviter: string;
    readonly organization: string;
    readonly message: string | null;
    /** For how long the link works. */
    readonly days: number;
  };
}

interface Link {
  readonly link: string;
}

export type MailTemplate = keyof MailValues;

/** A template's name with its values. */
export type MailContent<Name extends MailTemplate = MailTemplate> = {
  [Key in Name]: { readonly template: Key } & MailValues[Key];
}[Name];

/** What a mail says, before it is text or HTML. */
export interface Letter {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  readonly action?: { readonly label: string; readonly link: string };
  readonly footnote: string;
}

/**
 * Every mail, in one language. None repeats what a stranger can write, such as the name of who registers: anybody can have a
 * mail sent to anybody's address, and it must not carry their message. An invitation has to say who invites, and may say why: each
 * such value is quoted, as `quotable` leaves it.
 */
export interface Texts {
  /** Whoever reads it: the mailbox is all that is known of them. */
  readonly greeting: string;
  readonly letters: {
    readonly [Name in MailTemplate]: (values: MailValues[Name] & { readonly app: string }) => Letter;
  };
}
