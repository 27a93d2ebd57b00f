/** From the objects of a cluster to what decides about its pools. Pure. */
import { type EgressPool, parseEgressPool, parseRequest, requestAnnotation } from '../objects/egresspool.ts';
import { parseCidrv4 } from '../objects/fields.ts';
import { placementsByName, readPlacement, selects } from '../objects/placement.ts';
import type {
  EgressPoolObject,
  HostSubnetObject,
  NamespaceObject,
  NetNamespaceObject,
  NodeObject,
} from '../objects/raw.ts';
import { type Cidr, contains, type Ip } from '../values/address.ts';
import { compareText } from '../values/names.ts';
import type { Asking, PoolNote, PoolsInput } from './plan.ts';

export interface PoolObjects {
  readonly pools: readonly EgressPoolObject[];
  readonly namespaces: readonly NamespaceObject[];
  readonly netNamespaces: readonly NetNamespaceObject[];
  readonly hostSubnets: readonly HostSubnetObject[];
  readonly nodes: readonly NodeObject[];
  /** The networks of pods and Services. */
  readonly inside: readonly Cidr[];
}

/** What decides, and what of it cannot be read. */
export interface KnownPools {
  readonly input: PoolsInput;
  readonly problems: readonly PoolNote[];
}

/** Reads the objects. `inUse` are the addresses for which another machine answered a node. */
export function poolsInput(objects: PoolObjects, { inUse, now }: Pick<PoolsInput, 'inUse' | 'now'>): KnownPools {
  const problems: PoolNote[] = [];
  const pools = readPools(objects.pools, problems);
  const asking = objects.namespaces.map((one) => askingOf(one, problems));
  const input = {
    pools,
    namespaces: new Map(asking.map((one) => [one.name, one])),
    netNamespaces: objects.netNamespaces,
    isTaken: takenBy(objects),
    placements: placementsOf(objects.netNamespaces),
    hostableBy: hostable(objects),
    inUse,
    now,
  };
  return { input, problems };
}

/** By name; one that is not valid gives nothing, and what it gave stays until it is corrected. */
function readPools(objects: readonly EgressPoolObject[], problems: PoolNote[]): readonly EgressPool[] {
  return objects
    .toSorted((a, b) => compareText(a.metadata.name ?? '', b.metadata.name ?? ''))
    .map((object) => {
      const pool = parseEgressPool(object);
      if (pool.ok) return pool.value;
      const { name = '' } = object.metadata;
      problems.push({ on: 'EgressPool', name, type: 'Warning', reason: 'EgressPoolInvalid', message: pool.error });
      return { name, ranges: [], quota: Infinity, object };
    });
}

function askingOf({ metadata: { name = '', uid, annotations } }: NamespaceObject, problems: PoolNote[]): Asking {
  const text = annotations?.[requestAnnotation];
  if (text === undefined) return { name, uid, count: 0 };
  const count = parseRequest(text);
  if (count.ok) return { name, uid, count: count.value };
  const message = `${requestAnnotation}: ${count.error}`;
  problems.push({ on: 'Namespace', name, type: 'Warning', reason: 'EgressIPRequestInvalid', message });
  return { name, uid, count: undefined };
}

/** Whether an address is a node's, or inside of the cluster. */
function takenBy({ hostSubnets, nodes, inside }: PoolObjects): (ip: Ip) => boolean {
  const listed = listedOn(hostSubnets);
  const shown = nodes.flatMap(({ status }) => (status?.addresses ?? []).map(({ address }) => address));
  const own = new Set<string | undefined>([
    ...hostSubnets.map(({ hostIP }) => hostIP),
    // a kubelet may show an egress IP among the addresses of its node
    ...shown.filter((address) => !listed.has(address)),
  ]);
  return (ip) => own.has(ip) || inside.some((cidr) => contains(cidr, ip));
}

const placementsOf = (netNamespaces: readonly NetNamespaceObject[]): PoolsInput['placements'] =>
  placementsByName(
    netNamespaces.map(({ metadata: { name = '', annotations }, netid }) => {
      const placement = readPlacement(annotations);
      return { name, vnid: netid, ...(placement === undefined ? {} : { placement }) };
    }),
  );

/**
 * What assignment may place on a node that is selected, and what an admin lists, for which no selector counts. Without a
 * placement all nodes are selected.
 */
function hostable({ hostSubnets, nodes }: Pick<PoolObjects, 'hostSubnets' | 'nodes'>): PoolsInput['hostableBy'] {
  const labels = new Map(nodes.map(({ metadata }) => [metadata.name ?? '', metadata.labels ?? {}]));
  const listedByAdmin = hostSubnets.filter(({ egressCIDRs }) => (egressCIDRs ?? []).length === 0);
  const onAny = holding(hostSubnets, hostSubnets);
  return (placement) => {
    if (placement === undefined) return onAny;
    const selected = hostSubnets.filter(({ metadata }) => selects(placement, labels.get(metadata.name ?? '')) === true);
    return holding(selected, listedByAdmin);
  };
}

/** Whether some of the first have CIDRs for an address, or some of the second list it. */
function holding(hosts: readonly HostSubnetObject[], listing: readonly HostSubnetObject[]): (ip: Ip) => boolean {
  const listed = listedOn(listing);
  const texts = new Set(hosts.flatMap(({ egressCIDRs }) => egressCIDRs ?? []));
  const cidrs = [...texts].map(parseCidrv4).flatMap((cidr) => (cidr.ok ? [cidr.value] : []));
  return (ip) => listed.has(ip) || cidrs.some((cidr) => contains(cidr, ip));
}

const listedOn = (hostSubnets: readonly HostSubnetObject[]): ReadonlySet<string> =>
  new Set(hostSubnets.flatMap(({ egressIPs }) => egressIPs ?? []));
