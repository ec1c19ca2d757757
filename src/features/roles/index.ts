export { RolesModule } from './roles.module.ts';
export { verifyPermissions } from './roles.policy.ts';
export { RolesService } from './roles.service.ts';
