import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { CursorPageOf, Page, Section } from '../../core/http/index.ts';
import { SecurityEventResponse, SecurityEventsQuery, toFilter, toSecurityEvent } from './security-events.dto.ts';
import { SecurityEvents } from './security-events.ts';
import { PROFILE } from './users.dto.ts';

@Section(...PROFILE)
@Controller('me/security-events')
export class SecurityEventsController {
  constructor(private readonly events: SecurityEvents) {}

  @Get()
  @Access.signedIn()
  @ApiOperation({
    summary: 'List what happened to your account',
    description:
      'Sign-ins and what failed of them, links that were asked for, changes of your account and sessions that ended. The newest first.',
  })
  @CursorPageOf(SecurityEventResponse)
  async list(@Query() query: SecurityEventsQuery): Promise<Page<SecurityEventResponse>> {
    return Page.of(query, await this.events.list(toFilter(query)), toSecurityEvent);
  }
}
