import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/index.ts';
import { Mail } from '../../core/mail/index.ts';
import { emailIdentity, nameAfter } from '../users/index.ts';
import { type FollowedLink, LinkSignInService } from './link-sign-in.service.ts';
import { MailedLinks } from './mailed-links.ts';
import type { SignInResult } from './sign-in.service.ts';

/** Signing in without a password: also when wrong ones, a stranger's for instance, have the address wait. */
@Injectable()
export class MagicLinksService {
  constructor(
    private readonly database: Database,
    private readonly links: MailedLinks,
    private readonly linkSignIn: LinkSignInService,
    private readonly mail: Mail,
  ) {}

  /**
   * Mails a link, the same to a known address and to a new one. Held back only while the mailbox has links that work.
   * @throws Problem validation_failed for what no mail can be sent to
   */
  async request(email: string): Promise<void> {
    const identity = emailIdentity(email);
    await this.database.transaction(async () => {
      const { withheld, url } = await this.links.issue('magic_link', identity, nameAfter(identity));
      this.mail.send({ to: identity.address, withheld, template: 'magic_link', link: url });
    });
  }

  /** @throws Problem token_used */
  async verify(link: FollowedLink): Promise<SignInResult> {
    return this.linkSignIn.signIn('magic_link', link);
  }
}
