import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/index.ts';
import { Mail } from '../../core/mail/index.ts';
import { emailIdentity } from '../users/index.ts';
import { EmailChangeService } from './email-change.service.ts';
import { type FollowedLink, LinkSignInService } from './link-sign-in.service.ts';
import { MailedLinks } from './mailed-links.ts';
import type { SignInResult } from './sign-in.service.ts';

/** Nobody is a user before their address is proved: until then there is a token, and a mail that carries it. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly database: Database,
    private readonly links: MailedLinks,
    private readonly linkSignIn: LinkSignInService,
    private readonly emailChange: EmailChangeService,
    private readonly mail: Mail,
  ) {}

  /**
   * Mails a link to a new address and a notice to a known one, and to none more than a few in an hour: the same work, so
   * that neither answer nor time tells. No mail repeats the name, which a stranger may have written.
   */
  async register(email: string, name: string): Promise<void> {
    const identity = emailIdentity(email);
    const to = identity.address;
    await this.database.transaction(async () => {
      const { known, withheld, url } = await this.links.issue('verify_email', identity, name);
      if (known) this.mail.send({ to, withheld, template: 'address_known' });
      else this.mail.send({ to, withheld, template: 'verify_email', link: url });
    });
  }

  /**
   * Verifies a new user's address, or the new address of one who is there.
   * @returns undefined for the second: nobody was signed in
   * @throws Problem token_used; validation_failed for a poor password, which leaves the token unspent
   */
  async verify(link: FollowedLink): Promise<SignInResult | undefined> {
    if (await this.emailChange.confirm(link.token)) return undefined;
    return this.linkSignIn.signIn('verify_email', link);
  }
}
