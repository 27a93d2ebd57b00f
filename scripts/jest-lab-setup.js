import { execFileSync } from 'node:child_process';

/** How much slower a lab is while others run beside it: with two on two cores a program starts late, and packets wait. */
const beside = 1.5;

/**
 * Measures once, before any test that sends packets, how slow this machine is, and takes into account that labs run at
 * once. Jest cannot import TypeScript here.
 */
export default function measure({ maxWorkers }) {
  const alone = Number(execFileSync(process.execPath, ['scripts/pace.ts'], { encoding: 'utf8' }));
  process.env['SDN_COMPAT_LAB_PACE'] = String(maxWorkers > 1 ? alone * beside : alone);
}
