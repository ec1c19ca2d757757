export type InvitationStatus = 'pending' | 'accepted' | 'declined' | 'revoked' | 'expired';
