import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';

/** A method of a controller that answers a route. */
export interface Handler {
  readonly controller: Function;
  readonly handler: Function;
  readonly method: string;
  /** Below the global prefix. */
  readonly path: string;
  /** Controller and method, for a message. */
  readonly label: string;
}

/**
 * @returns every handler of the application
 * @throws Error for a controller or handler with several paths, of which a check could overlook one
 */
export function handlersOf(discovery: DiscoveryService, scanner: MetadataScanner): Handler[] {
  return discovery.getControllers().flatMap(({ metatype: controller }) => {
    if (!controller) return [];
    // oxlint-disable-next-line typescript/no-unsafe-argument -- a controller's prototype, which has no type here
    return scanner.getAllMethodNames(controller.prototype).flatMap((name) => handlerOf(controller, name));
  });
}

function handlerOf(controller: Function, name: string): Handler[] {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- the scanner names nothing but methods
  const handler: Function = Reflect.get(controller.prototype, name);
  const path: unknown = Reflect.getMetadata(PATH_METADATA, handler);
  if (path === undefined) return [];
  const method = String(RequestMethod[Number(Reflect.getMetadata(METHOD_METADATA, handler))]);
  const fullPath = join(Reflect.getMetadata(PATH_METADATA, controller), path);
  return [{ controller, handler, method, path: fullPath, label: `${controller.name}.${name}` }];
}

/** @returns the names of the parameters in a path, in its order */
export function parametersIn(path: string): string[] {
  return [...path.matchAll(/\/:(\w+)/g)].flatMap(([, name]) => name ?? []);
}

function join(...parts: unknown[]): string {
  return `/${parts.flatMap(segmentsOf).join('/')}`;
}

function segmentsOf(path: unknown): string[] {
  if (typeof path !== 'string') throw new Error('a controller and a handler have one path each');
  return path.split('/').filter((segment) => segment !== '');
}
