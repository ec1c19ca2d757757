// Who may import what. The compiler under which the project builds has no JavaScript API to parse with: swc does.
const REPOSITORY = '[.]repository[.]ts$';
const CONTROLLER = '[.]controller[.]ts$';
const SPEC = '[.]spec[.]ts$';

/** Features in the order in which they build on each other: each may know those before it, and none after it. */
const LAYERS = [
  ['users'],
  ['second-factor'],
  ['auth', 'outside-sign-in'],
  ['account'],
  ['organizations'],
  ['seats'],
  ['members', 'ownership-transfers', 'preferences', 'roles'],
  ['teams', 'access'],
  ['team-members'],
  ['invitations'],
  ['acceptance'],
  ['settings'],
];

const upwards = LAYERS.slice(0, -1).map((layer, index) => ({
  name: `${layer.join('-')}-know-nothing-above`,
  severity: 'error',
  from: { path: `^src/features/(${layer.join('|')})/` },
  to: {
    path: `^src/features/(${LAYERS.slice(index + 1)
      .flat()
      .join('|')})/`,
  },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Types may point at each other: nothing of them is left when it runs.',
      severity: 'error',
      from: { pathNot: '^src/generated/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'core-knows-no-feature',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^src/', pathNot: '^src/(core|config|generated)/' },
    },
    {
      name: 'config-stands-alone',
      severity: 'error',
      from: { path: '^src/config/' },
      to: { path: '^src/', pathNot: '^src/config/' },
    },
    {
      name: 'the-client-stands-alone',
      comment: 'It runs in browsers, and is built for them.',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { pathNot: ['^src/client/', 'node_modules/openapi-fetch/', '^[.]/schema[.]ts$'] },
    },
    {
      name: 'nobody-knows-the-client',
      severity: 'error',
      from: { pathNot: '^src/client/' },
      to: { path: '^src/client/' },
    },
    {
      name: 'a-feature-enters-another-by-its-index',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/' },
      to: { path: '^src/features/', pathNot: ['^src/features/$1/', '^src/features/[^/]+/index[.]ts$'] },
    },
    {
      name: 'core-is-entered-by-its-indexes',
      comment: 'clock and context are one file each.',
      severity: 'error',
      from: { path: '^src/(features/|[^/]+[.]ts$)' },
      to: { path: '^src/core/[^/]+/', pathNot: ['^src/core/[^/]+/index[.]ts$', '^src/core/(clock|context)/'] },
    },
    {
      name: 'a-feature-knows-core-and-features',
      severity: 'error',
      from: { path: '^src/features/' },
      to: { path: '^src/', pathNot: '^src/(core|features|config|generated)/' },
    },
    ...upwards,
    {
      name: 'prisma-is-for-repositories',
      severity: 'error',
      from: { path: '^src/', pathNot: [REPOSITORY, '^src/core/database/', '^src/generated/'] },
      to: { path: ['^src/generated/', '^node_modules/@prisma/'] },
    },
    {
      name: 'pg-is-for-the-tenant-pool-and-the-worker',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/core/(database|jobs)/' },
      to: { path: '^node_modules/pg/' },
    },
    {
      name: 'a-controller-knows-no-repository',
      severity: 'error',
      from: { path: CONTROLLER },
      to: { path: REPOSITORY },
    },
    {
      name: 'the-wire-stays-outside',
      comment: 'A controller hands on what a *.dto.ts makes of a request.',
      severity: 'error',
      from: { path: ['[.]service[.]ts$', REPOSITORY] },
      to: { path: '[.]dto[.]ts$' },
    },
    {
      name: 'a-repository-stays-in-its-feature',
      comment: 'index.ts shows the module, the service and types.',
      severity: 'error',
      from: { path: '^src/features/[^/]+/index[.]ts$' },
      to: { path: REPOSITORY },
    },
    {
      name: 'src-knows-no-test-and-no-tool',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { path: '^(test|prisma|bench)/' },
    },
    {
      name: 'production-code-needs-production-packages',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-packages-that-are-declared',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      // What the build makes is not there when the rules are checked on sources alone.
      to: { couldNotResolve: true, pathNot: ['^[.]{1,2}/.*generated/', '^[.]{1,2}/.*dist/', '^[.]/schema[.]ts$'] },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
