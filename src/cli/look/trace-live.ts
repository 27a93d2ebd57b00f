/** `sdn-compat trace --live`: the node on which it runs, held against what the objects say of the packet there. */
import { hostname } from 'node:os';
import { exec } from '../../io/programs/exec.ts';
import { parseIpv4 } from '../../model/objects/fields.ts';
import { liveTrace } from '../../node/admin/live-trace.ts';
import type { TraceWorld } from '../../node/trace/world.ts';
import { Failure } from '../fail.ts';
import type { Live, Traced } from './trace-table.ts';

export interface LiveFlags {
  readonly fromNode?: string;
  /** Name of this Node; the host name by default. */
  readonly nodeName?: string;
  readonly ovsRunDir: string;
}

const badInput = 2;

/** Throws Failure if this host is no node of the cluster, or cannot be compared. */
export async function lookLive(
  world: TraceWorld,
  { pod, to, proto, port, isReply, backend, ways }: Traced,
  { fromNode, nodeName = hostname(), ovsRunDir }: LiveFlags,
): Promise<Live> {
  if (backend === 'ovn') throw new Failure('--live: OVN-Kubernetes forwards here, and none of our flows', badInput);
  if (isReply) throw new Failure('--live: an answer needs a connection; leave out --reply', badInput);
  if (fromNode !== undefined) throw new Failure('--live: the pod is where it is; leave out --from-node', badInput);
  const node = world.node(nodeName);
  if (node === undefined)
    throw new Failure(`--live: there is no valid HostSubnet ${nodeName}; name this Node with --node-name`, badInput);
  const target = parseIpv4(to);
  if (!target.ok) throw new Failure(`${to} is no IPv4 address`, badInput);
  const question = { pod, to: target.value, proto, port: port ?? undefined, isReply };
  return { node: node.name, checks: await liveTrace({ exec, ovsRunDir }, { world, question, ways, node }) };
}
