export { emailIdentity, type EmailIdentity } from './email-identity.ts';
export { SecurityEvents } from './security-events.ts';
export { PersonName } from './users.dto.ts';
export { UsersModule } from './users.module.ts';
export { UsersService } from './users.service.ts';
export type { User } from './users.repository.ts';
