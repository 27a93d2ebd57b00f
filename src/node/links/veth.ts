/** The name of a pod's interface on the node. */
import { createHash } from 'node:crypto';

/** The name of a pod's interface on the node: at most 15 characters, the same for the same sandbox. */
export function hostDevice(sandbox: string): string {
  return `veth${createHash('sha256').update(sandbox).digest('hex').slice(0, 10)}`;
}

/** Whether an interface has a name that `hostDevice` gives. */
export function isHostDevice(name: string): boolean {
  return /^veth[0-9a-f]{10}$/.test(name);
}
