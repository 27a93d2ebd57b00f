/** The stand-in's assignment against what OVN-Kubernetes's own controller was recorded to do. */
import { readFileSync } from 'node:fs';
import { afterNode, type Memory } from '../../../src/lab/ovn/nodes.ts';
import { type Assignment, reconcile, type Request } from '../../../src/lab/ovn/placement.ts';
import { predictPlacement } from '../../../src/migrate/targets/ovn/placement/predict.ts';
import { parseIfaddr } from '../../../src/model/values/address.ts';
import { generator } from '../../random.ts';

interface Recorded {
  readonly name: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly primaryIfAddr: string;
    readonly assignable: boolean;
    readonly ready: boolean;
  }[];
  readonly egressIPs: readonly { readonly name: string; readonly egressIPs: readonly string[] }[];
  readonly seen: Readonly<Record<string, readonly (string | null)[]>>;
  readonly assignedCount: readonly number[];
}

const recorded = readFileSync(new URL('../../conformance/ovn-placement.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

function memoryOf({ nodes }: Recorded): Memory {
  let memory: Memory = new Map();
  for (const { name, primaryIfAddr, assignable, ready } of nodes) {
    const annotations = {
      'k8s.ovn.org/node-primary-ifaddr': JSON.stringify({ ipv4: primaryIfAddr }),
      'k8s.ovn.org/node-subnets': '{"default":["10.128.0.0/23"]}',
      'k8s.ovn.org/host-cidrs': JSON.stringify([primaryIfAddr]),
    };
    const labels = assignable ? { 'k8s.ovn.org/egress-assignable': '' } : {};
    const status = { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] };
    const node = { metadata: { name, labels, annotations }, status };
    ({ memory } = afterNode(memory, node, { isCloud: false, isReachable: true }));
  }
  return memory;
}

/** Where everything lies after all objects were created. */
function run(one: Recorded, seed: number): ReadonlyMap<string, string> {
  const random = generator(seed);
  let memory = memoryOf(one);
  const placed = new Map<string, string>();
  for (const { name, egressIPs } of one.egressIPs) {
    const request: Request = { name, egressIPs, items: [], onNodes: undefined };
    const done = reconcile(memory, request, { believesStatus: true, overlooks: false, random });
    memory = done.memory;
    for (const { egressIP, node } of done.items ?? []) placed.set(egressIP, node);
    // what it wrote is what it would write
    const again = reconcile(
      memory,
      { ...request, items: done.items ?? [] },
      { believesStatus: false, overlooks: false, random },
    );
    const shown = ({ egressIP, node }: Assignment): string => `${egressIP} ${node}`;
    expect((again.items ?? done.items ?? []).map(shown).sort()).toEqual((done.items ?? []).map(shown).sort());
  }
  return placed;
}

test.each(recorded.map((one) => [one.name, one] as const))('%s comes out as recorded', (_, one) => {
  const allowed = predictPlacement(
    one.nodes.map(({ name, primaryIfAddr, assignable, ready }) => {
      const parsed = parseIfaddr(primaryIfAddr);
      if (!parsed.ok) throw new Error(parsed.error);
      const { network, ip } = parsed.value;
      return { name, eligible: assignable && ready, networks: [network], addresses: [ip] };
    }),
    one.egressIPs,
  ).allowed;
  const outcomes = new Map(Object.keys(one.seen).map((ip) => [ip, new Set<string | null>()]));
  const counts = new Set<number>();
  for (let seed = 1; seed <= 400; seed++) {
    const placed = run(one, seed * 7919);
    counts.add(placed.size);
    for (const [ip, found] of outcomes) found.add(placed.get(ip) ?? null);
  }
  expect([...counts].sort((a, b) => a - b)).toEqual(one.assignedCount);
  for (const [ip, found] of outcomes) {
    const missing = one.seen[ip]!.filter((node) => !found.has(node));
    const beyond = [...found].filter((node) => !allowed.get(ip)!.includes(node));
    expect({ ip, missing, beyond }).toEqual({ ip, missing: [], beyond: [] });
  }
});
