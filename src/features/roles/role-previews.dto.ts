import { AskedPermissions, PermissionKeys } from '../../core/access/index.ts';
import { Flag, Identifier, Integer, ListOf } from '../../core/http/index.ts';
import { MOST_NAMED, type Preview } from './role-previews.service.ts';

export class RolePreviewRequest {
  @Identifier({ optional: true, description: 'The role that is to be changed; left out: one that is to be made.' })
  role_id?: string;

  @AskedPermissions({ description: 'All that it is to permit.' })
  permissions: string[];
}

export const rolePreviewExamples = {
  new_role: { summary: 'A role that is to be made', value: { permissions: ['members:read'] } },
};

export class AffectedHolder {
  @Identifier()
  member_id: string;

  @Identifier({ nullable: true, description: 'Of a team role: where it is held. null: in the organization.' })
  team_id: string | null;

  @PermissionKeys({ description: 'What they could do there from then on.', example: ['members:read'] })
  gained: readonly string[];

  @PermissionKeys({ description: 'What they could do there no more: no other role of theirs permits it.', example: [] })
  lost: readonly string[];
}

export class RolePreviewResponse {
  @PermissionKeys({ description: 'What the role does not permit yet.', example: ['members:read'] })
  added: readonly string[];

  @PermissionKeys({ description: 'What it permits no more.', example: [] })
  removed: readonly string[];

  @PermissionKeys({
    description: 'What you would need to make the change; none: you can, unless `owner_required`.',
    example: [],
  })
  missing_permissions: readonly string[];

  @Flag({
    description: 'Somebody who holds the role is an owner, and you are none: only an owner can.',
    example: false,
  })
  owner_required: boolean;

  @Integer({
    min: 0,
    description:
      'How many would gain or lose something: active members, or of a team role memberships of teams, as far as you see them.',
    example: 1,
  })
  affected: number;

  @ListOf(() => AffectedHolder, { max: MOST_NAMED, description: 'The first of them, by id.' })
  sample: AffectedHolder[];
}

export function toPreview({ added, removed, missing, isForOwners, affected, sample }: Preview): RolePreviewResponse {
  return {
    added,
    removed,
    missing_permissions: missing,
    owner_required: isForOwners,
    affected,
    sample: sample.map(({ memberId, teamId, gained, lost }) => ({
      member_id: memberId,
      team_id: teamId,
      gained,
      lost,
    })),
  };
}
