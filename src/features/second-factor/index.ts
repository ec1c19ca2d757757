export { CODE } from './second-factor.dto.ts';
export { SecondFactorModule } from './second-factor.module.ts';
export { type CodeMethod, SecondFactor, wrongCodes } from './second-factor.service.ts';
