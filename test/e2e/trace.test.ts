/** What `trace` says, and what the outside host and other pods see, at random states of the cluster. */
import { generator } from '../random.ts';
import { rounds } from '../rounds.ts';
import { outside, TestLab, until } from './lab.ts';

interface Way {
  readonly verdict: string;
  readonly address: string | null;
}

let lab: TestLab;
const ips = ['192.168.7.210', '192.168.7.211', '192.168.7.212'] as const;
const workers = ['worker0', 'worker1', 'worker2'] as const;
const pods = ['red/a', 'red/b', 'blue/c', 'blue/d'] as const;
const target = new URL(outside);
const destination = `${target.hostname}:${target.port}/tcp`;

const yaml = (kind: string, apiVersion: string, namespace: string, spec: object): string =>
  JSON.stringify({ apiVersion, kind, metadata: { name: 'random', namespace }, spec });

const policies: readonly (object | undefined)[] = [
  undefined,
  { podSelector: {}, policyTypes: ['Egress'] },
  { podSelector: { matchLabels: { none: 'such' } }, policyTypes: ['Egress'] },
  {
    podSelector: {},
    policyTypes: ['Egress'],
    egress: [{ to: [{ ipBlock: { cidr: `${target.hostname}/32` } }], ports: [{ port: Number(target.port) }] }],
  },
  { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 443 }] }] },
  { podSelector: {}, policyTypes: ['Ingress'] },
];
const rule = (type: string, cidrSelector: string): object => ({ type, to: { cidrSelector } });
const egressRules: readonly (readonly object[] | undefined)[] = [
  undefined,
  [rule('Deny', '0.0.0.0/0')],
  [rule('Allow', `${target.hostname}/32`), rule('Deny', '0.0.0.0/0')],
  [rule('Deny', `${target.hostname}/31`), rule('Allow', '0.0.0.0/0')],
  [rule('Deny', '198.51.100.0/24')],
];

async function put(kind: string, namespace: string, text: string | undefined): Promise<void> {
  if (text === undefined) await lab.must(['delete', kind, '-n', namespace, 'random', '--ignore-not-found']);
  else await lab.must(['apply', '-f', '-'], text);
}

async function traced(pod: string, to: string): Promise<readonly Way[]> {
  const ran = await lab.sdnCompat('trace', pod, to, '-o', 'json');
  if (ran.stdout === '') throw new Error(ran.stderr);
  const { ways } = JSON.parse(ran.stdout) as { ways: readonly Way[] };
  expect(ran.status).toBe(ways.some(({ verdict }) => verdict === 'dropped') ? 1 : 0);
  return ways;
}

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '3');
  for (const name of ['red', 'blue']) await lab.namespace(name);
  await lab.pods(['red/a', 'worker0'], ['red/b', 'worker1'], ['blue/c', 'worker1'], ['blue/d', 'worker2']);
}, 600_000);
afterAll(() => lab.down());

const seed = Date.now() % 1_000_000;
const count = rounds(60);

test(
  `the verdict and the address are what the outside host sees, in ${count} states (seed ${seed})`,
  async () => {
    const random = generator(seed);
    const some = <T>(from: readonly T[], most: number): T[] => from.filter(() => random(2) === 0).slice(0, most);
    const one = <T>(from: readonly T[]): T => from[random(from.length)]!;
    for (let round = 0; round < count; round += 1) {
      const state: string[] = [];
      for (const name of ['red', 'blue']) {
        const [egressIPs, policy, rules] = [some(ips, 2), one(policies), one(egressRules)];
        state.push(JSON.stringify({ name, egressIPs, policy, rules }));
        await lab.patch('netnamespace', name, { egressIPs });
        await put('networkpolicy', name, policy && yaml('NetworkPolicy', 'networking.k8s.io/v1', name, policy));
        const spec = rules && { egress: rules };
        await put(
          'egressnetworkpolicy',
          name,
          spec && yaml('EgressNetworkPolicy', 'network.openshift.io/v1', name, spec),
        );
      }
      for (const worker of workers) {
        const egressIPs = some(ips, 3).filter(() => random(5) < 3);
        state.push(JSON.stringify({ worker, egressIPs }));
        await lab.patch('hostsubnet', worker, { egressIPs });
      }
      for (const pod of pods) {
        const ways = await traced(pod, destination);
        const wanted = ways.map(({ verdict, address }) => (verdict === 'dropped' ? '' : address));
        let seen = '';
        const what = `${pod} leaves as one of ${JSON.stringify(wanted)}, in ${state.join(' ')}`;
        await until(what, async () => wanted.includes((seen = await lab.source(pod)))).catch((error: unknown) => {
          throw new Error(`${String(error)}, and not as ${JSON.stringify(seen)}`);
        });
        // the last change may still be on its way to the node when a first request is answered
        await until(`${what}, three times in a row`, async () => {
          for (let time = 0; time < 3; time += 1) if (!wanted.includes(await lab.source(pod))) return false;
          return true;
        });
      }
    }
  },
  count * 60_000,
);

test('between pods it says what NetworkPolicies let arrive', async () => {
  for (const name of ['red', 'blue']) {
    await put('networkpolicy', name, undefined);
    await put('egressnetworkpolicy', name, undefined);
  }
  const reaches = async (from: string, to: string): Promise<boolean> =>
    (await lab.exec(from, 'ping', '-c', '1', '-W', '1', await lab.podIP(to))).status === 0;
  for (const isOpen of [true, false, true]) {
    const undo = isOpen ? undefined : await lab.deny('blue', 'Ingress');
    for (const [from, to] of [
      ['red/a', 'blue/c'],
      ['red/b', 'blue/c'],
      ['blue/d', 'blue/c'],
    ] as const) {
      const [way] = await traced(from, `${to}/icmp`);
      expect(way?.verdict).toBe(isOpen ? 'delivered' : 'dropped');
      await until(
        `${from} ${isOpen ? 'reaches' : 'does not reach'} ${to}`,
        async () => (await reaches(from, to)) === isOpen,
      );
    }
    await undo?.();
  }
});
