import { execFileSync } from 'node:child_process';

/** Measures once, before any test that sends packets, how slow this machine is. Jest cannot import TypeScript here. */
export default function measure() {
  const pace = execFileSync(process.execPath, ['scripts/pace.ts'], { encoding: 'utf8' });
  process.env['SDN_COMPAT_LAB_PACE'] = pace.trim();
}
