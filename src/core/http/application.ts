import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DestinationStream } from 'pino';
import { Registry } from 'prom-client';
import { Config } from '../../config/index.ts';
import { Clock } from '../clock/clock.ts';
import { RequestLimits } from '../limits/request-limits.ts';
import { serveDocument } from '../openapi/index.ts';
import { createLogger, StructuredLog } from '../telemetry/logger.ts';
import { createRegistry } from '../telemetry/metrics.ts';
import { RequestMetrics } from '../telemetry/request-metrics.ts';
import { RequestObserver } from '../telemetry/request-observer.ts';
import { InputPipe } from './input.pipe.ts';
import { ProblemFilter } from './problem.filter.ts';
import { Readiness } from './readiness.ts';
import { RouteTable } from './route-table.ts';
import { createServer } from './server.ts';

const PREFIX = 'api/v1';

/** Paths that are not part of the versioned API. */
const OUTSIDE_PREFIX = ['health', 'metrics', 'problems', 'dev', '.well-known'];

@Module({})
class RootModule {}

/**
 * The application as production and the tests run it, ready to listen. It provides Config, Clock, Registry, Readiness
 * and RequestLimits to every module.
 * @param clock a test's own, where time matters
 * @param log where to log to; standard output, unless a test reads it
 */
export async function createApplication(
  module: Type | DynamicModule,
  config: Config,
  clock: Clock = new Clock(),
  log?: DestinationStream,
): Promise<NestFastifyApplication> {
  const registry = createRegistry();
  const readiness = new Readiness();
  const limits = new RequestLimits(config, clock);
  const routes = new RouteTable();
  const logger = createLogger(config.logLevel, log);
  const observer = new RequestObserver(new RequestMetrics(registry), logger);
  const app = await NestFactory.create<NestFastifyApplication>(
    rootModule(module, [
      { provide: Config, useValue: config },
      { provide: Clock, useValue: clock },
      { provide: Registry, useValue: registry },
      { provide: Readiness, useValue: readiness },
      { provide: RequestLimits, useValue: limits },
    ]),
    createServer({ config, limits, observer, readiness, routes }),
    { logger: new StructuredLog(logger), bodyParser: false, abortOnError: false },
  );
  app.setGlobalPrefix(PREFIX, { exclude: OUTSIDE_PREFIX.flatMap((path) => [path, `${path}/*rest`]) });
  app.useGlobalFilters(new ProblemFilter(routes));
  app.useGlobalPipes(new InputPipe());
  serveDocument(app);
  return app;
}

function rootModule(module: Type | DynamicModule, providers: NonNullable<DynamicModule['providers']>): DynamicModule {
  const provided = providers.flatMap((provider) => ('provide' in provider ? [provider.provide] : []));
  return { module: RootModule, global: true, imports: [module], providers, exports: provided };
}
