import type { MailContent, MailTemplate } from './templates.ts';

/** One of every mail: complete by its type. */
export function samples(link: string): readonly MailContent[] {
  const contents: { readonly [Name in MailTemplate]: MailContent<Name> } = {
    verify_email: { template: 'verify_email', link },
    magic_link: { template: 'magic_link', link },
    reset_password: { template: 'reset_password', link },
    password_changed: { template: 'password_changed' },
    address_known: { template: 'address_known' },
    email_change: { template: 'email_change', link, account: 'a\u2026@e\u2026.com' },
    email_change_requested: { template: 'email_change_requested' },
    email_changed: { template: 'email_changed' },
    second_factor_added: { template: 'second_factor_added' },
    second_factor_removed: { template: 'second_factor_removed' },
    second_factor_reset: { template: 'second_factor_reset' },
    recovery_code_used: { template: 'recovery_code_used' },
    recovery_codes_replaced: { template: 'recovery_codes_replaced' },
    account_deleted: { template: 'account_deleted' },
    ownership_offered: { template: 'ownership_offered', link },
    invitation: {
      template: 'invitation',
      link,
      inviter: 'Ada Lovelace',
      organization: 'Acme',
      message: 'We look forward to you.',
      days: 7,
    },
  };
  return Object.values(contents);
}
