export { isMember } from './member-condition.ts';
export type { Member, MemberStatus } from './member.ts';
export { MemberResponse, MOST_ROLES, roleKey, toMember } from './members.dto.ts';
