import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/** How much slower a lab is while others run beside it: with two on two cores a program starts late, and packets wait. */
const beside = 1.5;

/**
 * Where the kernel shares its time by sessions (sched(7), autogroup), each daemon of a lab is one, and all programs of the
 * tests are another. Beside dozens of busy ones a program that asks once would start too late, and see nothing.
 */
const sessions = '/proc/self/autogroup';
const first = -10;

/** Takes the priority; returns what gives it back. */
function beforeDaemons() {
  try {
    const before = /nice (-?\d+)/.exec(readFileSync(sessions, 'utf8'))?.[1] ?? '0';
    writeFileSync(sessions, String(first));
    return () => writeFileSync(sessions, before);
  } catch {
    return () => {}; // a kernel without it, or a user who may not
  }
}

/**
 * Before any test that sends packets: measures how slow this machine is, and takes into account that labs run at once.
 * Jest cannot import TypeScript here.
 */
export default function setup({ maxWorkers }) {
  const alone = Number(execFileSync(process.execPath, ['scripts/pace.ts'], { encoding: 'utf8' }));
  process.env['SDN_COMPAT_LAB_PACE'] = String(maxWorkers > 1 ? alone * beside : alone);
  globalThis.afterLabs = beforeDaemons();
}
