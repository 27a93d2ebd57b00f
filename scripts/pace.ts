/** Prints the factor of time limits on this machine, for scripts/jest-lab-setup.js. */
import { exec } from '../src/io/programs/exec.ts';
import { measurePace } from '../src/lab/pace.ts';

// without the program that is measured no lab runs either
console.log(await measurePace(exec, process.env['SDN_COMPAT_LAB_PACE']).catch(() => 1));
