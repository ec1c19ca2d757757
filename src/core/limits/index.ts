export { type Block, refuseWhileBlocked } from './blocked.ts';
export { LimitsModule } from './limits.module.ts';
export { RequestLimits } from './request-limits.ts';
export { ShortMemory } from './short-memory.ts';
export { LimitsSignIn, SignInLimitInterceptor } from './sign-in-limit.interceptor.ts';
export { Unlimited } from './unlimited.decorator.ts';
