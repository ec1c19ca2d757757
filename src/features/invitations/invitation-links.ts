import { Injectable } from '@nestjs/common';
import { Config } from '../../config/index.ts';
import { Mail } from '../../core/mail/index.ts';
import type { Invitation } from './invitations.repository.ts';

/** What leads to an invitation: whoever has a link has its token. */
@Injectable()
export class InvitationLinks {
  constructor(
    private readonly config: Config,
    private readonly mail: Mail,
  ) {}

  to(token: string): string {
    // The token stands behind the #: a browser sends that to no server, so it is in no log and no Referer.
    return `${this.config.appUrl}/invitation#token=${token}`;
  }

  /** Mails the link in the current transaction, to whom the invitation is for. */
  send({ email, inviterName, message, days }: Invitation, token: string, organization: string): void {
    if (email === null) throw new Error('an invitation to nobody is not sent');
    this.mail.send({
      to: email,
      template: 'invitation',
      link: this.to(token),
      inviter: inviterName,
      organization,
      message,
      days,
    });
  }
}
