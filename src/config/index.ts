export { Config, ConfigError, readConfig } from './config.ts';
