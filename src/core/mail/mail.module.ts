import { Global, Module } from '@nestjs/common';
import { Delivery } from './delivery.ts';
import { Languages } from './languages.ts';
import { Mail } from './mail.ts';
import { Mailbox } from './mailbox.ts';
import { Smtp } from './smtp.ts';

@Global()
@Module({ providers: [Languages, Mail, Mailbox, Smtp, Delivery], exports: [Mail, Mailbox] })
export class MailModule {}
