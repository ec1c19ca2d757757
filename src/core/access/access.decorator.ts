import { applyDecorators, SetMetadata } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiExtension,
  ApiForbiddenResponse,
  ApiNotFoundResponse,
  ApiParam,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import type { Permission } from './permissions.ts';

/** Who may call a route. */
export type AccessRule =
  | { readonly kind: 'public'; readonly why: string }
  | { readonly kind: 'signed_in' }
  | { readonly kind: 'member' }
  | { readonly kind: 'permission'; readonly permission: Permission };

export const accessKey = 'tenantry:access';
/** The name of the path parameter that says which organisation a request is about. */
export const organizationParameter = 'organization_id';
export const securityScheme = 'access_token';

/** Everybody who holds the permission in the organisation of the path (ASVS 5.0, 8.2.1). */
function permitted(permission: Permission): MethodDecorator {
  return inOrganization({ kind: 'permission', permission }, permission);
}

/** Every active member of the organisation of the path. */
function member(): MethodDecorator {
  return inOrganization({ kind: 'member' }, 'member');
}

/** Everybody with a live session, for what is their own. */
function signedIn(): MethodDecorator {
  return applyDecorators(...authenticated({ kind: 'signed_in' }, 'signed in'));
}

/** Anybody at all. @param why what makes that safe, for the reader of the route table */
function open(why: string): MethodDecorator {
  return applyDecorators(SetMetadata(accessKey, { kind: 'public', why } satisfies AccessRule));
}

/**
 * The one decorator that says who may call a handler. It drives the guard, the database's check and the OpenAPI document;
 * the application does not start while a route has none.
 */
export const Access = Object.assign(permitted, { member, signedIn, public: open });

function inOrganization(rule: AccessRule, label: string): MethodDecorator {
  return applyDecorators(
    ...authenticated(rule, label),
    ApiParam({ name: organizationParameter, format: 'uuid' }),
    ApiForbiddenResponse({ description: 'The caller is a member and may not do this.' }),
    ApiNotFoundResponse({ description: 'There is no such organisation for the caller.' }),
  );
}

function authenticated(rule: AccessRule, label: string): (MethodDecorator & ClassDecorator)[] {
  return [
    SetMetadata(accessKey, rule),
    ApiBearerAuth(securityScheme),
    ApiExtension('x-permission', label),
    ApiUnauthorizedResponse({ description: 'There is no access token, or it is not valid any more.' }),
  ];
}
