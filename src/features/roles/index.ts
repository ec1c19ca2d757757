export { ROLES } from './permissions.dto.ts';
export { AskedPermissions } from './roles.dto.ts';
export { RolesModule } from './roles.module.ts';
export { verifyPermissions } from './roles.policy.ts';
export type { Role } from './role.ts';
export { refuseSystem, RolesService } from './roles.service.ts';
