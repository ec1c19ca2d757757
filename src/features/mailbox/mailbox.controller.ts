import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Access } from '../../core/access/index.ts';
import { PathId, Problem, varyBy } from '../../core/http/index.ts';
import { Mailbox } from '../../core/mail/index.ts';
import { Gallery } from './gallery.ts';
import {
  GalleryQuery,
  MailboxQuery,
  type MailboxResponse,
  type MailResponse,
  toMail,
  toMailbox,
} from './mailbox.dto.ts';
import { galleryPage, mailboxPage, mailPage, PAGE_POLICY } from './mailbox.page.ts';

@ApiExcludeController()
@Controller('dev/mailbox')
export class MailboxController {
  constructor(
    private readonly mailbox: Mailbox,
    private readonly gallery: Gallery,
  ) {}

  @Get()
  @Access.public('development only: shows the mails that would have been sent')
  list(
    @Query() { to }: MailboxQuery,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): MailboxResponse | string {
    const mails = toMailbox(this.mailbox.list(to));
    varyBy(reply, 'Accept');
    return wantsJson(accept) ? mails : asPage(reply, mailboxPage(mails.data, to));
  }

  @Get('templates')
  @Access.public('development only: shows every mail that there is')
  templates(@Query() { language = 'en' }: GalleryQuery, @Res({ passthrough: true }) reply: FastifyReply): string {
    return asPage(reply, galleryPage(this.gallery.show(language), language));
  }

  @Get(':mail_id')
  @Access.public('development only: shows a mail that would have been sent')
  find(
    @PathId('mail_id') id: string,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): MailResponse | string {
    const kept = this.mailbox.find(id);
    if (!kept) throw new Problem('not_found');
    const mail = toMail(kept);
    varyBy(reply, 'Accept');
    return wantsJson(accept) ? mail : asPage(reply, mailPage(mail));
  }
}

function wantsJson(accept = ''): boolean {
  return accept.includes('application/json');
}

function asPage(reply: FastifyReply, page: string): string {
  void reply.type('text/html; charset=utf-8').header('content-security-policy', PAGE_POLICY);
  return page;
}
