export { SecondFactorModule } from './second-factor.module.ts';
export { type CodeMethod, SecondFactor } from './second-factor.service.ts';
