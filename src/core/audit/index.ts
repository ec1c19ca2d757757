export { Audit, type AuditEvent, type Change } from './audit.ts';
export { AuditModule } from './audit.module.ts';
