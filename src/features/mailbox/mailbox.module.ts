import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from '../../config/index.ts';
import { Gallery } from './gallery.ts';
import { MailboxController } from './mailbox.controller.ts';

@Module({})
export class MailboxModule {
  /** Anywhere but in development there are no such routes. */
  static of({ isDevelopment }: Config): DynamicModule {
    return isDevelopment
      ? { module: MailboxModule, controllers: [MailboxController], providers: [Gallery] }
      : { module: MailboxModule };
  }
}
