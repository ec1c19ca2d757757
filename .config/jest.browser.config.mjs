import config from './jest.config.mjs';

/** What takes a browser: CI has one, and `npm test` asks for none. */
export default {
  ...config,
  testMatch: ['<rootDir>/test/**/*.browser.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 60_000,
  maxWorkers: 1,
};
