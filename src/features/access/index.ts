export { type Role as HeldRole, roleOf } from './explanation.policy.ts';
export { KnownRoles, type RoleRow } from './known-roles.ts';
