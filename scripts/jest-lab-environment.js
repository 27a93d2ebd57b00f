import { TestEnvironment } from 'jest-environment-node';
import { exec } from '../src/io/programs/exec.ts';
import { measurePace } from '../src/lab/pace.ts';

/** The environment of the tests that send packets: a slow machine stretches the time limits of tests, hooks and labs. */
export default class LabEnvironment extends TestEnvironment {
  #pace = 1;
  #stretched = new WeakSet();

  async setup() {
    await super.setup();
    this.#pace = await measurePace(exec, process.env['SDN_COMPAT_LAB_PACE']);
    this.global.process.env['SDN_COMPAT_LAB_PACE'] = String(this.#pace);
  }

  handleTestEvent(event, state) {
    const limited = { test_start: event.test, hook_start: event.hook }[event.name];
    if (limited === undefined || this.#stretched.has(limited)) return;
    this.#stretched.add(limited); // a hook starts once for each test
    limited.timeout = (limited.timeout ?? state.testTimeout) * this.#pace;
  }
}
