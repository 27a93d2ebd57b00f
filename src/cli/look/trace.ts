/** `sdn-compat trace`: which way a packet of a pod takes, with which address it leaves, and why. */
import { hostSubnets, netNamespaces } from '../../../api/kinds.ts';
import { clusterFromFiles, clusterFromServer, type ReadCluster } from '../../io/input/cluster.ts';
import { problemText } from '../../io/input/manifests.ts';
import { trafficFromFiles, trafficFromServer, type TrafficObjects } from '../../io/input/traffic.ts';
import { assignedWays } from '../../model/cluster/assigned-ways.ts';
import { type DrainRow, drainRows } from '../../model/cluster/drains.ts';
import type { NodeReports } from '../../model/cluster/node-status.ts';
import { type ClusterNetwork, parseClusterNetwork } from '../../model/objects/clusternetwork.ts';
import { clusterNetworkShape } from '../../model/objects/shapes.ts';
import type { Ip } from '../../model/values/address.ts';
import { listText } from '../../model/values/list-text.ts';
import { serviceAt } from '../../node/trace/answer.ts';
import { type Question, waysOf } from '../../node/trace/way.ts';
import { type TracedPod, type TraceObjects, TraceWorld, whyNot } from '../../node/trace/world.ts';
import { type ClientFlags, openClient } from '../client.ts';
import { Failure } from '../fail.ts';
import { formatted, print, report } from '../output.ts';
import { type Destination, parseDestination } from './destination.ts';
import { lookLive } from './trace-live.ts';
import { type Traced, traceText } from './trace-table.ts';

export interface TraceFlags extends ClientFlags {
  readonly filename: readonly string[];
  readonly reply: boolean;
  readonly fromNode?: string;
  readonly firstAvailable: boolean;
  readonly verbose: boolean;
  /** Whether this host is held against the plan; it is the node `nodeName`. */
  readonly live: boolean;
  readonly nodeName?: string;
  readonly ovsRunDir: string;
  readonly output: 'table' | 'json' | 'yaml';
}

const badInput = 2;
const dropped = 1;
/** The node does otherwise than planned. */
const otherwise = 3;

/**
 * Prints the ways; exit status 1 if the packet is dropped or refused on any of them, 2 if that cannot be told, 3 if this
 * node does otherwise.
 */
export async function runTrace(key: string, destination: string, flags: TraceFlags): Promise<void> {
  const to = parseDestination(destination);
  if (!to.ok) throw new Failure(to.error, badInput);
  const objects = flags.filename.length > 0 ? await fromFiles(flags) : await fromServer(flags);
  const world = worldOf(objects, key, flags);
  const planned = traceIn({ objects, world }, key, to.value, flags);
  const traced = flags.live ? { ...planned, live: await lookLive(world, planned, flags) } : planned;
  print(await formatted(traced, flags.output, () => traceText(traced, flags.verbose)));
  const isAny = (...verdicts: readonly string[]): boolean =>
    traced.ways.some(({ verdict }) => verdicts.includes(verdict));
  const differs = traced.live?.checks.some(({ state }) => state === 'differs') ?? false;
  const isUnread = traced.live?.checks.some(({ state }) => state === 'unknown') ?? false;
  if (differs) process.exitCode = otherwise;
  else if (isAny('unknown') || isUnread) process.exitCode = badInput;
  else if (isAny('dropped', 'refused')) process.exitCode = dropped;
}

/** What a trace is made from. */
export type Objects = TraceObjects & { readonly reports: NodeReports };

/** The ways of a packet from the pod NAMESPACE/NAME; throws Failure if it cannot be told. */
export function trace(
  objects: Objects,
  key: string,
  to: Destination,
  flags: Pick<TraceFlags, 'fromNode' | 'reply'>,
): Traced {
  return traceIn({ objects, world: worldOf(objects, key, flags) }, key, to, flags);
}

/** The nodes of the objects, with the pod where it is to be; throws Failure if there is no such node. */
function worldOf(objects: Objects, key: string, { fromNode }: Pick<TraceFlags, 'fromNode'>): TraceWorld {
  if (fromNode !== undefined && !objects.cluster.hostSubnets.some(({ name }) => name === fromNode))
    throw new Failure(`--from-node ${fromNode}: there is no valid HostSubnet of that name`, badInput);
  return new TraceWorld(objects, new Map(fromNode === undefined ? [] : [[key, fromNode]]));
}

function traceIn(
  { objects, world }: { readonly objects: Objects; readonly world: TraceWorld },
  key: string,
  to: Destination,
  flags: Pick<TraceFlags, 'reply'>,
): Traced {
  const pod = podOf(world, objects, key);
  const target = to.kind === 'ip' ? to.ip : podOf(world, objects, to.pod).ip;
  const { proto, port } = to;
  const { assignments } = objects.reports;
  if (assignments !== undefined) return traceOvn(objects, world, { pod, to: target, proto, port }, flags);
  const ways = waysOf(world, { pod, to: target, proto, port, isReply: flags.reply });
  const drains = flags.reply ? [] : drainsOf(objects, world, pod, target);
  return {
    pod,
    to: target,
    proto,
    port: port ?? null,
    isReply: flags.reply,
    backend: 'sdn',
    ways,
    ...(drains.length === 0 ? {} : { drains }),
    unknown: [...notKnown(world, pod), ...servicesNotKnown(objects, world, { to: target, proto, port })],
  };
}

/** What drains of the pod's VNID: its connections to the outside may go on by other ways than new ones take. */
function drainsOf({ cluster, reports }: Objects, world: TraceWorld, { vnid }: TracedPod, to: Ip): readonly DrainRow[] {
  if (world.isInside(to) || world.nodeAt(to) !== undefined) return [];
  return drainRows(cluster, world.state, reports.agents).filter((row) => row.vnid === vnid);
}

/** OVN-Kubernetes has none of our flows: what it assigned, and the EgressFirewall, say how a packet leaves. */
function traceOvn(
  { cluster, reports, networkPolicies: policies, services }: Objects,
  world: TraceWorld,
  { pod, to, proto, port }: Omit<Question, 'isReply'>,
  { reply }: Pick<TraceFlags, 'reply'>,
): Traced {
  const cannot = 'OVN-Kubernetes forwards here, and its objects say only with which address packets leave the cluster';
  if (reply) throw new Failure(`--reply: ${cannot}`, badInput);
  if (world.isInside(to) || world.nodeAt(to) !== undefined)
    throw new Failure(`${to} is inside of it: ${cannot}`, badInput);
  const hit = serviceAt(world, { to, proto, port });
  if (hit?.door === 'external address')
    throw new Failure(
      `${to}:${port ?? ''} is an address of Service ${hit.served.service}, and so inside of it: ${cannot}`,
      badInput,
    );
  const told = assignedWays(cluster, reports, pod, { to, proto, port });
  if (!told.ok) throw new Failure(told.error, badInput);
  const { ways, unknown } = told.value;
  const limits = policies.filter(
    ({ metadata, spec }) => metadata.namespace === pod.namespace && spec?.egress !== undefined,
  );
  const unreadServices =
    'unread' in services ? [`Services, of which one may have this address: ${services.unread}`] : [];
  const names = limits.map(({ metadata }) => `NetworkPolicy ${metadata.name ?? ''}, which limits what pods send`);
  return {
    pod,
    to,
    proto,
    port: port ?? null,
    isReply: false,
    backend: 'ovn',
    ways,
    unknown: [...unknown, ...names, ...unreadServices],
  };
}

/** What of Services may make the answer wrong. */
function servicesNotKnown(
  { services }: TraceObjects,
  world: TraceWorld,
  question: Omit<Question, 'pod' | 'isReply'>,
): readonly string[] {
  const { to, proto, port } = question;
  if (world.isPodAddress(to)) return [];
  if ('unread' in services) return [`Services, of which one may have this address: ${services.unread}`];
  const hit = serviceAt(world, question);
  if (hit === undefined) return [];
  const { service, hasHints } = hit.served;
  const others = `${listText(hit.others)} with ${to}:${port ?? ''}/${proto} too: no rule says whether they or ${service} get a connection`;
  const zones = `the zones that EndpointSlices of ${service} are for: a proxy may send connections only to backends in the zone of its node`;
  return [...(hit.others.length > 0 ? [others] : []), ...(hasHints ? [zones] : [])];
}

function podOf(world: TraceWorld, { pods, cluster }: TraceObjects, key: string): TracedPod {
  const isIt = ({ namespace = '', name = '' }: { namespace?: string; name?: string }): boolean =>
    `${namespace}/${name}` === key;
  const found = world.pods.find(isIt);
  if (found !== undefined) return found;
  const raw = pods.find(({ metadata }) => isIt(metadata));
  if (raw === undefined) throw new Failure(`there is no pod ${key}: give it as NAMESPACE/POD`, badInput);
  const why = whyNot(raw);
  if (why !== undefined) throw new Failure(`pod ${key}: ${why}`, badInput);
  const { namespace = '' } = raw.metadata;
  const hasVnid = cluster.netNamespaces.some(({ name }) => name === namespace);
  const problem = hasVnid
    ? 'its address is not IPv4'
    : `there is no valid NetNamespace ${namespace}, so it has no VNID`;
  throw new Failure(`pod ${key}: ${problem}`, badInput);
}

function notKnown({ policies }: TraceWorld, { vnid }: TracedPod): readonly string[] {
  const policy = policies.byVnid.get(vnid);
  const names =
    policy?.kind === 'rules' ? policy.rules.flatMap((rule) => (rule.kind === 'dns' ? [rule.name] : [])) : [];
  if (names.length === 0) return [];
  return [`rules of the EgressNetworkPolicy for names (${names.join(', ')}): only the nodes know their addresses`];
}

/** What a trace is made from; throws Failure if there is no valid ClusterNetwork. */
export function assemble(
  read: ReadCluster,
  traffic: TrafficObjects,
  { firstAvailable }: Pick<TraceFlags, 'firstAvailable'>,
): Objects {
  const noAddresses: readonly Ip[] = [];
  return {
    ...traffic,
    ...{ cluster: read.cluster, reports: read, refused: read.refused, firstAvailable },
    network: networkOf(traffic),
    addressesOf: () => noAddresses,
  };
}

function networkOf({ clusterNetworks }: TrafficObjects): ClusterNetwork {
  const raw = clusterNetworks.find(({ metadata }) => metadata.name === 'default');
  if (raw === undefined)
    throw new Failure('there is no ClusterNetwork default: nothing says which networks are those of pods', badInput);
  const shaped = clusterNetworkShape(raw);
  if (!shaped.ok) throw new Failure(`ClusterNetwork default: ${shaped.error.field}: ${shaped.error.reason}`, badInput);
  const network = parseClusterNetwork(shaped.value);
  if (network.ok) return network.value;
  const problems = network.error.map(({ field, reason }) => `${field}: ${reason}`);
  throw new Failure(`ClusterNetwork default: ${problems.join('; ')}`, badInput);
}

/** Refuses to guess: what could not be read may decide the way. */
function whole(read: ReadCluster): ReadCluster {
  const [missing] = [hostSubnets, netNamespaces].flatMap((kind) => read.unread.get(kind) ?? []);
  if (missing !== undefined) throw new Failure(missing, badInput);
  for (const line of read.unread.values()) report(`${line}\n`);
  return read;
}

async function fromFiles(flags: TraceFlags): Promise<Objects> {
  const [read, traffic] = await Promise.all([clusterFromFiles(flags.filename), trafficFromFiles(flags.filename)]);
  if (!read.ok) throw new Failure(problemText(read.error), badInput);
  if (!traffic.ok) throw new Failure(problemText(traffic.error), badInput);
  return assemble(read.value, traffic.value, flags);
}

async function fromServer(flags: TraceFlags): Promise<Objects> {
  const client = await openClient(flags, 'sdn-compat-trace');
  try {
    const [read, traffic] = await Promise.all([clusterFromServer(client), trafficFromServer(client)]);
    return assemble(whole(read), traffic, flags);
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error)) throw error;
    throw new Failure(error.message, badInput);
  } finally {
    client.close();
  }
}
