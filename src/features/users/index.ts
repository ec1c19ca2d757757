export { emailIdentity, identityOf, nameAfter, type EmailIdentity } from './email-identity.ts';
export type { SecurityAction } from './security-actions.ts';
export { SecurityEvents } from './security-events.ts';
export { LONGEST_PERSON_NAME, PersonName, PROFILE } from './users.dto.ts';
export { UsersModule } from './users.module.ts';
export { type UserIdentity, UsersService } from './users.service.ts';
