export { type InvitationStatus } from './invitation-status.ts';
export { namedBy, type NamedInvitation } from './invitation-token.ts';
export { INVITATIONS } from './invitations.dto.ts';
