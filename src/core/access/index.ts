export { Access, ActsByCookie, ORGANIZATION_PARAMETER, StepUp, TEAM_PARAMETER } from './access.decorator.ts';
export { AccessModule } from './access.module.ts';
export { AccessTable, type Route } from './access-table.ts';
export { ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE, type AccessClaims } from './access-token.ts';
export { accessCookie, credentialOf } from './credential.ts';
export { exceeds, type Grant, Grants, type TeamGrant } from './grants.ts';
export { OrganizationLock } from './organization-lock.ts';
export { OutsideTokens } from './outside-tokens.ts';
export { AskedPermission, AskedPermissions, PermissionKey, PermissionKeys } from './permission.fields.ts';
export { type Permission, type PermissionDefinition, permissions } from './permissions.ts';
export {
  everyPermission,
  isForTeams,
  isPermission,
  permissionsOf,
  refuseUnknown,
  type RoleDefinition,
  teamPermissions,
} from './role-permissions.ts';
export { ScopeInterceptor } from './scope.interceptor.ts';
export { systemRoleIds, teamRoleIds } from './system-roles.ts';
export { unverified } from './unverified-token.ts';
