import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { Refuses, Section } from '../../core/http/index.ts';
import { SingleUse } from '../../core/idempotency/index.ts';
import { AUTHENTICATION, stepUpExamples, StepUpRequest } from './auth.dto.ts';
import { StepUpService } from './step-up.service.ts';

@Section(...AUTHENTICATION)
@Controller('auth/step-up')
@SingleUse('a proof that is given twice renews twice, which is the same')
export class StepUpController {
  constructor(private readonly stepUps: StepUpService) {}

  @Post()
  @HttpCode(204)
  @Access.signedIn()
  @ApiOperation({
    summary: 'Prove anew who you are, for what takes a proof of the last ten minutes',
    description:
      'Takes either the password or a code of the second factor. The session is let through at once; its next access token tells the new `auth_time`. A session of another issuer is renewed by signing in there, unless its tokens have an `auth_time`.',
  })
  @ApiBody({ type: StepUpRequest, examples: stepUpExamples })
  @ApiResponse({ status: 204 })
  @Refuses('step_up_required')
  async stepUp(@Body() { password, code }: StepUpRequest): Promise<void> {
    await this.stepUps.stepUp({ password, code });
  }
}
