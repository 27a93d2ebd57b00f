import PlainEnvironment from './jest-environment.js';

/** The environment of the tests that send packets: a slow machine stretches the time limits of tests, hooks and labs. */
export default class LabEnvironment extends PlainEnvironment {
  // scripts/jest-lab-setup.js has measured it
  #pace = Number(process.env['SDN_COMPAT_LAB_PACE'] ?? 1);
  #stretched = new WeakSet();

  handleTestEvent(event, state) {
    const limited = { test_start: event.test, hook_start: event.hook }[event.name];
    if (limited === undefined || this.#stretched.has(limited)) return;
    this.#stretched.add(limited); // a hook starts once for each test
    limited.timeout = (limited.timeout ?? state.testTimeout) * this.#pace;
  }
}
