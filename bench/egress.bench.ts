/**
 * The egress model in big clusters: state, single updates, and automatic assignment. Each row is measured in its own
 * process (this file with the row's number), so that its memory is measured separately.
 */
import { spawnSync } from 'node:child_process';
import { Assigner, type Round } from '../src/model/assignment/round.ts';
import { egressState } from '../src/model/egress/state.ts';
import { EgressTracker } from '../src/model/egress/tracker.ts';
import type { CloudLimits } from '../src/model/objects/cloud.ts';
import type { HostSubnet } from '../src/model/objects/hostsubnet.ts';
import type { NodeName } from '../src/model/values/names.ts';
import { address, hostSubnet, netNamespace, rawHostSubnet, rawNetNamespace, table, timed } from './clusters.ts';

type Limits = ReadonlyMap<NodeName, CloudLimits>;
const noLimits: Limits = new Map();

interface Cluster {
  readonly tracker: EgressTracker;
  readonly assigner: Assigner;
  readonly limits: Limits;
}

interface Shape {
  readonly namespaces: number;
  readonly each: number;
  readonly nodes: number;
  readonly cidrs: (node: number) => readonly string[];
  readonly limits?: number;
}

function build({ namespaces, each, nodes, cidrs, limits }: Shape): Cluster {
  const hostSubnets = Array.from({ length: nodes }, (_, index) => hostSubnet(rawHostSubnet(index, [], cidrs(index))));
  const ips = (index: number): readonly string[] =>
    Array.from({ length: each }, (_, nth) => address(nth * namespaces + index + 1));
  const netNamespaces = Array.from({ length: namespaces }, (_, index) =>
    netNamespace(rawNetNamespace(index, ips(index))),
  );
  const tracker = EgressTracker.of({ hostSubnets, netNamespaces, offline: new Set() });
  const capacity =
    limits === undefined
      ? noLimits
      : new Map(hostSubnets.map(({ name }) => [name, { capacity: limits, network: undefined }]));
  return { tracker, assigner: new Assigner(), limits: capacity };
}

function write(tracker: EgressTracker, round: Round): void {
  const byName = new Map<string, HostSubnet>(tracker.input().hostSubnets.map((one) => [one.name, one]));
  for (const name of round.changed) {
    const one = byName.get(name);
    if (one !== undefined) tracker.setHostSubnet({ ...one, egressIPs: round.lists.get(name) ?? [] });
  }
}

/** Rounds and writes until nothing changes; returns the time of the rounds and of applying what they wrote. */
function untilStable({ tracker, assigner, limits }: Cluster): number {
  let spent = 0;
  for (;;) {
    const { ms, value: round } = timed(() => assigner.round(tracker, limits));
    spent += ms;
    if (round.changed.length === 0) return spent;
    spent += timed(() => write(tracker, round)).ms;
  }
}

const best = (runs: number, run: () => number): number => Math.min(...Array.from({ length: runs }, run));

interface Figures {
  readonly first: number;
  readonly steady: number;
  readonly offline: number;
  readonly online: number;
  readonly updates: number;
  readonly state: number;
  readonly placed: number;
  readonly spread: number;
  readonly mib: number;
}

function measure(shape: Shape): Figures {
  const { each } = shape;
  const cluster = build(shape);
  const { tracker, assigner, limits } = cluster;
  untilStable(cluster);
  const { plan, lists } = assigner.round(tracker, limits);
  const loads = [...lists.values()].map((list) => list.length);
  const steady = best(5, () => timed(() => assigner.round(tracker, limits)).ms);
  const mib = process.resourceUsage().maxRSS / 2 ** 10;
  const node = tracker.input().hostSubnets[0];
  if (node === undefined) throw new Error('no node');
  const health = (isOffline: boolean): number =>
    timed(() => tracker.setOffline(node.hostIP, isOffline)).ms + untilStable(cluster);
  const failovers = Array.from({ length: 10 }, () => ({ offline: health(true), online: health(false) }));
  const offline = Math.min(...failovers.map((one) => one.offline));
  const online = Math.min(...failovers.map((one) => one.online));
  const updates = best(each > 100 ? 1 : 10, () => tenThousandUpdates(tracker, shape));
  const state = best(3, () => timed(() => egressState(tracker.input())).ms);
  const first = best(3, () => {
    const fresh = build(shape);
    return timed(() => fresh.assigner.round(fresh.tracker, fresh.limits)).ms;
  });
  return {
    first,
    steady,
    offline,
    online,
    updates,
    state,
    placed: plan().size,
    spread: Math.max(...loads) - Math.min(...loads),
    mib,
  };
}

/**
 * Single changes, each a raw NetNamespace that is parsed and applied: half of them withdraw the second IP of a
 * namespace, half request it again.
 */
function tenThousandUpdates(tracker: EgressTracker, { namespaces, each }: Shape): number {
  const raw = Array.from({ length: 10_000 }, (_, nth) => {
    const index = (nth >> 1) % namespaces;
    const ips = Array.from({ length: nth % 2 === 0 ? each - 1 : each }, (__, position) =>
      address(position * namespaces + index + 1),
    );
    return rawNetNamespace(index, ips);
  });
  return timed(() => {
    for (const one of raw) tracker.setNetNamespace(netNamespace(one));
  }).ms;
}

const shared = (): readonly string[] => ['10.0.0.0/8'];
/**
 * Each node has a quarter of the used addresses in four blocks that shift with the node, so neighbors overlap in part.
 */
const overlapping =
  (total: number, nodes: number) =>
  (node: number): readonly string[] => {
    const blocks = Math.ceil((total + 1) / 64);
    const firstBlock = Math.floor((node * blocks) / nodes);
    return Array.from(
      { length: Math.ceil(blocks / 4) },
      (_, nth) => `${address(((firstBlock + nth) % blocks) * 64)}/26`,
    );
  };

const shapes: readonly (readonly [string, Shape])[] = [
  ['1,000 x 2 on 50 nodes', { namespaces: 1000, each: 2, nodes: 50, cidrs: shared }],
  ['10,000 x 2 on 500 nodes', { namespaces: 10_000, each: 2, nodes: 500, cidrs: shared }],
  ['10,000 x 2 on 5,000 nodes', { namespaces: 10_000, each: 2, nodes: 5_000, cidrs: shared }],
  ['100,000 x 2 on 500 nodes', { namespaces: 100_000, each: 2, nodes: 500, cidrs: shared }],
  ['1,000 x 2 on 50, CIDRs overlap in part', { namespaces: 1000, each: 2, nodes: 50, cidrs: overlapping(2000, 50) }],
  [
    '10,000 x 2 on 500, CIDRs overlap in part',
    { namespaces: 10_000, each: 2, nodes: 500, cidrs: overlapping(20_000, 500) },
  ],
  ['10,000 x 2 on 500, every node at capacity', { namespaces: 10_000, each: 2, nodes: 500, cidrs: shared, limits: 40 }],
  ['10,000 x 2 on 500, room for half', { namespaces: 10_000, each: 2, nodes: 500, cidrs: shared, limits: 20 }],
  ['one namespace with 500 on 500', { namespaces: 1, each: 500, nodes: 500, cidrs: shared }],
];

/** The targets for 10,000 x 2 on 500 nodes, in ms and MiB. */
const targets = { first: 300, steady: 30, offline: 50, updates: 70, mib: 200 } as const;
/** The most milliseconds of the first plan on 5,000 nodes. */
const firstOnMany = 40;

/** Measures the row in its own process. */
function measureApart(row: number): Figures {
  const { status, stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, String(row)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Figures;
}

/** Prints the table; returns false if a figure for 10,000 x 2 on 500 nodes misses its target. */
export function bench(): boolean {
  const rows = shapes.map(([name], row) => [name, measureApart(row)] as const);
  const head = [
    '',
    'first ms',
    'steady ms',
    'node off ms',
    'node on ms',
    '10,000 updates ms',
    'whole state ms',
    'placed',
    'spread',
    'RSS MiB',
  ];
  table(
    'Egress model',
    head,
    rows.map(([name, f]) => [
      name,
      f.first,
      f.steady,
      f.offline,
      f.online,
      f.updates,
      f.state,
      String(f.placed),
      String(f.spread),
      f.mib,
    ]),
  );
  console.log(
    `\nTargets at 10,000 x 2 on 500 nodes: first ${targets.first}, steady ${targets.steady}, node off ${targets.offline}, updates ${targets.updates} ms; ${targets.mib} MiB. On 5,000 nodes: first ${firstOnMany} ms.`,
  );
  const main = rows.find(([name]) => name === '10,000 x 2 on 500 nodes')?.[1];
  const many = rows.find(([name]) => name === '10,000 x 2 on 5,000 nodes')?.[1];
  return (
    main !== undefined &&
    many !== undefined &&
    many.first <= firstOnMany &&
    Object.entries(targets).every(([key, most]) => main[key as keyof typeof targets] <= most)
  );
}

if (process.argv[1] === import.meta.filename) {
  const shape = shapes[Number(process.argv[2])]?.[1];
  if (shape === undefined) throw new Error('which row?');
  console.log(JSON.stringify(measure(shape)));
}
