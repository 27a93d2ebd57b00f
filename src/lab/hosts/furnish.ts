/** Sets up a node's network namespace by its host profile. All of it ends with the namespace. */
import { type Exec, must } from '../../io/programs/exec.ts';
import type { Datapath } from '../../node/values/facts.ts';
import { files, type LabNode, type Layout, nodeNamespace } from '../layout.ts';
import type { HostProfile } from './kinds.ts';

function inside(run: Exec, netns: string, argv: readonly string[], input?: string): Promise<string> {
  return must(run, 'ip', ['netns', 'exec', netns, ...argv], input === undefined ? {} : { input });
}

/**
 * Sets up what exists before the agent starts; the node has its links and its Open vSwitch. Only the userspace datapath
 * has connections of its own to limit.
 */
export async function furnish(
  run: Exec,
  layout: Layout,
  node: LabNode,
  { profile, datapath }: { readonly profile: HostProfile; readonly datapath: Datapath },
): Promise<void> {
  const netns = nodeNamespace(layout, node.short);
  const { sysctls, links, before, iptables, switchConnections } = profile;
  const assignments = [...sysctls].map(([name, value]) => `${name}=${value}`);
  if (assignments.length > 0) await inside(run, netns, ['sysctl', '-q', '-w', ...assignments]);
  if (links.length > 0) await inside(run, netns, ['ip', '-batch', '-'], `${links.join('\n')}\n`);
  if (before.length > 0) await inside(run, netns, ['nft', '-f', '-'], before.join(''));
  for (const rules of iptables) await inside(run, netns, ['iptables-nft-restore', '--noflush'], rules);
  if (switchConnections === undefined || datapath === 'system') return;
  const env = { OVS_RUNDIR: files.ovs(layout, node.short) };
  await must(run, 'ovs-appctl', ['dpctl/ct-set-maxconns', String(switchConnections)], { env });
}

/** Sets up what comes after the agent is running. */
export async function furnishLater(run: Exec, layout: Layout, node: LabNode, { after }: HostProfile): Promise<void> {
  if (after.length > 0) await inside(run, nodeNamespace(layout, node.short), ['nft', '-f', '-'], after.join(''));
}
