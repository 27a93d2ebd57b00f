/** Random small clusters with automatic nodes, and what every placement of them is worth, by trying all. */
import fc from 'fast-check';
import type { AssignmentInput, Round } from '../../../src/model/assignment/round.ts';
import type { CloudLimits } from '../../../src/model/objects/cloud.ts';
import { emptied as emptiedList, type HostSubnet } from '../../../src/model/objects/hostsubnet.ts';
import { placementAnnotations } from '../../../src/model/objects/placement.ts';
import { contains, type Ip } from '../../../src/model/values/address.ts';
import type { NodeName } from '../../../src/model/values/names.ts';
import { shuffled } from '../egress/operations.ts';
import { hostSubnet, ip, netNamespace } from '../parsed.ts';

const cidr = fc.constantFrom(
  '192.168.8.0/24',
  '192.168.8.0/29',
  '192.168.8.0/30',
  '192.168.8.4/30',
  '192.168.8.2/31',
  '192.168.8.6/31',
  '192.168.8.5/32',
);
const address = fc.integer({ min: 0, max: 7 }).map((n) => `192.168.8.${n}`);
const node = fc.record({
  cidrs: fc.array(cidr, { maxLength: 3 }),
  lists: fc.array(address, { maxLength: 4 }),
  capacity: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 2 }),
  offline: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
});

/** Up to `nodes` nodes and VNIDs that request up to 8 IPs together; listings may be wrong in every way. */
export function cluster(nodes: number): fc.Arbitrary<AssignmentInput> {
  const requests = fc.uniqueArray(address, { minLength: 1, maxLength: 7 });
  const owners = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 7, maxLength: 7 });
  const shared = fc.option(address, { freq: 8 });
  return fc
    .record({ nodes: fc.array(node, { minLength: 1, maxLength: nodes }), requests, owners, shared })
    .map((drawn) => {
      const hostSubnets = drawn.nodes.map(({ cidrs, lists }, index) =>
        hostSubnet(`node-${index}`, { hostIP: `192.168.7.${index + 1}`, egressIPs: lists, egressCIDRs: cidrs }),
      );
      const lists: string[][] = [[], [], [], []];
      for (const [index, text] of drawn.requests.entries()) lists[drawn.owners[index] ?? 0]?.push(text);
      if (drawn.shared !== null) lists[3]?.push(drawn.shared);
      return {
        hostSubnets,
        netNamespaces: lists.map((ips, index) => netNamespace(`project-${index}`, 40 + index, ips)),
        offline: new Set(drawn.nodes.flatMap(({ offline }, index) => (offline ? [ip(`192.168.7.${index + 1}`)] : []))),
        limits: new Map<NodeName, CloudLimits>(
          hostSubnets.flatMap(({ name }, index) => {
            const capacity = drawn.nodes[index]?.capacity ?? undefined;
            return capacity === undefined ? [] : [[name, { capacity, network: undefined }] as const];
          }),
        ),
      };
    });
}

/** Selectors that namespaces may have, and what each means for the zone of a node. */
const selectors: Readonly<Record<string, (zone: string | undefined) => boolean>> = {
  'zone=a': (zone) => zone === 'a',
  'zone in (a, b)': (zone) => zone === 'a' || zone === 'b',
  '!zone': (zone) => zone === undefined,
  'zone!=a': (zone) => zone !== 'a',
};

export interface Placing {
  /** Whether the labels of some nodes are not known, and some selectors cannot be read. */
  readonly unknown: boolean;
  /** Whether egress IPs of some namespaces stay. */
  readonly stays: boolean;
}

/** Such clusters in which some namespaces select nodes. */
export function selectiveCluster(nodes: number, { unknown, stays }: Placing): fc.Arbitrary<AssignmentInput> {
  const zone = fc.constantFrom('a', 'b', undefined);
  const selector = fc.constantFrom(undefined, ...Object.keys(selectors), ...(unknown ? ['zone = a = b'] : []));
  const said = fc.record({
    selector,
    stays: fc.constantFrom(undefined, ...(stays ? ['true', 'false', 'perhaps'] : [])),
  });
  const four = { minLength: 4, maxLength: 4 };
  return fc
    .record({
      input: cluster(nodes),
      zones: fc.array(fc.record({ zone, isKnown: unknown ? fc.boolean() : fc.constant(true) }), {
        minLength: nodes,
        maxLength: nodes,
      }),
      said: fc.array(said, four),
      /** Whether the last two namespaces share a VNID. */
      joins: fc.boolean(),
    })
    .map(({ input, zones, said: all, joins }) => ({
      ...input,
      netNamespaces: input.netNamespaces.map(({ name, vnid, egressIPs }, index) =>
        netNamespace(name, joins && index === 3 ? 42 : vnid, [...egressIPs], {
          ...(all[index]?.selector === undefined ? {} : { [placementAnnotations.nodeSelector]: all[index].selector }),
          ...(all[index]?.stays === undefined ? {} : { [placementAnnotations.noFailback]: all[index].stays }),
        }),
      ),
      labels: new Map(
        input.hostSubnets.flatMap(({ name }, index) => {
          const at = zones[index];
          if (at?.isKnown !== true) return [];
          return [[name, at.zone === undefined ? {} : { zone: at.zone }] as const];
        }),
      ),
    }));
}

/** Whether the node may host egress IPs of the VNID, straight from the rules; undefined if nobody knows. */
export function isSelected(
  { netNamespaces, labels }: AssignmentInput,
  vnid: number,
  node: string,
): boolean | undefined {
  const texts = netNamespaces
    .filter((one) => one.vnid === vnid)
    .flatMap(({ placement }) => (placement?.nodeSelector === undefined ? [] : [placement.nodeSelector]));
  if (texts.length === 0) return true;
  const known = labels?.get(node);
  if (known === undefined || texts.includes('unreadable')) return undefined;
  return texts.every((one) => one !== 'unreadable' && selectors[one.text]?.(known['zone']) === true);
}

/** The same objects in another order. */
export function reordered(input: AssignmentInput, seed: number): AssignmentInput {
  return {
    ...input,
    hostSubnets: shuffled(input.hostSubnets, seed),
    netNamespaces: shuffled(input.netNamespaces, seed + 1),
  };
}

/** The objects after a round was written. */
export function written(input: AssignmentInput, round: Pick<Round, 'lists' | 'released'>): AssignmentInput {
  const absent = (input.absent ?? []).map((one) => (round.released.includes(one.name) ? emptiedList(one) : one));
  return {
    ...input,
    absent,
    hostSubnets: input.hostSubnets.map((one) => ({ ...one, egressIPs: round.lists.get(one.name) ?? one.egressIPs })),
  };
}

/** The objects with nothing placed on automatic nodes. */
export function emptied(input: AssignmentInput): AssignmentInput {
  return {
    ...input,
    hostSubnets: input.hostSubnets.map((one) => (one.egressCIDRs.length > 0 ? { ...one, egressIPs: [] } : one)),
  };
}

/** IPs on each automatic node. */
export type Loads = ReadonlyMap<NodeName, number>;

export function loadsOf(input: AssignmentInput, plan: ReadonlyMap<Ip, NodeName>): Loads {
  const loads = new Map(autoNodes(input).map(({ name }) => [name, 0]));
  for (const name of plan.values()) loads.set(name, (loads.get(name) ?? 0) + 1);
  return loads;
}

export function autoNodes(input: AssignmentInput): readonly HostSubnet[] {
  return input.hostSubnets.filter(({ egressCIDRs }) => egressCIDRs.length > 0);
}

interface Candidate {
  readonly egressIP: Ip;
  readonly vnid: number;
  readonly nodes: readonly NodeName[];
  readonly now: readonly NodeName[];
}

/** The IPs that may be placed at all, and where, straight from the rules. */
function candidates(input: AssignmentInput): readonly Candidate[] {
  const online = autoNodes(input).filter(({ hostIP }) => !input.offline.has(hostIP));
  const byHand = new Set(
    input.hostSubnets.filter(({ egressCIDRs }) => egressCIDRs.length === 0).flatMap(({ egressIPs }) => egressIPs),
  );
  const requested = new Map(
    input.netNamespaces.flatMap(({ egressIPs, vnid }) =>
      egressIPs.map((one) => [`${vnid} ${one}`, { egressIPs: [one], vnid }]),
    ),
  );
  return [...requested.values()].flatMap(({ egressIPs, vnid }) =>
    egressIPs.flatMap((egressIP) => {
      const shared = input.netNamespaces.some((other) => other.vnid !== vnid && other.egressIPs.includes(egressIP));
      if (shared || byHand.has(egressIP)) return [];
      const nodes = online.filter(
        ({ name, egressCIDRs, egressIPs: listed }) =>
          egressCIDRs.some((one) => contains(one, egressIP)) &&
          (isSelected(input, vnid, name) ?? listed.includes(egressIP)),
      );
      const now = nodes.filter(({ egressIPs: listed }) => listed.includes(egressIP));
      return [{ egressIP, vnid, nodes: nodes.map(({ name }) => name), now: now.map(({ name }) => name) }];
    }),
  );
}

/** How many of these listings the rules allow, each IP counted once: what a placement must at least reach. */
export function allowedCount(input: AssignmentInput, lists: Readonly<Record<string, readonly string[]>>): number {
  const counted = new Set<string>();
  for (const { egressIP, vnid, nodes } of candidates(input)) {
    const name = nodes.find((one) => lists[one]?.includes(egressIP) === true && !counted.has(`${vnid} ${one}`));
    if (name !== undefined) counted.add(`${vnid} ${name}`);
  }
  return counted.size;
}

/** What a placement is worth, the first number first; smaller is better. Infinity: it breaks a rule. */
export type Worth = readonly [unplaced: number, nodesBelowBound: number, away: number, squares: number];

export function worthOf(input: AssignmentInput, plan: ReadonlyMap<Ip, NodeName>, shares: Loads): Worth {
  const all = candidates(input);
  const allowed = [...plan].every(([egressIP, name]) =>
    all.some((one) => one.egressIP === egressIP && one.nodes.includes(name)),
  );
  const pairs = all.flatMap(({ egressIP, vnid }) =>
    plan.has(egressIP) ? [`${vnid} ${String(plan.get(egressIP))}`] : [],
  );
  const loads = loadsOf(input, plan);
  const full = [...loads].some(([name, load]) => load > Number(input.limits.get(name)?.capacity ?? Infinity));
  if (!allowed || new Set(pairs).size < pairs.length || full) return [Infinity, Infinity, Infinity, Infinity];
  const below = [...loads].filter(([name, load]) => load < Math.floor((shares.get(name) ?? 0) / 2)).length;
  const away = all.filter(
    ({ egressIP, now }) => now.length > 0 && !now.includes(plan.get(egressIP) as NodeName),
  ).length;
  return [all.length - plan.size, below, away, [...loads.values()].reduce((sum, load) => sum + load * load, 0)];
}

/** The worth of the best placement, found by trying every one. */
export function bestWorth(input: AssignmentInput, shares: Loads): Worth {
  const all = candidates(input);
  let best: Worth = [Infinity, Infinity, Infinity, Infinity];
  const tryFrom = (index: number, plan: Map<Ip, NodeName>): void => {
    const candidate = all[index];
    if (candidate === undefined) {
      const worth = worthOf(input, plan, shares);
      if (compareWorth(worth, best) < 0) best = worth;
      return;
    }
    tryFrom(index + 1, plan);
    for (const name of candidate.nodes) {
      plan.set(candidate.egressIP, name);
      tryFrom(index + 1, plan);
      plan.delete(candidate.egressIP);
    }
  };
  tryFrom(0, new Map());
  return best;
}

export function compareWorth(a: Worth, b: Worth): number {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) return value - other;
  }
  return 0;
}
