export { emailAddress, type EmailAddress } from './email-address.ts';
export { type Client, currentClient, SecurityEvents } from './security-events.ts';
export { PersonName } from './users.dto.ts';
export { UsersModule } from './users.module.ts';
export { UsersService } from './users.service.ts';
