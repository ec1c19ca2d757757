import { ListOf, Metadata, rules } from '../../core/http/index.ts';
import type { Preferences, PreferencesFields } from './preferences.repository.ts';

/** Of the whole body. */
export const MAXIMUM_BYTES = 16_384;

/** More than such a body has room for. */
const MOST_TEAMS = 1_000;

export class PreferencesRequest {
  @ListOf(rules.identifier(), {
    max: MOST_TEAMS,
    unique: true,
    description: 'Ids of teams as they are to be shown. They are kept as they are sent, and not looked up.',
    example: [],
  })
  team_order: string[];

  @Metadata({ max: MAXIMUM_BYTES, description: 'Whatever the application likes to remember of its sidebar.' })
  sidebar_preferences: Readonly<Record<string, unknown>>;
}

export class PreferencesResponse {
  @ListOf(rules.identifier(), { max: MOST_TEAMS, description: 'As it was sent.', example: [] })
  team_order: readonly string[];

  @Metadata({ description: 'As it was sent.' })
  sidebar_preferences: Readonly<Record<string, unknown>>;
}

export function toFields({
  team_order: teamOrder,
  sidebar_preferences: sidebar,
}: PreferencesRequest): PreferencesFields {
  return { teamOrder, sidebar };
}

export function toPreferences({ teamOrder, sidebar }: Preferences): PreferencesResponse {
  return { team_order: teamOrder, sidebar_preferences: sidebar };
}
