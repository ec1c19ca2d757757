import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { type Answer, IfMatch, type Precondition, Resource, Section, versioned } from '../../core/http/index.ts';
import { PROFILE, ProfilePatch, ProfileResponse, toChanges, toProfile } from './users.dto.ts';
import { UsersService } from './users.service.ts';

@Section(...PROFILE)
@Controller('me')
@Resource(UsersService)
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @Access.signedIn()
  @ApiOperation({ summary: 'Read your profile', description: 'It is yours alone, whatever organizations you are in.' })
  @ApiOkResponse({ type: ProfileResponse })
  async find(): Promise<Answer<ProfileResponse>> {
    const user = await this.users.profile();
    return versioned(user.version, toProfile(user));
  }

  @Patch()
  @Access.signedIn()
  @ApiOperation({
    summary: 'Change your profile',
    description: 'A merge patch (RFC 7396): what it does not name stays.',
  })
  @ApiOkResponse({ type: ProfileResponse })
  async update(@Body() patch: ProfilePatch, @IfMatch() precondition: Precondition): Promise<Answer<ProfileResponse>> {
    const user = await this.users.update(toChanges(patch), precondition);
    return versioned(user.version, toProfile(user));
  }
}
