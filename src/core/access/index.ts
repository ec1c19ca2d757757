export { Access, organizationParameter, type AccessRule } from './access.decorator.ts';
export { AccessModule } from './access.module.ts';
export { AccessTable, type Route } from './access-table.ts';
export { accessTokenAlgorithm, accessTokenType, type AccessClaims } from './access-token.ts';
export { type Permission, type SystemRole } from './permissions.ts';
