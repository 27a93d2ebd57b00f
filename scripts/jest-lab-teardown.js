/** After all tests that send packets: undoes what scripts/jest-lab-setup.js did to the session. */
export default function teardown() {
  globalThis.afterLabs();
}
