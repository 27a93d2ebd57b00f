/** What a service proxy on a node does with the first packet of a connection, as kube-proxy does it. Pure. */
import { type Cidr, contains, type Ip } from '../values/address.ts';
import { type Endpoint, endpointsOn, type Protocol, type ServedPort } from './served.ts';

/** The first packet of a connection as it comes to the host of a node. */
export interface Opening {
  readonly from: Ip;
  readonly to: Ip;
  readonly protocol: Protocol;
  readonly port: number;
}

/** What the rules know of the node they are for. */
export interface ProxyNode {
  readonly name: string;
  readonly ip: Ip;
  readonly podNetworks: readonly Cidr[];
}

/** By what a Service is reached. */
export type Door = 'cluster address' | 'external address' | 'node port';

/** The Service that the packet is for. */
export interface Hit {
  readonly served: ServedPort;
  readonly door: Door;
  /** Others with the same address and port: which of them it goes to is not defined. */
  readonly others: readonly string[];
}

export type Proxied =
  | { readonly kind: 'refused' | 'dropped'; readonly why: string }
  | {
      readonly kind: 'sent';
      /** One of these. */
      readonly endpoints: readonly Endpoint[];
      /** Whether the node puts its own address in the place of whoever asked. */
      readonly isMasqueraded: boolean;
    };

const keyOf = (ip: string, protocol: string, port: number): string => `${ip} ${protocol} ${port}`;

function indexed<T>(entries: Iterable<readonly [string, T]>): ReadonlyMap<string, readonly T[]> {
  const all = new Map<string, T[]>();
  for (const [key, value] of entries) {
    const known = all.get(key);
    if (known === undefined) all.set(key, [value]);
    else known.push(value);
  }
  return all;
}

/** The ports of all Services by what they are reached by. */
export class Doors {
  readonly #addresses: ReadonlyMap<string, readonly Omit<Hit, 'others'>[]>;
  readonly #nodePorts: ReadonlyMap<string, readonly Omit<Hit, 'others'>[]>;
  readonly #byAddress: ReadonlyMap<string, readonly ServedPort[]>;

  constructor(ports: readonly ServedPort[]) {
    const hit = (served: ServedPort, door: Door): Omit<Hit, 'others'> => ({ served, door });
    this.#addresses = indexed(
      ports.flatMap((one) => [
        [keyOf(one.clusterIP, one.protocol, one.port), hit(one, 'cluster address')] as const,
        ...one.externalIPs.map((ip) => [keyOf(ip, one.protocol, one.port), hit(one, 'external address')] as const),
      ]),
    );
    this.#nodePorts = indexed(
      ports.flatMap((one) =>
        one.nodePort === undefined ? [] : [[`${one.protocol} ${one.nodePort}`, hit(one, 'node port')] as const],
      ),
    );
    this.#byAddress = indexed(
      ports.flatMap((one) => [one.clusterIP, ...one.externalIPs].map((ip) => [ip, one] as const)),
    );
  }

  /** What the packet is for, if this node's rules have it: a node port is at the node's own address alone. */
  at({ ip }: Pick<ProxyNode, 'ip'>, { to, protocol, port }: Omit<Opening, 'from'>): Hit | undefined {
    const found = this.#addresses.get(keyOf(to, protocol, port)) ?? [];
    const hits = found.length > 0 || to !== ip ? found : (this.#nodePorts.get(`${protocol} ${port}`) ?? []);
    const [first, ...others] = hits;
    return first === undefined ? undefined : { ...first, others: others.map(({ served }) => served.service) };
  }

  /** The ports that have the address, as their cluster address or one of their external ones. */
  portsAt(ip: Ip): readonly ServedPort[] {
    return this.#byAddress.get(ip) ?? [];
  }
}

function isAllowed({ allowed }: ServedPort, { from, to }: Opening): boolean {
  if (allowed?.addresses.includes(to) !== true) return true;
  return allowed.ranges.some((range) => contains(range, from));
}

/** What the node's proxy does with a packet for the Service. */
export function proxied({ served, door }: Hit, opening: Opening, node: ProxyNode): Proxied {
  const { endpoints, isInternalLocal, isExternalLocal } = served;
  const isPod = node.podNetworks.some((cidr) => contains(cidr, opening.from));
  if (endpoints.length === 0) return { kind: 'refused', why: 'it has no ready endpoint' };
  if (door === 'cluster address') {
    const used = isInternalLocal ? endpointsOn(served, node.name) : endpoints;
    if (used.length === 0)
      return { kind: 'dropped', why: `internalTrafficPolicy is Local, and ${node.name} has no ready endpoint of it` };
    return { kind: 'sent', endpoints: used, isMasqueraded: !isPod };
  }
  if (!isAllowed(served, opening)) return { kind: 'dropped', why: 'its loadBalancerSourceRanges do not allow it' };
  if (!isExternalLocal) return { kind: 'sent', endpoints, isMasqueraded: true };
  // pods and the node itself reach every endpoint
  if (isPod || opening.from === node.ip) return { kind: 'sent', endpoints, isMasqueraded: !isPod };
  const local = endpointsOn(served, node.name);
  if (local.length === 0)
    return { kind: 'dropped', why: `externalTrafficPolicy is Local, and ${node.name} has no ready endpoint of it` };
  return { kind: 'sent', endpoints: local, isMasqueraded: false };
}
