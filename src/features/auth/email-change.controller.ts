import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Access, StepUp } from '../../core/access/index.ts';
import { Section } from '../../core/http/index.ts';
import {
  AUTHENTICATION,
  emailChangeExamples,
  EmailChangeRequest,
  verificationSent,
  VerificationSentResponse,
} from './auth.dto.ts';
import { EmailChangeService } from './email-change.service.ts';

@Section(...AUTHENTICATION)
@Controller('me/email')
export class EmailChangeController {
  constructor(private readonly emailChange: EmailChangeService) {}

  @Post()
  @HttpCode(202)
  @Access.signedIn()
  @StepUp()
  @ApiOperation({
    summary: 'Ask for another address; a mail to it brings the link that confirms it',
    description:
      'Until then yours stays, and is told. The newest link alone is good, and only while this session is live. Somebody else who has the address is sent a notice in its place. The answer is the same. The password does not stand in for a step-up.',
  })
  @ApiBody({ type: EmailChangeRequest, examples: emailChangeExamples })
  @ApiResponse({ status: 202, type: VerificationSentResponse })
  async create(@Body() { email, password }: EmailChangeRequest): Promise<VerificationSentResponse> {
    await this.emailChange.request(email, password);
    return verificationSent;
  }
}
