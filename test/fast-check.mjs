import fc from '../node_modules/fast-check/lib/fast-check.js';

// `make test` draws the same values each time, so that what it says is of the change alone; `make test-full` draws new
// ones, and a failure prints its seed, which SDN_COMPAT_TEST_SEED takes
const { SDN_COMPAT_TEST_FULL: full, SDN_COMPAT_TEST_SEED: seed = full === '1' ? '' : '1' } = process.env;
if (seed !== '') fc.configureGlobal({ seed: Number(seed) });

export * from '../node_modules/fast-check/lib/fast-check.js';
export { fc as default };
