import { applyDecorators, SetMetadata } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { ApiBearerAuth, ApiCookieAuth, ApiExtension, ApiSecurity } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Handler } from '../http/handlers.ts';
import { documentedId } from '../http/parameters.ts';
import { Refuses } from '../http/problem.dto.ts';
import type { Permission } from './permissions.ts';

/** Permissions that a handler asks for besides, each with where it does: `for another member`. */
export type AlsoAsked = Readonly<Partial<Record<Permission, string>>>;

/** Who may call a route. */
export type AccessRule =
  | {
      readonly kind: 'public';
      readonly why: string;
      /** Whoever shows a credential is judged by it, and called as themselves. */
      readonly orSignedIn: boolean;
    }
  | { readonly kind: 'signed_in' }
  | {
      readonly kind: 'member';
      readonly even: 'suspended' | null;
      readonly also: AlsoAsked;
    }
  | {
      readonly kind: 'permission';
      readonly permission: Permission;
      readonly even: 'deleted' | 'deleted_team' | null;
      readonly also: AlsoAsked;
    };

type RuleInside = Extract<AccessRule, { readonly also: AlsoAsked }>;

/** Of an operation: what its handler asks further. */
export const ALSO_ASKED = 'x-permission-also' as const;
export const ACCESS_KEY = 'tenantry:access';
const STEP_UP_KEY = 'tenantry:step-up';
/** The name of the path parameter that says which organisation a request is about. */
export const ORGANIZATION_PARAMETER = 'organization_id';
/** The one that says which team: on such a route the team is judged too, and the roles that are held on it count. */
export const TEAM_PARAMETER = 'team_id';
export const SECURITY_SCHEME = 'access_token';
export const COOKIE_SECURITY_SCHEME = 'access_cookie';

export const BY_COOKIE_KEY = 'tenantry:by-cookie';
export type IsByCookie = (request: FastifyRequest) => boolean;

interface InsideOptions {
  /**
   * What the handler asks further, where it depends on the request or the row, such as `{ 'roles:read': 'for another member' }`. It
   * stands in the OpenAPI document; a test sees that each is asked for indeed, and that none is left out.
   */
  readonly also?: AlsoAsked;
}

interface PermittedOptions extends InsideOptions {
  /** Lets into an organisation, or the team of the path, that is deleted and there for nobody else: for what brings it back. */
  readonly even?: 'deleted' | 'deleted_team';
}

/** Everybody who holds the permission in the organisation of the path, or on the team there (ASVS 5.0, 8.2.1). */
function permitted(permission: Permission, options: PermittedOptions = {}): MethodDecorator {
  const { even = null, also = {} } = options;
  return inOrganization({ kind: 'permission', permission, even, also }, permission);
}

interface MemberOptions extends InsideOptions {
  /** Lets in who is suspended as well, and into an organisation that is: for what nobody is to be kept from. */
  readonly even?: 'suspended';
}

/** Every active member of the organisation of the path. */
function member(options: MemberOptions = {}): MethodDecorator {
  const { even = null, also = {} } = options;
  return inOrganization({ kind: 'member', even, also }, 'member');
}

/** Everybody with a live session, for what is their own. */
function signedIn(): MethodDecorator {
  return applyDecorators(...authenticated({ kind: 'signed_in' }, 'signed in'));
}

interface OpenOptions {
  /** Takes a credential too: whoever shows one is signed in, and a bad one is refused. */
  readonly orSignedIn?: boolean;
}

/** Anybody at all. @param why what makes that safe, for the reader of the route table */
function open(why: string, { orSignedIn = false }: OpenOptions = {}): MethodDecorator {
  return applyDecorators(
    SetMetadata(ACCESS_KEY, { kind: 'public', why, orSignedIn } satisfies AccessRule),
    ApiExtension('x-public', why),
    ...(orSignedIn ? [ApiSecurity({}), ...takingCredentials()] : []),
  );
}

/**
 * The one decorator that says who may call a handler. It drives the guard, the database's check and the OpenAPI document;
 * the application does not start while a route has none.
 */
export const Access = Object.assign(permitted, { member, signedIn, public: open });

/**
 * Beside `@Access`: whoever may call the handler has to have proved who they are in the last ten minutes, for what it does is
 * sensitive (ASVS 5.0, 7.5.1).
 */
export function StepUp(): MethodDecorator {
  return applyDecorators(SetMetadata(STEP_UP_KEY, true), ApiExtension('x-step-up', true), Refuses('step_up_required'));
}

/** @returns whether the handler is one of these */
export function asksForStepUp(reflector: Reflector, handler: Handler['handler']): boolean {
  return reflector.get<boolean | undefined>(STEP_UP_KEY, handler) ?? false;
}

/** Of a public handler: which requests read or set cookies. They must come from an allowed origin, like all signed in by one. */
export function ActsByCookie(isByCookie: IsByCookie): MethodDecorator {
  return SetMetadata(BY_COOKIE_KEY, isByCookie);
}

function inOrganization(rule: RuleInside, label: string): MethodDecorator {
  return applyDecorators(
    ...authenticated(rule, label),
    ...(Object.keys(rule.also).length > 0 ? [ApiExtension(ALSO_ASKED, rule.also)] : []),
    documentedId(ORGANIZATION_PARAMETER),
    Refuses('not_found'),
    ...(rule.even === 'suspended' ? [] : [Refuses('permission_denied', 'member_suspended', 'organization_suspended')]),
  );
}

function authenticated(rule: AccessRule, label: string): MethodDecorator[] {
  return [SetMetadata(ACCESS_KEY, rule), ...takingCredentials(), ApiExtension('x-permission', label)];
}

function takingCredentials(): MethodDecorator[] {
  return [
    ApiBearerAuth(SECURITY_SCHEME),
    ApiCookieAuth(COOKIE_SECURITY_SCHEME),
    Refuses('unauthenticated', 'token_expired'),
  ];
}
