/** What `sdn-compat gather --node-only` takes of this host, as text: what forwards, and what it forwards by. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exec } from '../../io/programs/exec.ts';
import { messageOf } from '../../model/values/message-of.ts';
import { bridge } from '../ovs/pipeline.ts';

/** One thing of the host. */
export interface HostText {
  /** The name of a file. */
  readonly name: string;
  /** Undefined if it could not be taken; `problem` says why. */
  readonly text: string | undefined;
  readonly problem?: string;
}

type Argv = readonly [program: string, ...args: string[]];

const ofctl = (command: string, ...args: string[]): Argv => ['ovs-ofctl', '-O', 'OpenFlow13', command, bridge, ...args];

/** By file, what is run. Tables that are long for other reasons than ours, as of connections, are only counted. */
const commands: Readonly<Record<string, Argv>> = {
  'flows.txt': ofctl('dump-flows', '--no-names'),
  'groups.txt': ofctl('dump-groups'),
  'ports.txt': ofctl('dump-ports'),
  'port-names.txt': ofctl('dump-ports-desc'),
  'ovsdb.txt': ['ovsdb-client', '--timeout=10', 'dump', 'Open_vSwitch'],
  'datapath.txt': ['ovs-appctl', 'dpif/show'],
  'datapath-conntrack.txt': ['ovs-appctl', 'dpctl/ct-stats-show'],
  'nft.txt': ['nft', '-a', 'list', 'ruleset'],
  'addresses.txt': ['ip', '-d', 'address'],
  'routes.txt': ['ip', 'route', 'show', 'table', 'all'],
  'rules.txt': ['ip', 'rule'],
  'neighbors.txt': ['ip', 'neighbor'],
  'conntrack-count.txt': ['conntrack', '-C'],
  'conntrack-counters.txt': ['conntrack', '-S'],
  'version-ovs.txt': ['ovs-vswitchd', '--version'],
  'version-nft.txt': ['nft', '--version'],
  'version-ip.txt': ['ip', '-V'],
  'version-conntrack.txt': ['conntrack', '-V'],
};

const files: Readonly<Record<string, string>> = {
  'version-kernel.txt': '/proc/version',
  'modules.txt': '/proc/modules',
  'forwarding.txt': '/proc/sys/net/ipv4/ip_forward',
  'conntrack-max.txt': '/proc/sys/net/netfilter/nf_conntrack_max',
};

/** Milliseconds for each of them. */
const patience = 20_000;

/** Takes all that can be taken; what cannot be stops nothing. */
export async function gatherHost(ovsRunDir: string, exec: Exec): Promise<readonly HostText[]> {
  const env = { OVS_RUNDIR: ovsRunDir, LC_ALL: 'C' };
  const found: HostText[] = [];
  // one after another: a node with trouble has enough to do
  for (const [name, [program, ...args]] of Object.entries(commands)) {
    const argv = program === 'ovsdb-client' ? withSocket(args, ovsRunDir) : args;
    const ran = await exec(program, argv, { env, timeout: patience }).catch(messageOf);
    if (typeof ran === 'string') found.push({ name, text: undefined, problem: `${program}: ${ran}` });
    else if (ran.status === 0) found.push({ name, text: ran.stdout });
    else {
      const said = ran.stderr.trim().split('\n', 1)[0] ?? '';
      found.push({ name, text: undefined, problem: `${program}: exit status ${ran.status}: ${said}` });
    }
  }
  for (const [name, path] of Object.entries(files)) {
    const read = await readFile(path, 'utf8').then(
      (text) => ({ name, text }),
      (error: unknown) => ({ name, text: undefined, problem: messageOf(error) }),
    );
    found.push(read);
  }
  return found;
}

const withSocket = (args: readonly string[], ovsRunDir: string): readonly string[] => {
  const [timeout = '', command = '', ...rest] = args;
  return [timeout, command, `unix:${join(ovsRunDir, 'db.sock')}`, ...rest];
};
