import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { Refuses, Section } from '../../core/http/index.ts';
import { SingleUse } from '../../core/idempotency/index.ts';
import { LimitsSignIn } from '../../core/limits/index.ts';
import {
  AUTHENTICATION,
  LoginRequest,
  refreshExamples,
  RefreshRequest,
  RegisterRequest,
  verificationSent,
  VerificationSentResponse,
  VerifyEmailRequest,
} from './auth.dto.ts';
import { IssuedSessions } from './issued-sessions.ts';
import { LoginService } from './login.service.ts';
import { RegistrationService } from './registration.service.ts';
import { SessionsService } from './sessions.service.ts';
import { RefreshTransport, SignInTransport, SignOutTransport, TokenTransport } from './token-transport.ts';
import { HasSession, type NewSessionResponse, SignedIn, type SignedInResponse } from './tokens.dto.ts';

@Section(...AUTHENTICATION)
@Controller('auth')
@SingleUse('what these calls spend or end is gone after the first one')
export class AuthController {
  constructor(
    private readonly registration: RegistrationService,
    private readonly logins: LoginService,
    private readonly sessions: SessionsService,
    private readonly issuedSessions: IssuedSessions,
  ) {}

  @Post('register')
  @HttpCode(202)
  @Access.public('before an account exists; answers alike for every address')
  @LimitsSignIn()
  @ApiOperation({
    summary: 'Ask for an account; a mail brings the link to go on with',
    description: 'Whoever has the address already is sent a notice in its place. The answer is the same.',
  })
  @ApiResponse({ status: 202, type: VerificationSentResponse })
  async register(@Body() { email, name }: RegisterRequest): Promise<VerificationSentResponse> {
    await this.registration.register(email, name);
    return verificationSent;
  }

  @Post('email/verify')
  @HttpCode(200)
  @Access.public('the mailed token proves who calls')
  @LimitsSignIn()
  @ApiOperation({
    summary: 'Verify the address by the mailed token, choose a password and sign in',
    description: 'The token is spent by the call. One of a change of address changes that, and signs nobody in.',
  })
  @SignedIn()
  @ApiResponse({ status: 204, description: 'The address was changed.' })
  @Refuses('token_used')
  async verifyEmail(
    @Body() { token, password }: VerifyEmailRequest,
    @SignInTransport() transport: TokenTransport,
  ): Promise<SignedInResponse | undefined> {
    const calledFrom = this.issuedSessions.sessionOf(transport.shownAccessToken());
    return transport.deliverVerification(await this.registration.verify({ token, password, calledFrom }));
  }

  @Post('login')
  @HttpCode(200)
  @Access.public('the password proves who calls')
  @LimitsSignIn()
  @ApiOperation({
    summary: 'Sign in with address and password',
    description: 'An unknown address and a wrong password have the same answer, after the same time.',
  })
  @SignedIn()
  @Refuses('invalid_credentials')
  async login(
    @Body() { email, password }: LoginRequest,
    @SignInTransport() transport: TokenTransport,
  ): Promise<SignedInResponse> {
    return transport.deliverSignIn(await this.logins.login(email, password));
  }

  @Post('refresh')
  @HttpCode(200)
  @Access.public('the refresh token proves who calls')
  @ApiOperation({
    summary: 'Spend a refresh token, of the body or else of the cookie, for a new pair',
    description: 'A token that was spent before ends the whole session: somebody else may hold it.',
  })
  @ApiBody({ type: RefreshRequest, required: false, examples: refreshExamples })
  @HasSession()
  @Refuses('token_reused', 'unauthenticated')
  async refresh(
    @Body() { refresh_token }: RefreshRequest,
    @RefreshTransport() transport: TokenTransport,
  ): Promise<NewSessionResponse> {
    const held = transport.accessTokenBeside(refresh_token);
    const expected = held === undefined ? undefined : this.issuedSessions.sessionOf(held);
    const pair = await this.sessions.refresh(transport.refreshToken(refresh_token), expected);
    if (!pair) throw transport.refuseMixture();
    return transport.deliver(pair);
  }

  @Post('logout')
  @HttpCode(204)
  @Access.signedIn()
  @ApiOperation({
    summary: 'End this session at once',
    description: 'Its tokens are refused from then on, on every server, and its cookies are cleared.',
  })
  @ApiResponse({ status: 204 })
  async logout(@SignOutTransport() transport: TokenTransport): Promise<void> {
    await this.sessions.endCurrent();
    transport.end();
  }
}
