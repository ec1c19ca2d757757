export { Config, ConfigError, readConfig } from './config.ts';
export type { Quota } from './variables.ts';
