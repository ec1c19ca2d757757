import config from './jest.config.mjs';

/** The soaks, races and models at their full size; `npm test` runs the same files in their small form. */
export default {
  ...config,
  testMatch: ['<rootDir>/test/**/*.long.spec.ts'],
  globals: { fullSize: true },
  testTimeout: 30 * 60_000,
  maxWorkers: 1,
};
