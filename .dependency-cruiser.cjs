/** The direction of imports: cli -> core <- plugins; src/composition.ts and src/index.ts bring them together. */
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Modules that import each other cannot be understood, tested or loaded one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'core-stands-alone',
      comment: 'core knows neither the command line nor any plugin; it meets plugins through its registry.',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^src/', pathNot: '^src/core/' },
    },
    {
      name: 'plugins-import-core-only',
      comment:
        'A built-in plugin uses what core offers to every plugin, and no other; phantoms share their physics.',
      severity: 'error',
      from: { path: '^src/plugins/([^/]+)/([^/.]+)' },
      to: {
        path: '^src/',
        pathNot: ['^src/core/', '^src/plugins/$1/$2[/.]', '^src/plugins/datasets/phantom/'],
      },
    },
    {
      name: 'cli-uses-no-plugin',
      comment: 'Commands get plugins from src/composition.ts.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/', pathNot: ['^src/(cli|core)/', '^src/composition\\.ts$'] },
    },
    {
      name: 'cli-starts-light',
      comment: '`fsx --help` answers at once: a command imports core inside `run()`, with `await import()`.',
      severity: 'error',
      from: { path: '^src/cli/(commands/|hooks/|base-command|flags|run-cli|error-report)' },
      to: {
        path: '^src/(core/|composition|cli/(run-request|reporters))',
        pathNot: '^src/core/(errors|secrets|plugins/definition)\\.ts$',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'recipe-plugins-use-the-public-api',
      comment: 'The example plugins import what a user can import.',
      severity: 'error',
      from: { path: '^recipes/' },
      to: { path: '^src/', pathNot: '^src/index\\.ts$' },
    },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-test-code-in-the-product',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
