import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { Refuses } from '../../core/http/index.ts';
import { Unlimited } from '../../core/limits/index.ts';
import { HealthResponse } from './health.dto.ts';
import { HealthService } from './health.service.ts';

@ApiTags('Health')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @Access.public('says only that the process serves')
  @Unlimited('a balancer that is refused takes the server for dead; it costs nothing')
  @ApiOperation({ summary: 'Whether the process serves' })
  @ApiOkResponse({ type: HealthResponse })
  live(): HealthResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @Access.public('says only whether the process takes work')
  @Unlimited('a balancer that is refused takes the server for dead')
  @ApiOperation({ summary: 'Whether the process takes work: the database answers, and it is not going out of service' })
  @ApiOkResponse({ type: HealthResponse })
  @Refuses('unavailable')
  async ready(): Promise<HealthResponse> {
    await this.health.assertReady();
    return { status: 'ok' };
  }
}
