/** Deletes entries of the kernel's conntrack table. */
import { type Exec, ExecError } from '../../io/programs/exec.ts';
import type { Ip } from '../../model/values/address.ts';

/** Runs `conntrack -D` with these arguments; returns how many entries were deleted. */
export async function deleteConnections(exec: Exec, args: readonly string[]): Promise<number> {
  const result = await exec('conntrack', args);
  // status 1 means that nothing matched: the connections ended by themselves
  const [, count] = /(\d+) flow entries have been deleted/.exec(result.stderr) ?? [];
  if (count === undefined) throw new ExecError('conntrack', args, result);
  return Number(count);
}

/** Deletes the entries of a pod's address: of connections that it opened, and of those that came in to it. */
export async function deleteConnectionsOf(exec: Exec, pod: Ip): Promise<void> {
  await Promise.all(['-s', '-r'].map((option) => deleteConnections(exec, ['-D', '-f', 'ipv4', option, pod])));
}
