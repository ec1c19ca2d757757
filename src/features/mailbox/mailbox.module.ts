import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from '../../config/index.ts';
import { MailboxController } from './mailbox.controller.ts';

@Module({})
export class MailboxModule {
  /** Anywhere but in development there is no such route. */
  static of({ isDevelopment }: Config): DynamicModule {
    return { module: MailboxModule, controllers: isDevelopment ? [MailboxController] : [] };
  }
}
