import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { Refuses, Section } from '../../core/http/index.ts';
import { SingleUse } from '../../core/idempotency/index.ts';
import { LimitsSignIn } from '../../core/limits/index.ts';
import { AUTHENTICATION, VerifyMfaRequest } from './auth.dto.ts';
import { IssuedSessions } from './issued-sessions.ts';
import { SignIn } from './sign-in.service.ts';
import { SignInTransport, TokenTransport } from './token-transport.ts';
import { HasSession, type NewSessionResponse } from './tokens.dto.ts';

@Section(...AUTHENTICATION)
@Controller('auth/mfa/verify')
@SingleUse('the token is spent by the first right code')
export class MfaController {
  constructor(
    private readonly signIns: SignIn,
    private readonly issuedSessions: IssuedSessions,
  ) {}

  @Post()
  @HttpCode(200)
  @Access.public('token and code prove who calls')
  @LimitsSignIn()
  @ApiOperation({
    summary: 'Finish signing in by a code of the second factor',
    description:
      'A wrong code is told by 422 and leaves four more tries. When they are used up, or five minutes are over, or the password has changed, the answer is 401, for the right code too.',
  })
  @HasSession()
  @Refuses('invalid_credentials')
  async verify(
    @Body() { mfa_token, code }: VerifyMfaRequest,
    @SignInTransport() transport: TokenTransport,
  ): Promise<NewSessionResponse> {
    const calledFrom = this.issuedSessions.sessionOf(transport.shownAccessToken());
    return transport.deliver(await this.signIns.answer(mfa_token, code, calledFrom));
  }
}
