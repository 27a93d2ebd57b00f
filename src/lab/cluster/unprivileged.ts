/** Programs of this machine in the place of a container's: in a pod's network, without rights. */

/** The user that runs a program, and what it may do all the same: names of capabilities as setpriv takes them. */
export interface Unprivileged {
  readonly uid: string;
  readonly gid: string;
  readonly capabilities?: readonly string[];
}

/**
 * The argv that runs a program as a container would that has no rights: in this network namespace, with a `/dev/shm`
 * of its own (what programs of two pods keep there has the same name), and with an output that it may open again.
 */
export function unprivilegedArgv(netns: string, user: Unprivileged, argv: readonly string[]): readonly string[] {
  const { uid, gid, capabilities = [] } = user;
  const kept = capabilities.map((name) => `+${name}`).join();
  const rights =
    kept === '' ? ['--bounding-set=-all', '--inh-caps=-all'] : [`--inh-caps=${kept}`, `--ambient-caps=${kept}`];
  // `ip netns exec` makes mounts that nobody else sees
  const memory = ['sh', '-c', 'mount -t tmpfs -o mode=1777,nosuid,nodev shm /dev/shm && exec "$@"', 'sh'];
  const bare = ['setpriv', '--reuid', uid, '--regid', gid, '--clear-groups', '--no-new-privs', ...rights];
  return ['ip', 'netns', 'exec', netns, ...memory, ...bare, 'sh', '-c', '"$@" 2>&1 | cat', 'sh', ...argv];
}
