/** Random histories of a small cluster, for property tests: names, addresses and VNIDs collide often. */
import fc from 'fast-check';
import type { EgressInput } from '../../../src/model/egress/state.ts';
import type { EgressChange, EgressTracker } from '../../../src/model/egress/tracker.ts';
import { bandwidthAnnotation, ruleAnnotations } from '../../../src/model/objects/egressrules.ts';
import type { HostSubnet, InvalidHostSubnet } from '../../../src/model/objects/hostsubnet.ts';
import type { NetNamespace } from '../../../src/model/objects/netnamespace.ts';
import { placementAnnotations } from '../../../src/model/objects/placement.ts';
import type { Cidr, Ip } from '../../../src/model/values/address.ts';
import { isNamespaceName, isNodeName, type NamespaceName, type NodeName } from '../../../src/model/values/names.ts';
import { absentHost, cidr as cidrOf, hostSubnet, ip, netNamespace } from '../parsed.ts';

export type Operation =
  | { readonly op: 'setHostSubnet'; readonly value: HostSubnet }
  | { readonly op: 'setAbsent'; readonly value: InvalidHostSubnet }
  | { readonly op: 'setNetworks'; readonly value: readonly Cidr[] }
  | { readonly op: 'setExcluded'; readonly value: readonly Cidr[] }
  | { readonly op: 'deleteHostSubnet'; readonly name: NodeName }
  | { readonly op: 'setNetNamespace'; readonly value: NetNamespace }
  | { readonly op: 'deleteNetNamespace'; readonly name: NamespaceName }
  | { readonly op: 'setOffline'; readonly nodeIP: Ip; readonly offline: boolean };

/** A node by number, most often with the address that goes with it, so that its HostSubnet changes in place. */
const machine = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 11, max: 14 }), fc.nat(3))
  .map(([n, other, chance]) => ({ name: `node-${n}`, hostIP: `192.168.7.${chance === 0 ? other : 10 + n}` }));
const node = fc.integer({ min: 1, max: 4 }).map((n) => `node-${n}`);
const namespace = fc.integer({ min: 1, max: 6 }).map((n) => `project-${n}`);
const nodeIP = fc.integer({ min: 11, max: 14 }).map((n) => `192.168.7.${n}`);
const egressIP = fc.integer({ min: 1, max: 8 }).map((n) => `192.168.8.${n}`);
const hosted = fc.oneof(
  { weight: 8, arbitrary: egressIP },
  { weight: 1, arbitrary: nodeIP },
  { weight: 1, arbitrary: egressIP.map((text) => `${text}/24`) },
);
const requested = fc.oneof(
  { weight: 13, arbitrary: egressIP },
  { weight: 2, arbitrary: nodeIP },
  { weight: 1, arbitrary: fc.constantFrom('bogus', '192.168.8.01') },
);
const cidr = fc.constantFrom(
  '192.168.0.0/16',
  '192.168.8.0/24',
  '192.168.8.0/29',
  '192.168.8.4/30',
  '192.168.8.8/32',
  '10.9.0.0/16',
);

const isNode = (name: string): NodeName => {
  if (!isNodeName(name)) throw new Error('empty');
  return name;
};
const isNamespace = (name: string): NamespaceName => {
  if (!isNamespaceName(name)) throw new Error('empty');
  return name;
};

/** One operation on a cluster of up to 4 nodes, 6 namespaces, 5 VNIDs and 8 egress IPs. */
export const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc
    .record({
      at: machine,
      egressIPs: fc.array(hosted, { maxLength: 4 }),
      egressCIDRs: fc.array(cidr, { maxLength: 2 }),
    })
    .map(({ at: { name, hostIP }, ...fields }): Operation => ({
      op: 'setHostSubnet',
      value: hostSubnet(name, { hostIP, ...fields }),
    })),
  fc
    .record({
      name: namespace,
      netid: fc.integer({ min: 0, max: 4 }),
      ips: fc.array(requested, { maxLength: 3 }),
      annotations: fc.oneof(
        { weight: 3, arbitrary: fc.constant({}) },
        {
          weight: 1,
          arbitrary: fc.record(
            {
              [ruleAnnotations.destinations]: fc.constantFrom('10.0.0.0/8', 'tcp:443', 'bogus'),
              [ruleAnnotations.destinationIPs]: fc.constantFrom('10.1.0.0/16=192.168.8.1', '0.0.0.0/0=192.168.8.9'),
              [bandwidthAnnotation]: fc.constantFrom('1M', '1000k', '2M', 'bogus'),
              [placementAnnotations.nodeSelector]: fc.constantFrom('zone=a', '!zone', 'a='),
              [placementAnnotations.noFailback]: fc.constantFrom('true', 'false'),
            },
            { requiredKeys: [] },
          ),
        },
      ),
    })
    .map(({ name, netid, ips, annotations }): Operation => ({
      op: 'setNetNamespace',
      value: netNamespace(name, netid, ips, annotations),
    })),
  fc
    .subarray(['10.0.0.0/8', '172.16.0.0/12'])
    .map((list): Operation => ({ op: 'setExcluded', value: list.map(cidrOf) })),
  fc
    .record({
      name: node,
      hostIP: fc.oneof(nodeIP, egressIP, fc.constant('bogus')),
      egressIPs: fc.array(hosted, { maxLength: 4 }),
      egressCIDRs: fc.array(cidr, { maxLength: 1 }),
    })
    .map(({ name, ...fields }): Operation => ({ op: 'setAbsent', value: absentHost(name, { ...fields, subnet: '' }) })),
  fc
    .subarray(['192.168.8.0/31', '192.168.8.4/30', '192.168.7.12/32'])
    .map((list): Operation => ({ op: 'setNetworks', value: list.map(cidrOf) })),
  node.map((name): Operation => ({ op: 'deleteHostSubnet', name: isNode(name) })),
  namespace.map((name): Operation => ({ op: 'deleteNetNamespace', name: isNamespace(name) })),
  fc
    .record({ address: nodeIP, offline: fc.boolean() })
    .map(({ address, offline }): Operation => ({ op: 'setOffline', nodeIP: ip(address), offline })),
);

/** The objects as a history leaves them: what an API server would hold. */
export class Store {
  readonly #hostSubnets = new Map<string, HostSubnet>();
  readonly #absent = new Map<string, InvalidHostSubnet>();
  readonly #netNamespaces = new Map<string, NetNamespace>();
  #networks: readonly Cidr[] = [];
  #excluded: readonly Cidr[] = [];
  readonly #offline = new Set<Ip>();

  apply(operation: Operation): void {
    switch (operation.op) {
      case 'setHostSubnet':
        this.#hostSubnets.set(operation.value.name, operation.value);
        this.#absent.delete(operation.value.name);
        return;
      case 'setAbsent':
        this.#hostSubnets.delete(operation.value.name);
        this.#absent.set(operation.value.name, operation.value);
        return;
      case 'setNetworks':
        this.#networks = operation.value;
        return;
      case 'setExcluded':
        this.#excluded = operation.value;
        return;
      case 'deleteHostSubnet':
        this.#hostSubnets.delete(operation.name);
        this.#absent.delete(operation.name);
        return;
      case 'setNetNamespace':
        this.#netNamespaces.set(operation.value.name, operation.value);
        return;
      case 'deleteNetNamespace':
        this.#netNamespaces.delete(operation.name);
        return;
      case 'setOffline':
        if (operation.offline) this.#offline.add(operation.nodeIP);
        else this.#offline.delete(operation.nodeIP);
    }
  }

  input(): Required<EgressInput> {
    return {
      absent: [...this.#absent.values()],
      networks: this.#networks,
      excluded: this.#excluded,
      hostSubnets: [...this.#hostSubnets.values()],
      netNamespaces: [...this.#netNamespaces.values()],
      offline: new Set(this.#offline),
    };
  }
}

/** The same operation on a tracker. */
export function applyTo(tracker: EgressTracker, operation: Operation): EgressChange {
  switch (operation.op) {
    case 'setHostSubnet':
      return tracker.setHostSubnet(operation.value);
    case 'setAbsent':
      return tracker.setAbsent(operation.value);
    case 'setNetworks':
      return tracker.setNetworks(operation.value);
    case 'setExcluded':
      return tracker.setExcluded(operation.value);
    case 'deleteHostSubnet':
      return tracker.deleteHostSubnet(operation.name);
    case 'setNetNamespace':
      return tracker.setNetNamespace(operation.value);
    case 'deleteNetNamespace':
      return tracker.deleteNetNamespace(operation.name);
    case 'setOffline':
      return tracker.setOffline(operation.nodeIP, operation.offline);
  }
}

/** A copy in an order drawn from `seed`. */
export function shuffled<T>(list: readonly T[], seed: number): readonly T[] {
  const copy = [...list];
  let state = (seed >>> 0) + 1;
  for (let index = copy.length - 1; index > 0; index--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = state % (index + 1);
    [copy[index], copy[other]] = [copy[other]!, copy[index]!];
  }
  return copy;
}

/** The same objects in another order. */
export function shuffledInput(input: Required<EgressInput>, seed: number): Required<EgressInput> {
  return {
    absent: shuffled(input.absent, seed + 3),
    networks: shuffled(input.networks, seed + 4),
    excluded: input.excluded,
    hostSubnets: shuffled(input.hostSubnets, seed),
    netNamespaces: shuffled(input.netNamespaces, seed + 1),
    offline: new Set(shuffled([...input.offline], seed + 2)),
  };
}

/** A text that is the same for the same value, the numbers of networks too. */
export const printed = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
