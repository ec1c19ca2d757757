export { RequestLimits } from './request-limits.ts';
export { Unlimited } from './unlimited.decorator.ts';
