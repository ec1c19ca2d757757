import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { type Handler, handlersOf, parametersIn } from '../http/handlers.ts';
import {
  ACCESS_KEY,
  type AccessRule,
  asksForStepUp,
  ORGANIZATION_PARAMETER,
  TEAM_PARAMETER,
} from './access.decorator.ts';

export interface Route extends Handler {
  readonly rule: AccessRule;
  /** Whether the caller has to have proved lately who they are. */
  readonly stepUp: boolean;
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
    for (const handler of handlersOf(this.discovery, this.scanner)) this.#add(handler);
  }

  #add(route: Handler): void {
    const { label, path } = route;
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_KEY, route.handler);
    if (!rule) throw new Error(`${label} has no @Access: say who may call it`);
    const inOrganization = rule.kind === 'member' || rule.kind === 'permission';
    if (inOrganization !== parametersIn(path).includes(ORGANIZATION_PARAMETER)) {
      throw new Error(
        `${label}: a rule for members needs :${ORGANIZATION_PARAMETER} in its path, and the other way round`,
      );
    }
    const namesTeam = parametersIn(path).includes(TEAM_PARAMETER);
    if (namesTeam && !inOrganization) throw new Error(`${label}: a team stands in the path of its organisation`);
    if ('even' in rule && rule.even === 'deleted_team' && !namesTeam) {
      throw new Error(`${label}: what is about a deleted team has :${TEAM_PARAMETER} in its path`);
    }
    const stepUp = asksForStepUp(this.reflector, route.handler);
    if (stepUp && rule.kind === 'public') throw new Error(`${label}: nobody steps up before they have signed in`);
    this.routes.push({ ...route, rule, stepUp });
  }
}
