import { Injectable, RequestMethod, type OnModuleInit, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { ACCESS_KEY, type AccessRule, ORGANIZATION_PARAMETER } from './access.decorator.ts';

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly rule: AccessRule;
  /** Controller and method, for a message. */
  readonly handler: string;
}

/** Every route with its rule. The application does not start while one has none: deny by default (ASVS 5.0, 8.1.1). */
@Injectable()
export class AccessTable implements OnModuleInit {
  readonly routes: Route[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    for (const { metatype } of this.discovery.getControllers()) {
      if (!metatype) continue;
      // oxlint-disable-next-line typescript/no-unsafe-argument -- a controller's prototype, which has no type here
      for (const name of this.scanner.getAllMethodNames(metatype.prototype)) this.#add(metatype, name);
    }
  }

  #add(controller: Function | Type, name: string): void {
    // oxlint-disable-next-line typescript/no-unsafe-assignment -- the scanner names nothing but methods
    const handler: Function = Reflect.get(controller.prototype, name);
    const path: unknown = Reflect.getMetadata(PATH_METADATA, handler);
    if (path === undefined) return;
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_KEY, handler);
    const label = `${controller.name}.${name}`;
    if (!rule) throw new Error(`${label} has no @Access: say who may call it`);
    const method = String(RequestMethod[Number(Reflect.getMetadata(METHOD_METADATA, handler))]);
    const fullPath = join(Reflect.getMetadata(PATH_METADATA, controller), path);
    const inOrganization = rule.kind === 'member' || rule.kind === 'permission';
    if (inOrganization !== fullPath.split('/').includes(`:${ORGANIZATION_PARAMETER}`)) {
      throw new Error(
        `${label}: a rule for members needs :${ORGANIZATION_PARAMETER} in its path, and the other way round`,
      );
    }
    this.routes.push({ method, path: fullPath, rule, handler: label });
  }
}

function join(...parts: unknown[]): string {
  return `/${parts.flatMap(segmentsOf).join('/')}`;
}

function segmentsOf(path: unknown): string[] {
  if (typeof path !== 'string') throw new Error('a controller and a handler have one path each');
  return path.split('/').filter((segment) => segment !== '');
}
