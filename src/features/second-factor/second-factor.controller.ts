import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Access, StepUp } from '../../core/access/index.ts';
import { Refuses, Section } from '../../core/http/index.ts';
import { EnrollmentService } from './enrollment.service.ts';
import {
  EnrollmentResponse,
  MfaStateResponse,
  RecoveryCodesResponse,
  SecondFactorCode,
  toEnrollment,
  toMfaState,
  toRecoveryCodes,
  TotpCode,
} from './second-factor.dto.ts';

@Section('Second factor', 'A code from an app, asked for after the password or the mailed link.')
@Controller('me/mfa')
export class SecondFactorController {
  constructor(private readonly enrollment: EnrollmentService) {}

  @Get()
  @Access.signedIn()
  @ApiOperation({
    summary: 'Read by what you can prove who you are',
    description: 'What a page needs to know before it offers to set the second factor up, to remove it, or to step up.',
  })
  @ApiOkResponse({ type: MfaStateResponse })
  async find(): Promise<MfaStateResponse> {
    return toMfaState(await this.enrollment.state());
  }

  @Post('totp')
  @HttpCode(200)
  @Access.signedIn()
  @StepUp()
  @ApiOperation({
    summary: 'Get a secret for an authenticator app',
    description: 'Nothing changes before it is activated; until then the next call gives another one.',
  })
  @ApiOkResponse({ type: EnrollmentResponse })
  @Refuses('conflict')
  async enroll(): Promise<EnrollmentResponse> {
    return toEnrollment(await this.enrollment.enroll());
  }

  @Post('totp/activate')
  @HttpCode(200)
  @Access.signedIn()
  @StepUp()
  @ApiOperation({
    summary: 'Have signing in take a code from now on',
    description: 'The first code shows that the app has the secret, and is spent. Who is signed in stays so.',
  })
  @ApiOkResponse({ type: RecoveryCodesResponse })
  @Refuses('not_found', 'conflict')
  async activate(@Body() { code }: TotpCode): Promise<RecoveryCodesResponse> {
    return toRecoveryCodes(await this.enrollment.activate(code));
  }

  @Delete('totp')
  @HttpCode(204)
  @Access.signedIn()
  @StepUp()
  @ApiOperation({
    summary: 'Remove the second factor',
    description: 'Its recovery codes go with it. Signing in takes no code any more.',
  })
  @ApiResponse({ status: 204 })
  @Refuses('not_found')
  async remove(@Body() { code }: SecondFactorCode): Promise<void> {
    await this.enrollment.remove(code);
  }

  @Post('recovery-codes')
  @HttpCode(200)
  @Access.signedIn()
  @StepUp()
  @ApiOperation({
    summary: 'Get new recovery codes',
    description: 'Those from before work no more, used or not.',
  })
  @ApiOkResponse({ type: RecoveryCodesResponse })
  @Refuses('not_found')
  async replaceRecoveryCodes(@Body() { code }: SecondFactorCode): Promise<RecoveryCodesResponse> {
    return toRecoveryCodes(await this.enrollment.replaceRecoveryCodes(code));
  }
}
