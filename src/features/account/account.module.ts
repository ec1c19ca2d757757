import { Module } from '@nestjs/common';
import { UsersModule } from '../users/index.ts';
import { AccountController } from './account.controller.ts';
import { AccountRepository } from './account.repository.ts';
import { AccountService } from './account.service.ts';

@Module({ imports: [UsersModule], controllers: [AccountController], providers: [AccountService, AccountRepository] })
export class AccountModule {}
