import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { Refuses, Section } from '../../core/http/index.ts';
import { SingleUse } from '../../core/idempotency/index.ts';
import { LimitsSignIn } from '../../core/limits/index.ts';
import { answersWith, SignInTransport, TokenTransport } from '../auth/index.ts';
import { INVITATIONS } from '../invitations/index.ts';
import {
  AcceptanceRequest,
  AcceptanceResponse,
  AcceptedByCookieResponse,
  AcceptedByNewUserResponse,
  InvitationSummaryResponse,
  InvitationTokenRequest,
  toAcceptance,
  toSummary,
} from './acceptance.dto.ts';
import { AcceptanceService } from './acceptance.service.ts';
import { OVER } from './joining.service.ts';

@Section(...INVITATIONS)
@Controller('invitations')
@SingleUse('an invitation is accepted or declined once, and looking it up changes nothing')
export class InvitationTokensController {
  constructor(private readonly acceptance: AcceptanceService) {}

  @Post('lookup')
  @HttpCode(200)
  @Access.public('whoever has the token was given it')
  @ApiOperation({ summary: 'Read an invitation by its token', description: 'The token is not spent by it.' })
  @ApiOkResponse({ type: InvitationSummaryResponse })
  @Refuses('token_used', ...Object.values(OVER))
  async lookUp(@Body() { token }: InvitationTokenRequest): Promise<InvitationSummaryResponse> {
    return toSummary(await this.acceptance.lookUp(token));
  }

  @Post('accept')
  @HttpCode(200)
  @Access.public('a mailed token proves the address of who has no account yet', { orSignedIn: true })
  @LimitsSignIn()
  @ApiOperation({
    summary: 'Accept an invitation by its token',
    description:
      'Signed in with the address that was invited; or, by a mailed token, as somebody new, whom it makes a user and signs in. ' +
      'What whoever has invited you can give no longer is void.',
  })
  @answersWith(AcceptanceResponse, AcceptedByNewUserResponse, AcceptedByCookieResponse)
  @Refuses(
    'token_used',
    ...Object.values(OVER),
    'invitation_void',
    'invitation_not_yours',
    'organization_suspended',
    'already_member',
    'limit_reached',
  )
  async accept(
    @Body() request: AcceptanceRequest,
    @SignInTransport() transport: TokenTransport,
  ): Promise<AcceptanceResponse> {
    const { membership, signedIn } = await this.acceptance.accept(request);
    return toAcceptance(membership, signedIn && transport.deliverSignIn(signedIn));
  }

  @Post('decline')
  @HttpCode(204)
  @Access.public('whoever has the token was given it', { orSignedIn: true })
  @ApiOperation({
    summary: 'Decline an invitation by its token',
    description: 'It takes no sign-in; of whoever is signed in, the log of the organization tells who it was.',
  })
  @ApiNoContentResponse()
  @Refuses('token_used', ...Object.values(OVER))
  async decline(@Body() { token }: InvitationTokenRequest): Promise<void> {
    await this.acceptance.decline(token);
  }
}
