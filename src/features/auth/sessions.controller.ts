import { Controller, Delete, Get, HttpCode, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { Page, PageOf, PathId, Refuses, Resource, Section } from '../../core/http/index.ts';
import { AUTHENTICATION } from './auth.dto.ts';
import { SessionResponse, SessionsQuery, toSelection, toSession } from './sessions.dto.ts';
import { SessionsService } from './sessions.service.ts';

@Section(...AUTHENTICATION)
@Controller('auth/sessions')
@Resource(SessionsService)
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Get()
  @Access.signedIn()
  @ApiOperation({
    summary: 'List where you are signed in',
    description: 'Sessions that are not over, the newest first unless `sort` says otherwise.',
  })
  @PageOf(SessionResponse)
  async list(@Query() query: SessionsQuery): Promise<Page<SessionResponse>> {
    const found = await this.sessions.list(toSelection(query));
    return Page.of(query, found, (session) => toSession(session, this.sessions.isCurrent(session.id)));
  }

  @Delete()
  @HttpCode(204)
  @Access.signedIn()
  @ApiOperation({
    summary: 'End all your sessions but this one',
    description: 'Their tokens are refused from then on, on every server.',
  })
  @ApiResponse({ status: 204 })
  async endOthers(): Promise<void> {
    await this.sessions.endOthers();
  }

  @Delete(':session_id')
  @HttpCode(204)
  @Access.signedIn()
  @ApiOperation({
    summary: 'End one of your sessions',
    description: 'Its tokens are refused from then on, on every server. It may be this one.',
  })
  @ApiResponse({ status: 204 })
  @Refuses('not_found')
  async end(@PathId('session_id') id: string): Promise<void> {
    await this.sessions.end(id);
  }
}
