/** How many rounds a property test runs: a tenth of `full`, or all with SDN_COMPAT_TEST_FULL=1. */
export function rounds(full: number): number {
  return process.env['SDN_COMPAT_TEST_FULL'] === '1' ? full : Math.ceil(full / 10);
}
