export { LONGEST_SLUG, SLUG_PATTERN, slugFrom, withSuffix } from './slug.policy.ts';
