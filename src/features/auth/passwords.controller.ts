import { Body, Controller, HttpCode, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Access, StepUp } from '../../core/access/index.ts';
import { Refuses, Section } from '../../core/http/index.ts';
import { SingleUse } from '../../core/idempotency/index.ts';
import { LimitsSignIn } from '../../core/limits/index.ts';
import {
  AUTHENTICATION,
  LinkRequest,
  linkSent,
  LinkSentResponse,
  PasswordChange,
  PasswordResetRequest,
} from './auth.dto.ts';
import { PasswordsService } from './passwords.service.ts';

@Section(...AUTHENTICATION)
@Controller()
@SingleUse('a link is spent by its first use, and asking again is what a bound is for')
export class PasswordsController {
  constructor(private readonly passwords: PasswordsService) {}

  @Post('auth/password/forgot')
  @HttpCode(202)
  @Access.public('before anybody is known; answers alike for every address')
  @LimitsSignIn()
  @ApiOperation({
    summary: 'Ask for a link to set another password',
    description: 'It is mailed to an address that has an account. The answer is the same for every address.',
  })
  @ApiResponse({ status: 202, type: LinkSentResponse })
  async forgot(@Body() { email }: LinkRequest): Promise<LinkSentResponse> {
    await this.passwords.forgot(email);
    return linkSent;
  }

  @Post('auth/password/reset')
  @HttpCode(204)
  @Access.public('the mailed token proves who calls')
  @LimitsSignIn()
  @ApiOperation({
    summary: 'Set another password by the mailed token',
    description:
      'Every session ends, with every link that was mailed before, and none begins: sign in by the new password.',
  })
  @ApiResponse({ status: 204 })
  @Refuses('token_used')
  async reset(@Body() { token, password }: PasswordResetRequest): Promise<void> {
    await this.passwords.reset(token, password);
  }

  @Put('me/password')
  @HttpCode(204)
  @Access.signedIn()
  @StepUp()
  @ApiOperation({
    summary: 'Set another password by the current one',
    description:
      'Every other session ends, with every link that was mailed before. Whoever has no password leaves the current one out. It does not stand in for a step-up.',
  })
  @ApiResponse({ status: 204 })
  async change(@Body() { current_password, new_password }: PasswordChange): Promise<void> {
    await this.passwords.change(current_password, new_password);
  }
}
