/** From the objects of a cluster to what decides about its pools. Pure. */
import { type EgressPool, parseEgressPool, parseRequest, requestAnnotation } from '../objects/egresspool.ts';
import { parseCidrv4 } from '../objects/fields.ts';
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
    isHostable: hostable(objects.hostSubnets),
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

function hostable(hostSubnets: readonly HostSubnetObject[]): (ip: Ip) => boolean {
  const listed = listedOn(hostSubnets);
  const texts = new Set(hostSubnets.flatMap(({ egressCIDRs }) => egressCIDRs ?? []));
  const cidrs = [...texts].map(parseCidrv4).flatMap((cidr) => (cidr.ok ? [cidr.value] : []));
  return (ip) => listed.has(ip) || cidrs.some((cidr) => contains(cidr, ip));
}

const listedOn = (hostSubnets: readonly HostSubnetObject[]): ReadonlySet<string> =>
  new Set(hostSubnets.flatMap(({ egressIPs }) => egressIPs ?? []));
