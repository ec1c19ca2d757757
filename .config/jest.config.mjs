import { availableParallelism } from 'node:os';

/** Jest in native ESM: the npm scripts start it with `--experimental-vm-modules`. */
const swc = {
  // The repository holds no .swcrc, and one in a parent directory is none of our business.
  swcrc: false,
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    target: 'es2024',
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

// PostgreSQL has 200 connections for all of them, and a file may want 40.
const MOST_WORKERS = 4;

/** @type {import('jest').Config} */
export default {
  rootDir: '..',
  testMatch: ['<rootDir>/test/**/*.{spec,e2e-spec}.ts', '<rootDir>/src/**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '[.]browser[.]spec[.]ts$'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  setupFiles: ['<rootDir>/test/support/setup.ts'],
  // A fifth of the time a test waits: for PostgreSQL, for a process or for a while to pass. One more than the cores uses it.
  maxWorkers: Math.min(availableParallelism() + 1, MOST_WORKERS),
  // Each file leaves its modules behind in the memory of its worker, up to 1.2 GB at the end: a new worker takes over before that.
  workerIdleMemoryLimit: '400MB',
  // Some times what the slowest test takes: the machine may have other work.
  testTimeout: 30_000,
  // CI has the README's command run once, and measures with it.
  collectCoverage: process.env.COVERAGE === 'true',
  // The client is tried as it is built, and the two programs as processes of their own.
  collectCoverageFrom: ['src/**/*.ts', '!src/{generated,client}/**', '!src/{main,openapi}.ts', '!src/**/*.spec.ts'],
  coverageDirectory: 'coverage',
  coverageThreshold: {
    global: { lines: 90 },
    // What keeps tenants apart has no line that nothing has tried.
    './src/core/access/': { branches: 100 },
    './src/core/database/': { branches: 100 },
  },
};
