export { Config, ConfigError, type OutsideIssuer, readConfig } from './config.ts';
export type { MasterKey, Quota } from './variables.ts';
