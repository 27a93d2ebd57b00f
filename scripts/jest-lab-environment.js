import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
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

  /** Ends the labs that the file left, so that its failure is not that of all files after it. */
  async teardown() {
    const left = existsSync('.lab') ? readdirSync('.lab').filter((name) => name.startsWith(`t${process.pid}-`)) : [];
    for (const name of left) {
      process.stderr.write(`ends the lab ${name}, which a test left\n`);
      execFileSync('sh', ['bin/sdn-compat', 'lab', 'down', '--name', name], { stdio: 'ignore' });
    }
    await super.teardown();
  }
}
