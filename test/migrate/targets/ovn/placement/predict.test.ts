import { readFileSync } from 'node:fs';
import {
  type Claim,
  type PlacementNode,
  predictPlacement,
} from '../../../../../src/migrate/targets/ovn/placement/predict.ts';
import { type Cidr, type Ip, parseCidr, parseIfaddr, parseIp } from '../../../../../src/model/values/address.ts';
import { generator } from '../../../../random.ts';
import { rounds } from '../../../../rounds.ts';

interface Recorded {
  readonly name: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly primaryIfAddr: string;
    readonly assignable: boolean;
    readonly ready: boolean;
  }[];
  readonly egressIPs: readonly Claim[];
  readonly seen: Readonly<Record<string, readonly (string | null)[]>>;
  readonly assignedCount: readonly number[];
}

const recorded = readFileSync(new URL('../../../../conformance/ovn-placement.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

const ip = (text: string): Ip => (parseIp(text) as { value: Ip }).value;
const cidr = (text: string): Cidr => (parseCidr(text) as { value: Cidr }).value;
const node = (
  name: string,
  networks: readonly string[] | undefined,
  more: Partial<PlacementNode> = {},
): PlacementNode => ({
  name,
  eligible: true,
  networks: networks?.map(cidr),
  addresses: [],
  ...more,
});

test('there are 16 recorded clusters', () => expect(recorded).toHaveLength(16));

test.each(recorded.map((one) => [one.name, one] as const))(
  '%s: what OVN-Kubernetes chose is foreseen',
  (_, { nodes, egressIPs, seen, assignedCount }) => {
    const machines = nodes.map(({ name, primaryIfAddr, assignable, ready }): PlacementNode => {
      const parsed = parseIfaddr(primaryIfAddr);
      if (!parsed.ok) throw new Error(parsed.error);
      return { name, eligible: assignable && ready, networks: [parsed.value.network], addresses: [parsed.value.ip] };
    });
    const prediction = predictPlacement(machines, egressIPs);
    expect(prediction.exact).toBe(true);
    expect(prediction.assignedCount).toEqual(assignedCount);
    for (const [address, places] of Object.entries(seen))
      expect(prediction.allowed.get(address)).toEqual(expect.arrayContaining([...places]));
    expect([...prediction.allowed.keys()].sort()).toEqual(Object.keys(seen).sort());
  },
);

/** Every run there can be, followed one by one, by the rules alone and without any cleverness. */
function everyRun(
  nodes: readonly PlacementNode[],
  claims: readonly Claim[],
): { readonly allowed: Map<string, Set<string | null>>; readonly counts: Set<number> } {
  const allowed = new Map(claims.flatMap(({ egressIPs }) => egressIPs).map((one) => [one, new Set<string | null>()]));
  const counts = new Set<number>();
  const taken = new Set<string>(nodes.flatMap(({ addresses }) => addresses));
  const inside = (networks: readonly Cidr[] | undefined, address: string): boolean =>
    networks === undefined ||
    networks.some(({ text }) =>
      address.startsWith(
        text
          .split('.')
          .slice(0, Number(text.split('/')[1]) / 8)
          .join('.'),
      ),
    );
  const follow = (
    index: number,
    rest: readonly string[],
    used: readonly string[],
    placed: ReadonlyMap<string, string>,
  ): void => {
    const claim = claims[index];
    if (claim === undefined) {
      counts.add(placed.size);
      for (const [one, places] of allowed) places.add(placed.get(one) ?? null);
      return;
    }
    if (rest.length === 0) {
      const next = claims[index + 1];
      follow(
        index + 1,
        [...new Set(next?.egressIPs ?? [])].filter((one) => !placed.has(one)),
        [],
        placed,
      );
      return;
    }
    for (const one of rest) {
      const others = rest.filter((other) => other !== one);
      if (taken.has(one)) {
        follow(index, [], used, placed);
        continue;
      }
      const load = ({ name }: PlacementNode): number => [...placed.values()].filter((where) => where === name).length;
      const fitting = nodes.filter(
        (machine) =>
          machine.eligible &&
          !used.includes(machine.name) &&
          claim.onNodes?.includes(machine.name) !== false &&
          inside(machine.networks, one) &&
          load(machine) < (machine.capacity ?? Infinity),
      );
      const least = Math.min(...fitting.map(load));
      const chosen = fitting.filter((machine) => load(machine) === least);
      if (chosen.length === 0) follow(index, others, used, placed);
      for (const { name } of chosen) follow(index, others, [...used, name], new Map([...placed, [one, name]]));
    }
  };
  follow(0, [...new Set(claims[0]?.egressIPs ?? [])], [], new Map());
  return { allowed, counts };
}

const allNetworks = [['10.1.1.0/24'], ['10.1.0.0/16'], ['10.2.2.0/24'], ['10.2.2.0/24', '10.1.1.0/24'], undefined];
const pool = ['10.1.1.5', '10.1.1.6', '10.1.2.7', '10.1.2.8', '10.2.2.9', '10.2.2.10', '10.3.3.3'];

test('the prediction is what following every run gives', () => {
  for (let seed = 1; seed <= rounds(3_000); seed++) {
    const random = generator(seed * 7919);
    const nodes = Array.from({ length: 1 + random(4) }, (_, index) =>
      node(`n${index}`, allNetworks[random(allNetworks.length)], {
        eligible: random(6) > 0,
        addresses: random(5) === 0 ? [ip(pool[random(pool.length)]!)] : [],
        ...(random(3) === 0 ? { capacity: random(3) } : {}),
      }),
    );
    const claims = Array.from({ length: 1 + random(3) }, (_, index) => ({
      name: `e${index}`,
      egressIPs: Array.from({ length: 1 + random(3) }, () => pool[random(pool.length)]!),
      ...someNodes(nodes, random),
    }));
    const expected = everyRun(nodes, claims);
    const { allowed, assignedCount, exact } = predictPlacement(nodes, claims);
    const context = JSON.stringify({
      seed,
      nodes: nodes.map((one) => ({ ...one, networks: one.networks?.map(({ text }) => text) })),
      claims,
    });
    expect({ context, exact, assignedCount }).toEqual({
      context,
      exact: true,
      assignedCount: [...expected.counts].sort((a, b) => a - b),
    });
    expect({ context, allowed: [...allowed].map(([one, places]) => [one, [...places].sort()]) }).toEqual({
      context,
      allowed: [...expected.allowed].map(([one, places]) => [one, [...places].sort()]),
    });
  }
});

test('in any order: the union of what each order gives', () => {
  for (let seed = 1; seed <= rounds(1_000); seed++) {
    const random = generator(seed * 104_729);
    const networks = random(2) === 0 ? allNetworks : [['10.1.0.0/16']];
    const nodes = Array.from({ length: 1 + random(3) }, (_, index) =>
      node(
        `n${index}`,
        networks[random(networks.length)],
        networks.length === 1 ? { capacity: seed % 3 } : random(2) === 0 ? { capacity: random(3) } : {},
      ),
    );
    const claims = Array.from({ length: 2 + random(2) }, (_, index) => ({
      name: `e${index}`,
      egressIPs: Array.from({ length: 1 + random(2) }, () => pool[random(pool.length)]!),
      ...someNodes(nodes, random),
    }));
    const orders = permutations(claims).map((order) => predictPlacement(nodes, order));
    const { allowed, assignedCount } = predictPlacement(nodes, claims, 'any');
    expect({ seed, assignedCount }).toEqual({
      seed,
      assignedCount: [...new Set(orders.flatMap((one) => one.assignedCount))].sort((a, b) => a - b),
    });
    for (const [one, places] of allowed)
      expect({ seed, one, places: [...places].sort() }).toEqual({
        seed,
        one,
        places: [...new Set(orders.flatMap((order) => order.allowed.get(one) ?? []))].sort(),
      });
  }
});

/** A third of the EgressIPs names nodes. */
function someNodes(
  nodes: readonly PlacementNode[],
  random: (limit: number) => number,
): { readonly onNodes?: readonly string[] } {
  if (random(3) > 0) return {};
  return { onNodes: nodes.map(({ name }) => name).filter(() => random(2) === 0) };
}

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  return items.length === 0
    ? [[]]
    : items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

test('an entry that is no address refuses the whole object', () => {
  const { allowed, assignedCount } = predictPlacement(
    [node('a', ['10.1.1.0/24'])],
    [{ name: 'one', egressIPs: ['10.1.1.5', '10.1.1.06'] }],
  );
  expect([Object.fromEntries(allowed), assignedCount]).toEqual([{ '10.1.1.5': [null], '10.1.1.06': [null] }, [0]]);
});

test('a node address in the list makes the other IPs a lottery', () => {
  const nodes = [node('a', ['10.1.1.0/24'], { addresses: [ip('10.1.1.1')] }), node('b', ['10.1.1.0/24'])];
  const { allowed, assignedCount } = predictPlacement(nodes, [{ name: 'one', egressIPs: ['10.1.1.5', '10.1.1.1'] }]);
  expect([Object.fromEntries(allowed), assignedCount]).toEqual([
    { '10.1.1.5': ['a', 'b', null], '10.1.1.1': [null] },
    [0, 1],
  ]);
});

test('capacities decide how many are assigned only by chance', () => {
  const nodes = [node('a', ['10.1.1.0/24'], { capacity: 1 }), node('b', ['10.1.1.0/24'], { capacity: 2 })];
  const { assignedCount } = predictPlacement(nodes, [
    { name: 'one', egressIPs: ['10.1.1.5'] },
    { name: 'two', egressIPs: ['10.1.1.6', '10.1.1.7'] },
  ]);
  expect(assignedCount).toEqual([2, 3]);
});

test('too many possibilities to follow: a bound that holds them all', () => {
  const nodes = Array.from({ length: 40 }, (_, index) =>
    node(`n${String(index).padStart(2, '0')}`, [index % 2 === 0 ? '10.1.0.0/16' : '10.1.1.0/24'], {
      capacity: 2 + (index % 3),
    }),
  );
  const claims = Array.from({ length: 60 }, (_, index) => ({
    name: `e${index}`,
    egressIPs: [`10.1.1.${index + 1}`, `10.1.2.${index + 1}`, `10.1.3.${index + 1}`],
  }));
  const { allowed, assignedCount, exact } = predictPlacement(nodes, claims);
  expect(exact).toBe(false);
  expect(allowed.get('10.1.1.1')).toHaveLength(41);
  expect(allowed.get('10.1.2.1')).toHaveLength(21);
  expect([assignedCount[0], assignedCount.at(-1)]).toEqual([0, 180]);
  const roomy = predictPlacement(
    nodes.map((one) => ({ ...one, capacity: 100 })),
    claims,
  );
  expect([roomy.allowed.get('10.1.2.1')?.includes(null), roomy.assignedCount]).toEqual([false, [180]]);
});
