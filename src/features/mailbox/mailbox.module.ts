import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from '../../config/index.ts';
import { MailboxController } from './mailbox.controller.ts';

@Module({})
export class MailboxModule {
  /** In production there is no such route. */
  static of({ isProduction }: Config): DynamicModule {
    return { module: MailboxModule, controllers: isProduction ? [] : [MailboxController] };
  }
}
