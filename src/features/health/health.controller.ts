import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { Refuses, Section } from '../../core/http/index.ts';
import { Unlimited } from '../../core/limits/index.ts';
import { HealthResponse } from './health.dto.ts';
import { HealthService } from './health.service.ts';

@Section('Health', 'For whoever runs the server: whether it serves, and whether it takes work.')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @Access.public('says only that the process serves')
  @Unlimited('a balancer that is refused takes the server for dead; it costs nothing')
  @ApiOperation({
    summary: 'Whether the process serves',
    description: 'It asks nothing else. Start the process anew when it fails.',
  })
  @ApiOkResponse({ type: HealthResponse })
  live(): HealthResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @Access.public('says only whether the process takes work')
  @Unlimited('a balancer that is refused takes the server for dead')
  @ApiOperation({
    summary: 'Whether the process takes work',
    description:
      'The database answers, and the process is not going out of service. Send it no requests when it fails.',
  })
  @ApiOkResponse({ type: HealthResponse })
  @Refuses('unavailable')
  async ready(): Promise<HealthResponse> {
    await this.health.assertReady();
    return { status: 'ok' };
  }
}
