/** The flows of NetworkPolicies, against what the policies say. */
import fc from 'fast-check';
import type { NetworkPolicyObject, PolicyPeerObject, PolicyPortObject } from '../../../src/model/objects/raw.ts';
import { matches } from '../../../src/model/objects/selector.ts';
import { parseNetworkPolicy } from '../../../src/model/policy/networkpolicy.ts';
import { goto } from '../../../src/node/ovs/flow.ts';
import { table } from '../../../src/node/ovs/pipeline.ts';
import {
  networkPolicyFlows,
  type PolicyNamespace,
  type PolicyPod,
  type PolicyWorld,
} from '../../../src/node/plan/networkpolicy.ts';
import { needsOtherPods } from '../../../src/node/plan/policy-reach.ts';
import type { LocalPod } from '../../../src/node/values/facts.ts';
import { rounds } from '../../rounds.ts';
import { ip, vnid } from '../states.ts';
import { actionsFor, isWithin, type Packet } from './packets.ts';

const namespaces: PolicyNamespace[] = [
  { name: 'shop', labels: { team: 'a' }, vnid: vnid(77) },
  { name: 'bank', labels: { team: 'b' }, vnid: vnid(78) },
];
const port = (name: string, number: number, protocol: 'tcp' | 'udp' = 'tcp') => ({ name, port: number, protocol });
const pod = (namespace: string, address: string, app: string, ports: PolicyPod['ports'] = []): PolicyPod => ({
  namespace,
  name: `p-${address}`,
  ip: ip(address),
  labels: { app },
  ports,
});
/** Those in 10.254.0.0/24 are on this node. */
const pods = [
  pod('shop', '10.254.0.2', 'web', [port('http', 8080), port('dns', 53, 'udp')]),
  pod('shop', '10.254.0.3', 'db', [port('http', 80)]),
  pod('shop', '10.254.1.4', 'web', [port('http', 8081)]),
  pod('bank', '10.254.0.5', 'web'),
  pod('bank', '10.254.1.6', 'db', [port('http', 8080), port('http', 8080, 'udp')]),
];
/** The same namespaces, with one VNID for both. */
const sharing = namespaces.map((one) => ({ ...one, vnid: vnid(77) }));
const vnidOf = (name: string) => namespaces.find((one) => one.name === name)?.vnid ?? vnid(0);
const isLocal = ({ ip: address }: PolicyPod): boolean => address !== undefined && isWithin(address, '10.254.0.0/24');
const localPod = (one: PolicyPod): LocalPod => ({
  ip: one.ip ?? ip('0.0.0.0'),
  ofport: 3,
  vnid: vnidOf(one.namespace),
  namespace: one.namespace,
  name: one.name,
  uid: one.name,
});

const policy = (namespace: string, spec: NonNullable<NetworkPolicyObject['spec']>): NetworkPolicyObject => ({
  metadata: { namespace, name: 'p' },
  spec,
});

function flowsOf(
  policies: readonly NetworkPolicyObject[],
  known = pods,
  local = pods.filter(isLocal).map(localPod),
  among = namespaces,
) {
  const parsed = policies.map((one) => parseNetworkPolicy(one).policy);
  const world: PolicyWorld = { policies: parsed, namespaces: among, pods: known, problems: [] };
  return networkPolicyFlows(world)({
    vnids: new Set(local.map((one) => one.vnid)),
    pods: Object.groupBy(local, (one) => one.namespace),
  });
}

/** Which of the two tables let a packet pass; undefined where no flow says anything. */
function passes(flows: ReturnType<typeof flowsOf>, packet: Packet): Record<Direction, boolean | undefined> {
  const ask = (number: number, pass: number): boolean | undefined => {
    const actions = actionsFor(flows, number, packet);
    return actions === undefined ? undefined : JSON.stringify(actions) === JSON.stringify([goto(pass)]);
  };
  return { ingress: ask(table.isolation, table.deliver), egress: ask(table.policyEgress, table.commit) };
}

type Direction = 'ingress' | 'egress';
interface Connection {
  readonly from: PolicyPod;
  readonly to: PolicyPod;
  readonly proto: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

/** Whether the policies allow a connection in one direction, as the Kubernetes API describes them. */
function isAllowed(policies: readonly NetworkPolicyObject[], direction: Direction, one: Connection): boolean {
  const [own, peer] = direction === 'ingress' ? [one.to, one.from] : [one.from, one.to];
  const applying = policies.flatMap(({ metadata, spec }) => {
    const types = spec?.policyTypes ?? (spec?.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']);
    const isSelected = metadata.namespace === own.namespace && matches(spec?.podSelector ?? {}, own.labels);
    return isSelected && types.includes(direction === 'ingress' ? 'Ingress' : 'Egress') ? [spec] : [];
  });
  if (applying.length === 0) return true;
  return applying.some((spec) => {
    const rules =
      direction === 'ingress'
        ? (spec?.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
        : (spec?.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
    return rules.some(({ peers, ports }) => isPeer(peers, own, peer) && isPort(ports, one));
  });
}

function isPeer(peers: readonly PolicyPeerObject[] | undefined, own: PolicyPod, peer: PolicyPod): boolean {
  if (peers === undefined || peers.length === 0) return true;
  return peers.some(({ ipBlock, podSelector, namespaceSelector }) => {
    const address = peer.ip ?? '';
    if (ipBlock !== undefined)
      return isWithin(address, ipBlock.cidr) && !(ipBlock.except ?? []).some((except) => isWithin(address, except));
    const labels = namespaces.find(({ name }) => name === peer.namespace)?.labels ?? {};
    const inNamespace =
      namespaceSelector === undefined ? peer.namespace === own.namespace : matches(namespaceSelector, labels);
    return inNamespace && matches(podSelector ?? {}, peer.labels);
  });
}

function isPort(ports: readonly PolicyPortObject[] | undefined, { to, proto, port: number }: Connection): boolean {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some(({ protocol = 'TCP', port: wanted, endPort }) => {
    if (protocol.toLowerCase() !== proto) return false;
    if (wanted === undefined) return true;
    if (typeof wanted === 'number') return number >= wanted && number <= (endPort ?? wanted);
    return to.ports.some((one) => one.name === wanted && one.protocol === proto && one.port === number);
  });
}

const selector = (key: string, ...values: string[]) =>
  fc.constantFrom({}, ...values.map((one) => ({ matchLabels: { [key]: one } })));
const podSelector = selector('app', 'web', 'db', 'none');
const peer: fc.Arbitrary<PolicyPeerObject> = fc.oneof(
  podSelector.map((one) => ({ podSelector: one })),
  selector('team', 'a', 'b').map((one) => ({ namespaceSelector: one })),
  fc.record({ podSelector, namespaceSelector: selector('team', 'a', 'b') }),
  fc
    .constantFrom('0.0.0.0/0', '10.254.0.0/24', '10.254.0.2/32', '10.254.0.0/31')
    .map((cidr) => ({ ipBlock: { cidr } })),
  fc
    .constantFrom('10.254.0.2/32', '10.254.0.4/30')
    .map((except) => ({ ipBlock: { cidr: '10.254.0.0/16', except: [except] } })),
);
const policyPort: fc.Arbitrary<PolicyPortObject> = fc.constantFrom<PolicyPortObject>(
  {},
  { protocol: 'UDP' },
  { port: 80 },
  { port: 'http' },
  { port: 'http', protocol: 'UDP' },
  { port: 'dns', protocol: 'UDP' },
  { port: 'none' },
  { port: 8000, endPort: 8080 },
  { port: 53, endPort: 53, protocol: 'UDP' },
);
const peers = fc.option(fc.array(peer, { maxLength: 2 }), { nil: undefined, freq: 4 });
const ports = fc.option(fc.array(policyPort, { maxLength: 2 }), { nil: undefined });
const anyPolicy = fc
  .record({
    namespace: fc.constantFrom('shop', 'bank'),
    podSelector,
    policyTypes: fc.constantFrom<NonNullable<NonNullable<NetworkPolicyObject['spec']>['policyTypes']>>(
      ['Ingress'],
      ['Egress'],
      ['Ingress', 'Egress'],
    ),
    rules: fc.array(fc.record({ peers, ports }), { maxLength: 2 }),
  })
  .map(({ namespace, rules, ...spec }) =>
    policy(namespace, {
      ...spec,
      ingress: rules.map(({ peers: from = [], ports: some = [] }) => ({ from, ports: some })),
      egress: rules.map(({ peers: to = [], ports: some = [] }) => ({ to, ports: some })),
    }),
  );
/** Often to a port that the pod names. */
const connection = fc.constantFrom(...pods).chain((to) =>
  fc.record({
    from: fc.constantFrom(...pods),
    to: fc.constant(to),
    proto: fc.constantFrom<Connection['proto']>('tcp', 'tcp', 'udp', 'sctp'),
    port: fc.constantFrom(53, 80, 7999, 8000, 8080, 8081, ...to.ports.flatMap((one) => [one.port, one.port])),
  }),
);
const packetOf = ({ from, to, proto, port: number }: Connection): Packet => ({
  proto,
  reg0: vnidOf(from.namespace),
  reg1: vnidOf(to.namespace),
  nw_src: from.ip ?? '',
  nw_dst: to.ip ?? '',
  tp_dst: number,
});

test('the flows let a connection pass exactly when the policies allow it', () => {
  fc.assert(
    fc.property(
      fc.array(anyPolicy, { maxLength: 3 }),
      fc.array(connection, { minLength: 20, maxLength: 20 }),
      (policies, all) => {
        const flows = flowsOf(policies);
        for (const one of all) {
          const { ingress, egress } = passes(flows, packetOf(one));
          if (isLocal(one.to)) expect(ingress ?? false).toBe(isAllowed(policies, 'ingress', one));
          if (isLocal(one.from)) expect(egress ?? false).toBe(isAllowed(policies, 'egress', one));
        }
      },
    ),
    { numRuns: rounds(3000) },
  );
});

test('policies hold for the pods of their own namespace, also if another has the same VNID', () => {
  const local = pods.filter(isLocal).map((one): LocalPod => ({ ...localPod(one), vnid: vnid(77) }));
  fc.assert(
    fc.property(
      fc.array(anyPolicy, { maxLength: 3 }),
      fc.array(connection, { minLength: 20, maxLength: 20 }),
      (policies, all) => {
        const flows = flowsOf(policies, pods, local, sharing);
        for (const one of all) {
          const { ingress, egress } = passes(flows, { ...packetOf(one), reg0: 77, reg1: 77 });
          if (isLocal(one.to)) expect(ingress ?? false).toBe(isAllowed(policies, 'ingress', one));
          if (isLocal(one.from)) expect(egress ?? false).toBe(isAllowed(policies, 'egress', one));
        }
      },
    ),
    { numRuns: rounds(3000) },
  );
});

test('policies that need no pods of other nodes have the same flows without them', () => {
  fc.assert(
    fc.property(fc.array(anyPolicy, { maxLength: 3 }), fc.boolean(), (policies, isShared) => {
      const enough = policies.filter((one) => !needsOtherPods(parseNetworkPolicy(one).policy, isShared));
      const local = pods.filter(isLocal).map((one) => ({ ...localPod(one), ...(isShared ? { vnid: vnid(77) } : {}) }));
      const among = isShared ? sharing : namespaces;
      expect(flowsOf(enough, pods.filter(isLocal), local, among)).toEqual(flowsOf(enough, pods, local, among));
    }),
    { numRuns: rounds(3000) },
  );
});

test.each<readonly [string, NonNullable<NetworkPolicyObject['spec']>, boolean]>([
  ['nothing comes in', { policyTypes: ['Ingress'] }, false],
  ['the same namespace', { ingress: [{ from: [{ podSelector: {} }] }] }, false],
  ['whole namespaces', { ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'a' } } }] }] }, false],
  [
    'blocks and ports',
    { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 'http' }] }] },
    false,
  ],
  ['out to blocks', { policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] }, false],
  ['out to any port 53', { policyTypes: ['Egress'], egress: [{ ports: [{ port: 53 }] }] }, false],
  ['some pods', { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }] }, true],
  ['out to a namespace', { policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }] }] }, true],
  ['out to a named port', { policyTypes: ['Egress'], egress: [{ ports: [{ port: 'http' }] }] }, true],
])('a policy for %s needs pods of other nodes or not', (_what, spec, isNeeded) => {
  const { policy: parsed } = parseNetworkPolicy(policy('shop', { podSelector: {}, ...spec }));
  expect(needsOtherPods(parsed, false)).toBe(isNeeded);
});

const [web, db, far] = [pods[0]!, pods[1]!, pods[2]!];
const closed = policy('shop', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
const connect = (from: PolicyPod, to: PolicyPod, proto: Connection['proto'], number: number): Packet =>
  packetOf({ from, to, proto, port: number });

test('a namespace without policies is open, one without pods here has no flows', () => {
  expect(passes(flowsOf([]), connect(web, db, 'tcp', 80))).toEqual({ ingress: true, egress: true });
  expect(flowsOf([closed], pods, [])).toEqual([]);
  expect(flowsOf([closed], pods, [localPod(pods[3]!)]).every(({ match }) => match.reg0 !== '0x4d')).toBe(true);
});

test('later fragments pass with the protocol of a rule, and of no other', () => {
  const ingress = [{ ports: [{ port: 80 }] }];
  const flows = flowsOf([policy('shop', { podSelector: {}, ingress })]);
  const later = (proto: Packet['proto']): Packet => ({ ...connect(far, web, 'tcp', 80), proto, isLater: true });
  expect([passes(flows, later('tcp')).ingress, passes(flows, later('udp')).ingress ?? false]).toEqual([true, false]);
});

test('a pod with unknown labels is closed to policies that select some pods, and open where there is no policy', () => {
  const some = policy('shop', {
    podSelector: { matchLabels: { app: 'db' } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{}],
    egress: [{}],
  });
  const others = pods.filter((one) => one !== web);
  const both = (policies: NetworkPolicyObject[]) => [
    passes(flowsOf(policies, others), connect(far, web, 'tcp', 80)).ingress ?? false,
    passes(flowsOf(policies, others), connect(web, far, 'tcp', 80)).egress ?? false,
  ];
  expect(both([some])).toEqual([false, false]);
  expect(both([])).toEqual([true, true]);
  expect(both([{ ...some, metadata: { namespace: 'bank', name: 'p' } }])).toEqual([true, true]);
  expect(both([{ ...some, spec: { ...some.spec, podSelector: {} } }])).toEqual([true, true]);
});

test('a named port is that of each pod that listens, also when a policy is for the whole namespace', () => {
  const rules = { ingress: [{ ports: [{ port: 'http' }] }], policyTypes: ['Ingress' as const] };
  const flows = flowsOf([policy('shop', { podSelector: {}, ...rules })]);
  const ask = (to: PolicyPod, number: number) => passes(flows, connect(far, to, 'tcp', number)).ingress ?? false;
  expect([ask(web, 8080), ask(web, 80), ask(db, 80), ask(db, 8080)]).toEqual([true, false, true, false]);
});

test('a named port of a block is that of the pods in the block whose addresses are known', () => {
  const to = [{ ipBlock: { cidr: '10.254.1.4/31' } }];
  const rules = { egress: [{ to, ports: [{ port: 'http' }] }], policyTypes: ['Egress' as const] };
  const known = [...pods, { ...web, name: 'new', ip: undefined }];
  const flows = flowsOf([policy('shop', { podSelector: {}, ...rules })], known);
  const ask = (peerPod: PolicyPod, number: number) =>
    passes(flows, connect(web, peerPod, 'tcp', number)).egress ?? false;
  expect([ask(far, 8081), ask(far, 8080), ask(pods[4]!, 8080)]).toEqual([true, false, false]);
});

test('a pod here that is known by its address alone has the labels of the pod with that address', () => {
  const some = policy('shop', { podSelector: { matchLabels: { app: 'web' } } });
  const nameless = { ...localPod(web), name: '' };
  const ask = (known: PolicyPod[]) => passes(flowsOf([some], known, [nameless]), connect(far, web, 'tcp', 80)).ingress;
  expect(ask(pods)).toBe(false);
  expect(ask([{ ...web, labels: { app: 'db' } }])).toBe(true);
});

test('a pod here counts with the address it has here, also before the API reports one; elsewhere it is nobody yet', () => {
  const untold = pods.map((one): PolicyPod => ({ ...one, ip: undefined }));
  const some = policy('shop', {
    podSelector: { matchLabels: { app: 'web' } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'db' } } }] }],
    egress: [{ ports: [{ port: 'http' }] }],
  });
  const flows = flowsOf([some], untold);
  expect(passes(flows, connect(db, web, 'tcp', 80))).toEqual({ ingress: false, egress: true });
  expect(passes(flows, connect(web, far, 'tcp', 8081)).egress).toBe(false);
});

test('a policy that selects openshift-host-network or default means the nodes, one that selects another global namespace its pods', () => {
  const global = ['openshift-host-network', 'default', 'tools'].map((name) => ({
    name,
    labels: { name },
    vnid: vnid(0),
  }));
  const tool = { ...pod('tools', '10.254.1.9', 'web') };
  const open = (name: string) =>
    flowsOf(
      [policy('shop', { podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { name } } }] }] })],
      [...pods, tool],
      [localPod(web)],
      [...namespaces, ...global],
    );
  const from = (name: string, address: string): boolean =>
    passes(open(name), { ...connect(far, web, 'tcp', 80), reg0: 0, nw_src: address }).ingress ?? false;
  const node = '10.254.1.1';
  expect(['openshift-host-network', 'default', 'tools'].map((name) => from(name, node))).toEqual([true, true, false]);
  expect(from('tools', '10.254.1.9')).toBe(true);
});
