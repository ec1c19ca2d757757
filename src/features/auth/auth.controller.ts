import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { Refuses } from '../../core/http/index.ts';
import { SingleUse } from '../../core/idempotency/index.ts';
import {
  LoginRequest,
  RefreshRequest,
  RegisterRequest,
  toTokenPair,
  TokenPairResponse,
  verificationSent,
  VerificationSentResponse,
  VerifyEmailRequest,
} from './auth.dto.ts';
import { LoginService } from './login.service.ts';
import { RegistrationService } from './registration.service.ts';
import { SessionsService } from './sessions.service.ts';

@ApiTags('Authentication')
@Controller('auth')
@SingleUse('what these calls spend or end is gone after the first one')
export class AuthController {
  constructor(
    private readonly registration: RegistrationService,
    private readonly logins: LoginService,
    private readonly sessions: SessionsService,
  ) {}

  @Post('register')
  @HttpCode(202)
  @Access.public('before an account exists; answers alike for every address')
  @ApiOperation({ summary: 'Ask for an account; a mail brings the link to go on with' })
  @ApiResponse({ status: 202, type: VerificationSentResponse })
  @Refuses('validation_failed')
  async register(@Body() { email, name }: RegisterRequest): Promise<VerificationSentResponse> {
    await this.registration.register(email, name);
    return verificationSent;
  }

  @Post('email/verify')
  @HttpCode(200)
  @Access.public('the mailed token proves who calls')
  @ApiOperation({ summary: 'Verify the address by the mailed token, choose a password and sign in' })
  @ApiOkResponse({ type: TokenPairResponse })
  @Refuses('token_used', 'validation_failed')
  async verifyEmail(@Body() { token, password }: VerifyEmailRequest): Promise<TokenPairResponse> {
    return toTokenPair(await this.registration.verify(token, password));
  }

  @Post('login')
  @HttpCode(200)
  @Access.public('the password proves who calls')
  @ApiOperation({ summary: 'Sign in with address and password' })
  @ApiOkResponse({ type: TokenPairResponse })
  @Refuses('invalid_credentials', 'rate_limited', 'validation_failed')
  async login(@Body() { email, password }: LoginRequest): Promise<TokenPairResponse> {
    return toTokenPair(await this.logins.login(email, password));
  }

  @Post('refresh')
  @HttpCode(200)
  @Access.public('the refresh token proves who calls')
  @ApiOperation({ summary: 'Spend a refresh token for a new pair' })
  @ApiOkResponse({ type: TokenPairResponse })
  @Refuses('token_reused', 'unauthenticated', 'validation_failed')
  async refresh(@Body() { refresh_token }: RefreshRequest): Promise<TokenPairResponse> {
    return toTokenPair(await this.sessions.refresh(refresh_token));
  }

  @Post('logout')
  @HttpCode(204)
  @Access.signedIn()
  @ApiOperation({ summary: 'End this session at once' })
  @ApiResponse({ status: 204 })
  async logout(): Promise<void> {
    await this.sessions.endCurrent();
  }
}
