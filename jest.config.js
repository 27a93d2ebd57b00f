const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
  moduleNameMapper: {
    '^@kubernetes/client-node$': '<rootDir>/node_modules/@kubernetes/client-node/dist/config.js',
    '^fast-check$': '<rootDir>/test/fast-check.mjs',
    '^\\./gen/index\\.js$': '<rootDir>/test/kubernetes-client-without-models.mjs',
  },
  testEnvironment: './scripts/jest-environment.js',
};

/**
 * `unit` needs nothing but Node; `lab` needs root and Open vSwitch and sends real packets; `release` builds what is
 * given out (image, executable, package) and runs real container runtimes, and needs those.
 */
export default {
  testTimeout: 120_000,
  workerIdleMemoryLimit: '500MB',
  reporters: ['default', './scripts/jest-closing-line.js'],
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        '<rootDir>/test/e2e/',
        '<rootDir>/test/release/',
        '<rootDir>/test/runtime/',
      ],
    },
    {
      ...shared,
      displayName: 'lab',
      globalSetup: './scripts/jest-lab-setup.js',
      testEnvironment: './scripts/jest-lab-environment.js',
      testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
    },
    { ...shared, displayName: 'release', testMatch: ['<rootDir>/test/{release,runtime}/**/*.test.ts'] },
  ],
};
