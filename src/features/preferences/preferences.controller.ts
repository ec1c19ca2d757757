import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { type Answer, BodyLimit, IfMatch, Precondition, Resource, Section, versioned } from '../../core/http/index.ts';
import { MAXIMUM_BYTES, PreferencesRequest, PreferencesResponse, toFields, toPreferences } from './preferences.dto.ts';
import { PreferencesService } from './preferences.service.ts';

@Section('Preferences', 'How a member arranges an organization for themselves.')
@Controller('organizations/:organization_id/members/me/preferences')
@Resource(PreferencesService)
export class PreferencesController {
  constructor(private readonly preferences: PreferencesService) {}

  @Get()
  @Access.member()
  @ApiOperation({ summary: "Read the caller's preferences", description: 'Empty until they are set.' })
  @ApiOkResponse({ type: PreferencesResponse })
  async find(): Promise<Answer<PreferencesResponse>> {
    const preferences = await this.preferences.find();
    return versioned(preferences.version, toPreferences(preferences));
  }

  @Put()
  @Access.member()
  @BodyLimit(MAXIMUM_BYTES)
  @ApiOperation({
    summary: "Set the caller's preferences",
    description: 'All of them, in 16 KiB. Nobody else sees them, and they go when the membership ends.',
  })
  @ApiOkResponse({ type: PreferencesResponse })
  async replace(
    @Body() request: PreferencesRequest,
    @IfMatch() precondition: Precondition,
  ): Promise<Answer<PreferencesResponse>> {
    const preferences = await this.preferences.replace(toFields(request), precondition);
    return versioned(preferences.version, toPreferences(preferences));
  }
}
