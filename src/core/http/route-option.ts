import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import type { FastifyContextConfig } from 'fastify';

/** Tells the hooks of Fastify of a handler. Several may: of Nest's own `RouteConfig` the last would silently replace the others. */
export function RouteOption(option: FastifyContextConfig): MethodDecorator {
  return (target, key, descriptor) => {
    const handler: unknown = descriptor.value;
    const others: unknown =
      typeof handler === 'function' ? Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) : undefined;
    RouteConfig({ ...Object(others), ...option })(target, key, descriptor);
  };
}
