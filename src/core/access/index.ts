export { Access, ActsByCookie, ORGANIZATION_PARAMETER, StepUp } from './access.decorator.ts';
export { AccessModule } from './access.module.ts';
export { AccessTable, type Route } from './access-table.ts';
export { ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE, type AccessClaims } from './access-token.ts';
export { accessCookie, credentialOf } from './credential.ts';
export { OutsideTokens } from './outside-tokens.ts';
export { systemRoleIds } from './permissions.ts';
export { ScopeInterceptor } from './scope.interceptor.ts';
export { unverified } from './unverified-token.ts';
