import { RouteConfig } from '@nestjs/platform-fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    unlimited?: boolean;
  }
}

/** On a handler that answers however many requests there are. @param _why for the reader: what makes that necessary and safe */
export function Unlimited(_why: string): MethodDecorator {
  return RouteConfig({ unlimited: true });
}
