export { Config, ConfigError, readConfig } from './config.ts';
export type { MasterKey, Quota } from './variables.ts';
