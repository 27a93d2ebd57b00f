/**
 * Who reaches whom, measured between 12 pods in 3 namespaces on 3 nodes after each set of NetworkPolicies, and compared
 * with what Kubernetes' rules say. `permitted` is made from the text of the API alone and knows nothing of src.
 */
import { generator } from '../random.ts';
import { rounds } from '../rounds.ts';
import { namespaceOf, TestLab, until } from './lab.ts';
import { Prober, type Protocol, type Target } from './prober.ts';

// ---- the pods

interface Labels {
  readonly [key: string]: string;
}

interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** Names of ports; `web` is another number from pod to pod. */
  readonly named: Readonly<Partial<Record<string, { readonly protocol: Protocol; readonly port: number }>>>;
  readonly worker: string;
  ip: string;
}

const ports = [80, 5353, 8080] as const;
const outsideIP = '10.1.8.72';
const outsidePorts = [80, 5353] as const;
const namespaces: Readonly<Record<string, Labels>> = {
  x: { team: 'red' },
  y: { team: 'red', tier: 'back' },
  z: { tier: 'front' },
};
const roles: readonly Labels[] = [{ app: 'web' }, { app: 'web', env: 'test' }, { app: 'db' }, {}];

const pods: readonly Pod[] = Object.keys(namespaces).flatMap((namespace, at) =>
  roles.map((labels, index): Pod => {
    const web = index === 1 ? 80 : 8080;
    return {
      namespace,
      name: `p${index}`,
      labels,
      named: index === 3 ? {} : { web: { protocol: 'tcp', port: web }, names: { protocol: 'udp', port: 5353 } },
      worker: `worker${(at + index) % 3}`,
      ip: '',
    };
  }),
);
const keyOf = ({ namespace, name }: Pod): string => `${namespace}/${name}`;

// ---- what Kubernetes says

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}
interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
interface Port {
  readonly protocol?: 'TCP' | 'UDP';
  readonly port?: number | string;
  readonly endPort?: number;
}
interface Spec {
  readonly podSelector: Selector;
  readonly policyTypes?: readonly ('Ingress' | 'Egress')[];
  readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly Port[] }[];
  readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly Port[] }[];
}
interface Policy {
  readonly namespace: string;
  readonly spec: Spec;
}

/** One end of a connection; the outside host is no pod. */
interface End {
  readonly ip: string;
  readonly pod?: Pod;
}

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  if (Object.entries(matchLabels).some(([key, value]) => labels[key] !== value)) return false;
  return matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      default:
        return value === undefined;
    }
  });
}

const asNumber = (ip: string): number => ip.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);

function inBlock(ip: string, cidr: string): boolean {
  const [network = '', length = '32'] = cidr.split('/');
  if (network.includes(':')) return false;
  const size = 2 ** (32 - Number(length));
  return Math.floor(asNumber(ip) / size) === Math.floor(asNumber(network) / size);
}

function isPeer(policy: Policy, { ipBlock, podSelector, namespaceSelector }: Peer, end: End): boolean {
  if (ipBlock !== undefined)
    return inBlock(end.ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((part) => inBlock(end.ip, part));
  if (end.pod === undefined) return false;
  const { namespace, labels } = end.pod;
  const rightNamespace =
    namespaceSelector === undefined
      ? namespace === policy.namespace
      : selects(namespaceSelector, { 'kubernetes.io/metadata.name': namespace, ...namespaces[namespace] });
  return rightNamespace && (podSelector === undefined || selects(podSelector, labels));
}

function isPort({ protocol = 'TCP', port, endPort }: Port, target: Target, listener: End): boolean {
  if (protocol.toLowerCase() !== target.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === 'number')
    return endPort === undefined ? target.port === port : target.port >= port && target.port <= endPort;
  const found = listener.pod?.named[port];
  return found !== undefined && found.protocol === target.protocol && found.port === target.port;
}

function passes(
  policies: readonly Policy[],
  direction: 'ingress' | 'egress',
  [own, other]: readonly [End, End],
  target: Target,
): boolean {
  const { pod } = own;
  if (pod === undefined) return true;
  const applying = policies.filter(({ namespace, spec }) => {
    const types = spec.policyTypes ?? (spec.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress']);
    return (
      namespace === pod.namespace &&
      selects(spec.podSelector, pod.labels) &&
      types.includes(direction === 'ingress' ? 'Ingress' : 'Egress')
    );
  });
  const listener = direction === 'ingress' ? own : other;
  const allows = (policy: Policy): boolean => {
    const rules =
      direction === 'ingress'
        ? (policy.spec.ingress ?? []).map(({ from, ports: of }) => ({ peers: from, of }))
        : (policy.spec.egress ?? []).map(({ to, ports: of }) => ({ peers: to, of }));
    return rules.some(
      ({ peers = [], of = [] }) =>
        (peers.length === 0 || peers.some((peer) => isPeer(policy, peer, other))) &&
        (of.length === 0 || of.some((port) => isPort(port, target, listener))),
    );
  };
  return applying.length === 0 || applying.some(allows);
}

function permitted(policies: readonly Policy[], from: Pod, target: Target): boolean {
  const source: End = { ip: from.ip, pod: from };
  const to = pods.find(({ ip }) => ip === target.ip);
  const destination: End = to === undefined ? { ip: target.ip } : { ip: to.ip, pod: to };
  return (
    passes(policies, 'egress', [source, destination], target) &&
    passes(policies, 'ingress', [destination, source], target)
  );
}

// ---- policies

const red: Selector = { matchLabels: { team: 'red' } };
const web: Selector = { matchLabels: { app: 'web' } };
const all: Selector = {};

/** Sets of policies, each about one thing; addresses of pods come from the lab, so they are made when it is up. */
function chosen(): readonly (readonly [string, readonly Policy[]])[] {
  const one = (spec: Spec, namespace = 'x'): Policy => ({ namespace, spec });
  const ipOf = (key: string): string => pods.find((pod) => keyOf(pod) === key)!.ip;
  const subnetOf = (key: string): string => `${ipOf(key).replace(/\.\d+$/, '')}.0/24`;
  return [
    ['no policy', []],
    ['deny all ingress', [one({ podSelector: all })]],
    ['deny all, both ways', [one({ podSelector: all, policyTypes: ['Ingress', 'Egress'] })]],
    ['egress only, by policyTypes', [one({ podSelector: web, policyTypes: ['Egress'] })]],
    ['egress rules without policyTypes close ingress too', [one({ podSelector: web, egress: [{}] })]],
    [
      'policyTypes Ingress leaves egress rules unheeded',
      [one({ podSelector: web, policyTypes: ['Ingress'], ingress: [{}], egress: [{ to: [{ podSelector: web }] }] })],
    ],
    [
      'an empty rule allows all; a second policy adds',
      [one({ podSelector: all }), one({ podSelector: web, ingress: [{}] })],
    ],
    ['the same namespace', [one({ podSelector: all, ingress: [{ from: [{ podSelector: all }] }] })]],
    [
      'namespaces by label',
      [
        one({
          podSelector: all,
          ingress: [{ from: [{ namespaceSelector: { matchExpressions: [{ key: 'tier', operator: 'Exists' }] } }] }],
        }),
      ],
    ],
    [
      'pods of namespaces, both selectors',
      [
        one({
          podSelector: web,
          ingress: [{ from: [{ namespaceSelector: red, podSelector: { matchLabels: { app: 'db' } } }] }],
        }),
      ],
    ],
    [
      'pods or namespaces, two peers',
      [
        one({
          podSelector: web,
          ingress: [
            {
              from: [
                { namespaceSelector: { matchLabels: { tier: 'front' } } },
                { podSelector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] } },
              ],
            },
          ],
        }),
      ],
    ],
    [
      'ports by number and protocol',
      [one({ podSelector: all, ingress: [{ ports: [{ port: 80 }, { protocol: 'UDP', port: 5353 }] }] })],
    ],
    [
      'a range of ports, and all of UDP',
      [
        one({
          podSelector: all,
          ingress: [{ from: [{ namespaceSelector: red }], ports: [{ port: 81, endPort: 8080 }, { protocol: 'UDP' }] }],
        }),
      ],
    ],
    [
      'named ports differ from pod to pod',
      [one({ podSelector: all, ingress: [{ ports: [{ port: 'web' }, { protocol: 'UDP', port: 'names' }] }] })],
    ],
    [
      'named ports of the peer in egress',
      [
        one({
          podSelector: all,
          policyTypes: ['Egress'],
          egress: [{ to: [{ namespaceSelector: {} }], ports: [{ port: 'web' }] }],
        }),
      ],
    ],
    [
      'named ports in egress to everywhere',
      [one({ podSelector: web, policyTypes: ['Egress'], egress: [{ ports: [{ port: 'web' }] }] })],
    ],
    [
      'a name of another protocol',
      [one({ podSelector: web, ingress: [{ ports: [{ protocol: 'UDP', port: 'web' }] }] })],
    ],
    [
      'blocks with exceptions, egress',
      [
        one({
          podSelector: all,
          policyTypes: ['Egress'],
          egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: [`${ipOf('y/p0')}/32`, subnetOf('z/p0')] } }] }],
        }),
      ],
    ],
    [
      'only the outside',
      [
        one({
          podSelector: all,
          policyTypes: ['Egress'],
          egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.254.0.0/16'] } }], ports: [{ port: 80 }] }],
        }),
      ],
    ],
    [
      'blocks with exceptions, ingress',
      [
        one({
          podSelector: web,
          ingress: [
            { from: [{ ipBlock: { cidr: '10.254.0.0/16', except: [`${ipOf('x/p2')}/32`, `${ipOf('z/p1')}/32`] } }] },
          ],
        }),
      ],
    ],
    [
      'blocks of IPv6, alone and beside others',
      [
        one({
          podSelector: all,
          policyTypes: ['Ingress', 'Egress'],
          ingress: [{ from: [{ ipBlock: { cidr: '::/0' } }] }],
          egress: [{ to: [{ ipBlock: { cidr: 'fd00::/8', except: ['fd00:1::/32'] } }] }],
        }),
        one(
          {
            podSelector: all,
            ingress: [
              {
                from: [
                  { ipBlock: { cidr: '::/0' } },
                  { ipBlock: { cidr: '10.254.0.0/16', except: [`${ipOf('x/p2')}/32`] } },
                ],
              },
            ],
          },
          'y',
        ),
      ],
    ],
    [
      'ingress of one and egress of another',
      [
        one({ podSelector: all, ingress: [{ from: [{ namespaceSelector: { matchLabels: { tier: 'back' } } }] }] }),
        one(
          {
            podSelector: web,
            policyTypes: ['Egress'],
            egress: [
              {
                to: [
                  {
                    namespaceSelector: {
                      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['x'] }],
                    },
                  },
                ],
              },
            ],
          },
          'y',
        ),
      ],
    ],
  ];
}

function randomPolicies(seed: number): Policy[] {
  const next = generator(seed * 2654435761 + 1);
  const pick = <T>(items: readonly T[]): T => items[next(items.length)]!;
  const several = <T>(least: number, most: number, make: () => T): T[] =>
    Array.from({ length: least + next(most - least + 1) }, make);
  const podSelector = (): Selector =>
    pick<Selector>([
      all,
      web,
      { matchLabels: { env: 'test' } },
      { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] },
      { matchExpressions: [{ key: 'app', operator: 'In', values: ['db', 'web'] }] },
    ]);
  const namespaceSelector = (): Selector =>
    pick<Selector>([
      all,
      red,
      { matchLabels: { tier: 'front' } },
      { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
    ]);
  const block = (): Peer => {
    const { ip } = pick(pods);
    const cidr = pick(['0.0.0.0/0', '10.254.0.0/16', `${ip}/32`, '10.1.8.64/26']);
    return {
      ipBlock: {
        cidr,
        ...(cidr.endsWith('/16') || cidr.endsWith('/0') ? { except: several(0, 3, () => `${pick(pods).ip}/32`) } : {}),
      },
    };
  };
  const peer = (): Peer =>
    pick<() => Peer>([
      () => ({ podSelector: podSelector() }),
      () => ({ namespaceSelector: namespaceSelector() }),
      () => ({ namespaceSelector: namespaceSelector(), podSelector: podSelector() }),
      block,
    ])();
  const port = (): Port =>
    pick<Port>([
      { port: 80 },
      { protocol: 'UDP' },
      { protocol: 'UDP', port: 5353 },
      { port: 'web' },
      { protocol: 'UDP', port: 'names' },
      { port: 1000, endPort: 9000 },
      { protocol: 'UDP', port: 79, endPort: 5353 },
    ]);
  const policy = (): Policy => {
    const ingress = several(0, 2, () => ({ from: several(0, 2, peer), ports: several(0, 2, port) }));
    const egress = several(0, 2, () => ({ to: several(0, 2, peer), ports: several(0, 2, port) }));
    const policyTypes = pick<Spec['policyTypes']>([undefined, ['Ingress'], ['Egress'], ['Ingress', 'Egress']]);
    const hasEgress = policyTypes?.includes('Egress') ?? next(2) === 0;
    return {
      namespace: pick(Object.keys(namespaces)),
      spec: {
        podSelector: podSelector(),
        ingress,
        ...(hasEgress && egress.length > 0 ? { egress } : {}),
        ...(policyTypes === undefined ? {} : { policyTypes }),
      },
    };
  };
  return several(1, 3, policy);
}

// ---- measuring

let lab: TestLab;
const probers = new Map<string, Prober>();
let outsideProber: Prober;
const wait = 300;

function targetsOf(from: Pod): Target[] {
  const both = (ip: string, port: number): Target[] =>
    (['tcp', 'udp'] as const).map((protocol) => ({ protocol, ip, port }));
  const inside = pods.filter((to) => to !== from).flatMap(({ ip }) => ports.flatMap((port) => both(ip, port)));
  return [...inside, ...outsidePorts.flatMap((port) => both(outsideIP, port))];
}

interface Probe {
  readonly from: Pod;
  readonly target: Target;
}

type Expected = (from: Pod, target: Target) => boolean;
const everyPair = (): Probe[] => pods.flatMap((from) => targetsOf(from).map((target) => ({ from, target })));

/** Tries these at once; those whose result is not as expected. */
async function wrong(probes: readonly Probe[], expected: Expected): Promise<Probe[]> {
  const found = await Promise.all(
    pods.map(async (pod) => {
      const own = probes.filter(({ from }) => from === pod);
      if (own.length === 0) return [];
      const reached = await probers.get(keyOf(pod))!.reaches(
        own.map(({ target }) => target),
        wait,
      );
      return own.filter(({ from, target }, index) => reached[index] !== expected(from, target));
    }),
  );
  return found.flat();
}

function inWords(probes: readonly Probe[], expected: Expected): string {
  const lines = probes.map(({ from, target: { ip, protocol, port }, target }) => {
    const to = pods.find((pod) => pod.ip === ip);
    return `${keyOf(from)} (${from.ip}) ${expected(from, target) ? 'does not reach' : 'reaches'} ${to === undefined ? ip : `${keyOf(to)} (${ip})`} ${protocol} ${port}`;
  });
  return [...lines.slice(0, 20), `${lines.length} differences`].join('\n');
}

/**
 * Waits until each pair was once as expected, then tries all again: now nothing may pass that should not, and what
 * did not arrive on a busy machine may be sent twice more.
 */
async function expectReachability(expected: Expected, seconds = 15): Promise<void> {
  let left = everyPair();
  const settled = async (): Promise<boolean> => (left = await wrong(left, expected)).length === 0;
  await until('the pods reach one another as the policies say', settled, seconds).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${inWords(left, expected)}`);
  });
  left = await wrong(everyPair(), expected);
  const passed = left.filter(({ from, target }) => !expected(from, target));
  if (passed.length > 0) throw new Error(`it did not stay so:\n${inWords(passed, expected)}`);
  for (let again = 0; again < 2 && left.length > 0; again += 1) left = await wrong(left, expected);
  if (left.length > 0) throw new Error(`it did not stay so:\n${inWords(left, expected)}`);
}

let written: readonly string[] = [];

/** Replaces all policies of the lab. */
async function setPolicies(policies: readonly Policy[]): Promise<void> {
  const objects = policies.map(({ namespace, spec }, index) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace, name: `policy-${index}` },
    spec,
  }));
  const keys = objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  const gone = written.filter((key) => !keys.includes(key));
  written = keys;
  for (const key of gone) await lab.must(['delete', 'networkpolicy', '-n', ...key.split('/')]);
  if (objects.length > 0)
    await lab.must(['replace', '--force', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n'));
}

function manifest({ namespace, name, labels, named, worker }: Pod): object {
  const declared = Object.entries(named).flatMap(([portName, at]) =>
    at === undefined ? [] : [{ name: portName, protocol: at.protocol.toUpperCase(), containerPort: at.port }],
  );
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels },
    spec: { nodeName: `${worker}.ocp4.rober.lab`, containers: [{ name: 'c', image: 'c', ports: declared }] },
  };
}

beforeAll(async () => {
  lab = await TestLab.up();
  await Promise.all(Object.keys(namespaces).map((name) => lab.namespace(name)));
  for (const [name, labels] of Object.entries(namespaces))
    await lab.must(['label', 'namespace', name, ...Object.entries(labels).map(([key, text]) => `${key}=${text}`)]);
  await lab.must(['create', '-f', '-'], pods.map((pod) => JSON.stringify(manifest(pod))).join('\n'));
  for (const pod of pods) {
    await lab.must(['wait', '--for=condition=Ready', '--timeout=30s', '-n', pod.namespace, `pod/${pod.name}`]);
    pod.ip = await lab.must(['get', 'pod', '-n', pod.namespace, pod.name, '-o', 'jsonpath={.status.podIP}']);
  }
  outsideProber = await Prober.start(`sdnc.${lab.name}.outside`, outsidePorts);
  await Promise.all(
    pods.map(async (pod) => probers.set(keyOf(pod), await Prober.start(namespaceOf(lab, keyOf(pod)), ports))),
  );
});

afterAll(async () => {
  for (const prober of [outsideProber, ...probers.values()]) prober.stop();
  await lab.down();
});

describe('networkpolicy', () => {
  test('every chosen set of policies does what Kubernetes says', async () => {
    for (const [what, policies] of chosen()) {
      await setPolicies(policies);
      await expectReachability((from, target) => permitted(policies, from, target)).catch((error: unknown) => {
        throw new Error(`${what}: ${JSON.stringify(policies)}\n${String(error)}`);
      });
    }
  });

  test('so do random ones', async () => {
    for (let seed = 1; seed <= rounds(80); seed += 1) {
      const policies = randomPolicies(seed);
      await setPolicies(policies);
      await expectReachability((from, target) => permitted(policies, from, target)).catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${JSON.stringify(policies)}\n${String(error)}`);
      });
    }
  }, 600_000);
});
