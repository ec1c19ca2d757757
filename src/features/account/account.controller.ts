import { Controller, Delete, HttpCode } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Access, StepUp } from '../../core/access/index.ts';
import { IfMatch, Precondition, Refuses, Resource, Section } from '../../core/http/index.ts';
import { SignOutTransport, TokenTransport } from '../auth/index.ts';
import { PROFILE, UsersService } from '../users/index.ts';
import { AccountService } from './account.service.ts';

@Section(...PROFILE)
@Controller('me')
@Resource(UsersService)
export class AccountController {
  constructor(private readonly account: AccountService) {}

  @Delete()
  @HttpCode(204)
  @Access.signedIn()
  @StepUp()
  @ApiOperation({
    summary: 'Delete your account, for good',
    description:
      'Name, address, phone and secrets are erased at once, and you leave every organization: its history keeps an id and "deleted user". Refused while you are the only active owner of an organization.',
  })
  @ApiResponse({ status: 204 })
  @Refuses('last_owner')
  async delete(@IfMatch() precondition: Precondition, @SignOutTransport() transport: TokenTransport): Promise<void> {
    await this.account.delete(precondition);
    transport.end();
  }
}
