import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Access } from '../../core/access/index.ts';
import { varyBy } from '../../core/http/index.ts';
import { Mailbox } from '../../core/mail/index.ts';
import { MailboxQuery, type MailboxResponse, toMailbox } from './mailbox.dto.ts';
import { mailboxPage, PAGE_POLICY } from './mailbox.page.ts';

@ApiExcludeController()
@Controller('dev/mailbox')
export class MailboxController {
  constructor(private readonly mailbox: Mailbox) {}

  @Get()
  @Access.public('development only: shows the mails that would have been sent')
  list(
    @Query() { to }: MailboxQuery,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): MailboxResponse | string {
    const mails = toMailbox(this.mailbox.list(to));
    varyBy(reply, 'Accept');
    if (accept?.includes('application/json')) return mails;
    reply.header('content-type', 'text/html; charset=utf-8').header('content-security-policy', PAGE_POLICY);
    return mailboxPage(mails.data, to);
  }
}
