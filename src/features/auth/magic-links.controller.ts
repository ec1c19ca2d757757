import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { Refuses, Section } from '../../core/http/index.ts';
import { SingleUse } from '../../core/idempotency/index.ts';
import { LimitsSignIn } from '../../core/limits/index.ts';
import { AUTHENTICATION, LinkRequest, linkSent, LinkSentResponse, VerifyLinkRequest } from './auth.dto.ts';
import { IssuedSessions } from './issued-sessions.ts';
import { MagicLinksService } from './magic-links.service.ts';
import { SignInTransport, TokenTransport } from './token-transport.ts';
import { SignedIn, type SignedInResponse } from './tokens.dto.ts';

@Section(...AUTHENTICATION)
@Controller('auth/magic-links')
@SingleUse('a link is spent by its first use, and asking again is what a bound is for')
export class MagicLinksController {
  constructor(
    private readonly magicLinks: MagicLinksService,
    private readonly issuedSessions: IssuedSessions,
  ) {}

  @Post()
  @HttpCode(202)
  @Access.public('before anybody is known; answers alike for every address')
  @LimitsSignIn()
  @ApiOperation({
    summary: 'Ask for a link that signs in',
    description: 'Whoever has no account gets one by using it. The answer is the same for every address.',
  })
  @ApiResponse({ status: 202, type: LinkSentResponse })
  async create(@Body() { email }: LinkRequest): Promise<LinkSentResponse> {
    await this.magicLinks.request(email);
    return linkSent;
  }

  @Post('verify')
  @HttpCode(200)
  @Access.public('the mailed token proves who calls')
  @LimitsSignIn()
  @ApiOperation({
    summary: 'Sign in by the mailed token',
    description:
      'The token is spent by the call, and by nothing else: opening the link does not. Sent with an access token of the same person, it renews the proof of that session as well, after the second factor where there is one.',
  })
  @SignedIn()
  @Refuses('token_used')
  async verify(
    @Body() { token }: VerifyLinkRequest,
    @SignInTransport() transport: TokenTransport,
  ): Promise<SignedInResponse> {
    const calledFrom = this.issuedSessions.sessionOf(transport.shownAccessToken());
    return transport.deliverSignIn(await this.magicLinks.verify({ token, calledFrom }));
  }
}
