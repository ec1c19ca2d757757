export type { Member, MemberStatus } from './member.ts';
export { MemberResponse, roleKey, toMember } from './members.dto.ts';
