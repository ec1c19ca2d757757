export { SecondFactorModule } from './second-factor.module.ts';
export { type CodeMethod, refuseBlocked, SecondFactor } from './second-factor.service.ts';
