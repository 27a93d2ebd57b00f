/**
 * What `trace` says of Services, and what their backends see, at random states: of the namespaces that ask, of policies,
 * and of the Services, whose backends are pods here and there, nodes, and hosts outside.
 */
import type { ChildProcess } from 'node:child_process';
import { generator } from '../random.ts';
import { rounds } from '../rounds.ts';
import { namespaceOf, pace, run, TestLab, until } from './lab.ts';
import { script } from './packets.ts';

interface Way {
  readonly verdict: string;
  readonly address: string | null;
  readonly reason: string;
  readonly service?: { readonly backends: readonly { readonly address: string }[] };
}

const ips = ['192.168.7.210', '192.168.7.211'] as const;
const nodes = { master0: '192.168.7.10', worker0: '192.168.7.11', worker1: '192.168.7.12', worker2: '192.168.7.13' };
const workers = ['worker0', 'worker1', 'worker2'] as const;
const outsideHost = '10.1.8.72';
const clients = ['red/a', 'blue/b', 'back/x'] as const;
const [nodePort, otherNodePort] = [30080, 30090];
const [podPort, hostPort] = [8080, 8088];
const externalIP = '203.0.113.50';
const balancedIP = '203.0.113.60';

let lab: TestLab;
const servers: ChildProcess[] = [];

/** Answers each request with the address that it came from, and who answers. */
const server = (name: string, port: number): string => `
  require('http').createServer((q, r) => r.end(q.socket.remoteAddress.replace('::ffff:', '') + ' at ${name}'))
    .listen(${port}, '0.0.0.0', () => console.log('ready'));
`;

async function serve(netns: string, name: string, port: number): Promise<void> {
  const child = script(netns, server(name, port));
  servers.push(child);
  await new Promise((resolve) => child.stdout!.once('data', resolve));
}

/** What an endpoint is, and who answers there. */
interface Place {
  readonly name: string;
  readonly endpoint: { readonly addresses: readonly string[]; readonly nodeName?: string; readonly targetRef?: object };
  readonly port: number;
}

let places: readonly Place[];

const longNode = (short: string): string => `${short}.ocp4.rober.lab`;

const meta = (name: string, namespace = 'back'): object => ({ name, namespace });

const service = (name: string, clusterIP: string, port: number, spec: object): object => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: meta(name) },
  spec: { clusterIP, type: 'LoadBalancer', ports: [{ name: 'web', port: 80, nodePort: port }], ...spec },
});

/** A slice for the places that listen at the port. */
const slice = (name: string, port: number, all: readonly Place[]): object => ({
  ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
  metadata: { ...meta(`${name}-${port}`), labels: { 'kubernetes.io/service-name': name } },
  ports: [{ name: 'web', port, protocol: 'TCP' }],
  endpoints: all.filter((one) => one.port === port).map(({ endpoint }) => endpoint),
});

const rule = (type: string, cidrSelector: string): object => ({ type, to: { cidrSelector } });
const egressRules: readonly (readonly object[] | undefined)[] = [
  undefined,
  undefined,
  [rule('Deny', '0.0.0.0/0')],
  [rule('Allow', `${nodes.worker1}/32`), rule('Deny', '192.168.7.0/24')],
  [rule('Deny', `${externalIP}/32`), rule('Deny', `${outsideHost}/32`)],
];
const policies: readonly (object | undefined)[] = [
  undefined,
  undefined,
  { podSelector: {}, policyTypes: ['Egress'] },
  { podSelector: {}, policyTypes: ['Ingress'] },
  { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: {} }] }] },
  {
    podSelector: {},
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'red' } } }] }],
  },
  { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr: '192.168.7.0/24' } }] }] },
];

/** Who may come by the load balancer; those of IPv6 alone limit nobody. */
const sourceRanges: readonly (readonly string[] | undefined)[] = [
  undefined,
  ['fd00::/8'],
  [' 10.254.1.0/24 ', 'fd00::/8'],
  ['192.168.7.0/24', '10.254.2.0/24'],
];
const balancedStatus = { status: { loadBalancer: { ingress: [{ ip: balancedIP }] } } };

async function put(kind: string, apiVersion: string, namespace: string, spec: object | undefined): Promise<void> {
  if (spec === undefined) await lab.must(['delete', kind, '-n', namespace, 'random', '--ignore-not-found']);
  else
    await lab.must(
      ['apply', '-f', '-'],
      JSON.stringify({ apiVersion, kind, metadata: meta('random', namespace), spec }),
    );
}

async function traced(pod: string, to: string, ...flags: readonly string[]): Promise<readonly Way[]> {
  const ran = await lab.sdnCompat('trace', pod, to, ...flags, '-o', 'json');
  if (ran.stdout === '') throw new Error(ran.stderr);
  const { ways } = JSON.parse(ran.stdout) as { ways: readonly Way[] };
  expect(ran.status).toBe(ways.some(({ verdict }) => verdict === 'dropped' || verdict === 'refused') ? 1 : 0);
  return ways;
}

/** `ADDRESS at NAME` for all that the ways allow to be seen; empty for a packet that does not arrive. */
function wantedOf(ways: readonly Way[]): ReadonlySet<string> {
  const names = new Map(places.map(({ name, endpoint, port }) => [`${endpoint.addresses[0]!}:${port}`, name]));
  return new Set(
    ways.flatMap(({ verdict, address, service: through }) => {
      if (verdict === 'dropped' || verdict === 'refused') return [''];
      return (through?.backends ?? []).map((one) => `${address ?? '-'} at ${names.get(one.address) ?? one.address}`);
    }),
  );
}

/** What a request from a network namespace is answered with. */
async function seenIn(netns: string, to: string): Promise<string> {
  const argv = ['netns', 'exec', netns, 'curl', '-s', '--max-time', String(0.5 * pace), `http://${to}`];
  return (await run('ip', argv)).stdout.trim();
}

/** A pod that answers somebody by a node port: so says its trace. By the policy Local the node alone may reach more. */
async function expectAnswer(node: string, ip: string, what: string): Promise<void> {
  for (const asker of ['outside', node]) {
    const seen = await seenIn(`sdnc.${lab.name}.${asker}`, `${ip}:${nodePort}`);
    const [, pod = ''] = seen.split(' at ');
    if (!pod.includes('/')) continue;
    const ways = await traced(pod, `${ip}:${nodePort}`, '--reply');
    const found = ways.map(({ verdict, address }) => `${verdict} ${address ?? '-'}`);
    const said = [`leaves ${ip}`, ...(asker === node ? [`delivered ${ip}`] : [])];
    expect({ asker, pod, what, found, isSaid: said.includes(found.join()) }).toMatchObject({ isSaid: true });
  }
}

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '3', '--services', 'nftables');
  for (const name of ['red', 'blue', 'back']) await lab.namespace(name);
  await lab.pods(['red/a', 'worker0'], ['blue/b', 'worker1'], ['back/x', 'worker0'], ['back/y', 'worker1']);
  const podPlace = async (pod: string, worker: string): Promise<Place> => ({
    ...{ name: pod, port: podPort },
    endpoint: {
      addresses: [await lab.podIP(pod)],
      nodeName: longNode(worker),
      targetRef: { kind: 'Pod', namespace: 'back', name: pod.split('/')[1] },
    },
  });
  const nodePlace = ([name, ip]: readonly [string, string]): Place => ({
    ...{ name, port: hostPort },
    endpoint: { addresses: [ip], nodeName: longNode(name) },
  });
  places = [
    await podPlace('back/x', 'worker0'),
    await podPlace('back/y', 'worker1'),
    ...Object.entries(nodes).map(nodePlace),
    { name: 'outside', port: hostPort, endpoint: { addresses: [outsideHost] } },
    // the other Service's node port, which leads outside
    { name: 'outside', port: otherNodePort, endpoint: { addresses: [nodes.worker2] } },
  ];
  await Promise.all([
    ...['back/x', 'back/y'].map((pod) => serve(namespaceOf(lab, pod), pod, podPort)),
    ...[...Object.keys(nodes), 'outside'].map((name) => serve(`sdnc.${lab.name}.${name}`, name, hostPort)),
  ]);
  const other = places.filter(({ name, port }) => name === 'outside' && port === hostPort);
  await lab.must(
    ['create', '-f', '-'],
    [service('other', '172.30.0.20', otherNodePort, {}), slice('other', hostPort, other)]
      .map((one) => JSON.stringify(one))
      .join('\n'),
  );
}, 600_000);
afterAll(async () => {
  for (const child of servers) child.kill('SIGKILL');
  await lab.down();
});

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const count = rounds(40);

test(
  `the verdict and the address are what backends see, in ${count} states (seed ${seed})`,
  async () => {
    const random = generator(seed);
    const one = <T>(from: readonly T[]): T => from[random(from.length)]!;
    const chance = (percent: number): boolean => random(100) < percent;
    for (let round = 0; round < count; round += 1) {
      const state: string[] = [];
      // the first state: a pod of another node, with the policy Local, and nothing that forbids
      const isFirst = round === 0;
      const said = (what: object): void => void state.push(JSON.stringify(what));
      for (const name of ['red', 'blue', 'back']) {
        const egressIPs = ips
          .filter(() => !isFirst && chance(name === 'back' ? 15 : 45))
          .slice(0, name === 'red' ? 2 : 1);
        const [policy, egress] = isFirst ? [] : [one(policies), one(egressRules)];
        said({ name, egressIPs, policy, egress });
        await lab.patch('netnamespace', name, { egressIPs });
        await put('NetworkPolicy', 'networking.k8s.io/v1', name, policy);
        await put('EgressNetworkPolicy', 'network.openshift.io/v1', name, egress && { egress });
      }
      for (const worker of workers) {
        const egressIPs = ips.filter(() => chance(45));
        said({ worker, egressIPs });
        await lab.patch('hostsubnet', worker, { egressIPs });
      }
      const some = [one(places), ...(chance(40) ? [one(places)] : [])].slice(chance(8) ? 2 : 0);
      const used = isFirst ? places.slice(0, 1) : some;
      const spec = {
        externalIPs: [externalIP],
        ...{ externalTrafficPolicy: isFirst || chance(50) ? 'Local' : 'Cluster' },
        ...{ internalTrafficPolicy: !isFirst && chance(25) ? 'Local' : 'Cluster' },
        ...{ sessionAffinity: chance(20) ? 'ClientIP' : 'None' },
        ...{ loadBalancerSourceRanges: isFirst ? [' 10.254.1.0/24 '] : one(sourceRanges) },
      };
      said({ used: used.map(({ name, port }) => `${name}:${port}`), ...spec });
      const slices = [podPort, hostPort, otherNodePort].map((port) => slice('web', port, used));
      await lab.must(
        ['apply', '-f', '-'],
        [service('web', '172.30.0.10', nodePort, spec), ...slices].map((item) => JSON.stringify(item)).join('\n'),
      );
      const status = ['patch', 'service', 'web', '-n', 'back', '--subresource=status', '--type=merge'];
      await lab.must([...status, '-p', JSON.stringify(balancedStatus)]);
      for (const pod of clients) {
        const asked = [
          '172.30.0.10:80',
          `${externalIP}:80`,
          `${balancedIP}:80`,
          ...[1, 2].map(() => `${one(Object.values(nodes))}:${nodePort}`),
        ];
        for (const to of asked) {
          const ways = await traced(pod, to);
          const wanted = wantedOf(ways);
          let seen = '';
          const what = `${pod} to ${to} is one of ${JSON.stringify([...wanted])}, in ${state.join(' ')}`;
          // the last change may still be on its way to the node when a first request is answered
          await until(`${what}, three times in a row`, async () => {
            for (let time = 0; time < 3; time += 1)
              if (!wanted.has((seen = await seenIn(namespaceOf(lab, pod), to)))) return false;
            return true;
          }).catch((error: unknown) => {
            throw new Error(`${String(error)}, and not ${JSON.stringify(seen)}: ${JSON.stringify(ways)}`);
          });
        }
      }
      for (const [node, ip] of isFirst ? Object.entries(nodes) : [one(Object.entries(nodes))])
        await expectAnswer(node, ip, state.join(' '));
    }
  },
  count * 120_000,
);
