import { createHash, timingSafeEqual } from 'node:crypto';
import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Registry } from 'prom-client';
import { Config } from '../../config/index.ts';
import { Access } from '../access/access.decorator.ts';
import { Problem } from '../http/problem.ts';

@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly config: Config,
    private readonly registry: Registry,
  ) {}

  @Get()
  @Access.public('answers only to METRICS_TOKEN')
  read(
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    if (!this.#knows(authorization)) throw new Problem('unauthenticated', { detail: 'Send the metrics token.' });
    void reply.type(this.registry.contentType);
    return this.registry.metrics();
  }

  /** Compares hashes, which have one length, in constant time. Without a configured token nobody is let in. */
  #knows(authorization = ''): boolean {
    const { metricsToken } = this.config;
    return metricsToken !== undefined && timingSafeEqual(digest(authorization), digest(`Bearer ${metricsToken}`));
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
