import fc from 'fast-check';
import { egressPolicies } from '../../../src/model/policy/egresspolicy.ts';
import {
  added,
  additions,
  changes,
  contentOf,
  emptyContent,
  type NftContent,
  removals,
  within,
} from '../../../src/node/nft/elements.ts';
import { renderBase } from '../../../src/node/nft/ruleset.ts';
import type { NftElements } from '../../../src/node/nft/vocabulary.ts';
import { bundleMessages, emptyBridge, wantedContent } from '../../../src/node/ovs/openflow/content.ts';
import { inboundOwnerOf, inboundVnid, unaskedOwnerOf } from '../../../src/node/ovs/owner.ts';
import { parseFlows, parseGroups } from '../../../src/node/ovs/parse.ts';
import { flowKey, renderActions, renderFlow, renderGroup } from '../../../src/node/ovs/render.ts';
import { planLimits, planNode } from '../../../src/node/plan/node.ts';
import { markMac } from '../../../src/node/plan/tun0.ts';
import type { PodOwners } from '../../../src/node/values/facts.ts';
import { expectGolden } from '../../golden.ts';
import { cidr, ip, nodeInput, type Scene, scenes, vnid } from '../states.ts';

const names = Object.keys(scenes);
const planOf = (name: string) => planNode(nodeInput(scenes[name]!));

describe.each(names)('%s', (name) => {
  test('is the golden state', () => {
    const { facts, networks, uplink } = nodeInput(scenes[name]!);
    const plan = planOf(name);
    const text = [
      '# flows',
      ...plan.flows.map((flow) => `${flowKey(flow)} actions=${renderActions(flow.actions)}`).sort(),
      '# groups',
      ...plan.groups.map(renderGroup).sort(),
      '# nft elements',
      ...additions(emptyContent, contentOf(plan.nft)),
      '# addresses',
      ...[...plan.addresses].sort(),
      '# refused',
      ...[...plan.refused.values()].sort(),
      '',
    ].join('\n');
    expectGolden(`node/golden/${name}.txt`, text);
    const { finerRules } = plan;
    expect(renderBase({ ...facts, ...networks, uplink, finerRules })).toContain('chain leak_guard');
  });

  test('does not depend on the order of its input', () => {
    const input = nodeInput(scenes[name]!);
    const content = (plan: ReturnType<typeof planNode>) => {
      const { flows, groups } = wantedContent(plan.flows, plan.groups);
      return [
        [...flows.values()].sort(),
        [...groups.values()].sort(),
        [...plan.nft.snat],
        [...plan.nft.restricted].sort(),
      ];
    };
    const reversed = planNode({ ...input, remotes: input.remotes.toReversed(), pods: input.pods.toReversed() });
    expect(content(reversed)).toEqual(content(planNode(input)));
  });

  test('each flow and group has its own key, and is read back as it was written', () => {
    const { flows, groups } = planOf(name);
    expect(new Set(flows.map(flowKey)).size).toBe(flows.length);
    expect(
      parseFlows(flows.map((flow) => renderFlow(flow).replace(',actions=', ' actions=')).join('\n')).map(
        ({ flow }) => flow,
      ),
    ).toEqual(flows);
    expect(parseGroups(groups.map(renderGroup).join('\n')).map(({ group }) => group)).toEqual(groups);
  });

  test('a second pass writes nothing', () => {
    const { flows, groups } = planOf(name);
    const wanted = wantedContent(flows, groups);
    expect(bundleMessages(wanted, wanted)).toEqual([]);
    expect(bundleMessages(emptyBridge, wanted)).toHaveLength(flows.length + groups.length);
  });

  test('every frame for tun0 on the userspace datapath has a MAC of ours', () => {
    const { flows, groups } = planNode(nodeInput({ ...scenes[name]!, datapath: 'netdev' }));
    const all = [...flows.map(({ actions }) => actions), ...groups.flatMap(({ buckets }) => buckets)];
    for (const actions of all) {
      const at = actions.findIndex((action) => action.kind === 'output' && action.port === 2);
      if (at < 0) continue;
      const before = actions[at - 1];
      expect(before?.kind === 'set' && before.field === 'eth_src' && before.value.startsWith('0a:fe:')).toBe(true);
    }
  });
});

test('no traffic of a VNID that requests an egress IP leaves its table 101 unmarked, except replies that are its own', () => {
  for (const name of names) {
    const { flows } = planOf(name);
    const own = flows.filter(({ table, match }) => table === 101 && match.reg0 !== undefined);
    for (const { actions, match } of own) {
      // a reply needs a connection that came in to the VNID
      const owner = match.ct_mark === undefined ? undefined : inboundVnid(Number(match.ct_mark.split('/', 1)[0]));
      if (match.ct_state === '+rpl') expect(owner).toBe(actions.length === 0 ? undefined : Number(match.reg0));
      const toTun = actions.some((action) => action.kind === 'output' && action.port === 2);
      const mac = actions.find((action) => action.kind === 'set' && action.field === 'eth_src');
      if (toTun && match.ct_state !== '+rpl') expect(mac?.kind === 'set' ? mac.value : '').not.toBe(markMac(0));
    }
  }
});

test('a VNID that changes gets new flows; all others stay the same objects, and need not be rendered again', () => {
  const input = nodeInput(scenes['egress-two-remotes']!);
  const changed = vnid(77);
  const before = planNode(input);
  const vnids = new Map([...input.state.vnids, [changed, { kind: 'dropped', reasons: [] }] as const]);
  const after = planNode({ ...input, state: { ...input.state, vnids } });
  const known = new Set(before.flows);
  const made = after.flows.filter((flow) => !known.has(flow));
  expect(made.length).toBeGreaterThan(0);
  expect(new Set(made.map(({ match }) => match.reg0))).toEqual(new Set(['0x4d']));
  expect(after.nft.pods).toBe(before.nft.pods);
  expect(after.nft.nodes).toBe(before.nft.nodes);
});

test('a group that changes is modified, never deleted', () => {
  const before = planOf('egress-two-remotes');
  const group = { id: 77, buckets: before.groups[0]!.buckets.slice(0, 1) };
  const messages = bundleMessages(wantedContent(before.flows, [group]), wantedContent(before.flows, before.groups));
  expect(messages.map(({ about }) => about())).toEqual([`group modify ${renderGroup(before.groups[0]!)}`]);
});

test('the MAC that carries a mark has its bytes least significant first', () => {
  expect(markMac(0x4d)).toBe('0a:fe:4d:00:00:00');
  expect(markMac(0xff000000)).toBe('0a:fe:00:00:00:ff');
});

const someIp = fc.integer({ min: 1, max: 6 }).map((octet) => ip(`192.168.7.${octet}`));
const ownersOf = (netid: number): PodOwners => ({
  inbound: inboundOwnerOf(vnid(netid)),
  unasked: unaskedOwnerOf(vnid(netid), 14),
});
const someVerdict = fc.constantFrom('jump finer_1', 'jump finer_2', 'accept');
const someElements: fc.Arbitrary<NftElements> = fc.record({
  snat: fc.array(fc.tuple(fc.integer({ min: 0x20000001, max: 0x20000004 }), someIp)).map((pairs) => new Map(pairs)),
  hosted: fc.array(someIp).map((ips) => new Set(ips)),
  egressIPs: fc.array(someIp).map((ips) => new Set(ips)),
  restricted: fc.array(someIp).map((ips) => new Set(ips)),
  podSources: fc.array(fc.tuple(someIp, someIp)).map((pairs) => new Map(pairs)),
  draining: fc.constant([]),
  drainingPods: fc.constant([]),
  podRules: fc.array(fc.tuple(someIp, someVerdict)).map((pairs) => new Map(pairs)),
  ownerRules: fc
    .array(
      fc.tuple(someIp, fc.record({ owner: fc.integer({ min: 0x24000001, max: 0x24000003 }), verdict: someVerdict })),
    )
    .map((pairs) => new Map(pairs)),
  pods: fc
    .array(fc.tuple(someIp, fc.integer({ min: 10, max: 12 })))
    .map((pairs) => new Map(pairs.map(([pod, netid]) => [pod, ownersOf(netid)]))),
  nodes: fc.array(someIp).map((ips) => new Set(ips)),
});

const commandPattern = /^(add|delete) element ip (?:sdn_compat|sdn_compat_guard) (\S+) \{ (.*) \}$/;

/**
 * A table that obeys the commands as nft does: adding what is there with another value, or deleting what is not, fails.
 */
function obey(start: NftContent, commands: readonly string[]): Record<string, string[]> {
  const table = new Map(Object.keys(start).map((name) => [name, new Set<string>()]));
  for (const command of [...additions(emptyContent, start), ...commands]) {
    const [, verb, set, list] = commandPattern.exec(command)!;
    const elements = table.get(set!)!;
    for (const element of list!.split(', ')) {
      const held = [...elements].find((one) => one === element || one.split(' : ')[0] === element.split(' : ')[0]);
      if (verb === 'add') {
        if (held !== undefined && held !== element) throw new Error(`${element} is there as ${held}`);
        elements.add(element);
      } else {
        if (held === undefined) throw new Error(`${element} is not in ${set!}`);
        elements.delete(held);
      }
    }
  }
  return Object.fromEntries([...table].map(([name, elements]) => [name, [...elements].sort()]));
}

test('additions and then removals turn any elements into any others', () => {
  fc.assert(
    fc.property(someElements, someElements, (from, to) => {
      const [actual, wanted] = [contentOf(from), contentOf(to)];
      expect(obey(actual, changes(actual, wanted))).toEqual(obey(wanted, []));
    }),
  );
});

test('after additions the table holds what it is said to hold', () => {
  fc.assert(
    fc.property(someElements, someElements, (from, to) => {
      const [actual, wanted] = [contentOf(from), contentOf(to)];
      expect(obey(actual, additions(actual, wanted))).toEqual(obey(added(actual, wanted), []));
    }),
  );
});

test('a plan is within the limits of its moment: closing changes nothing where a pass has just been', () => {
  for (const name of names) {
    const input = nodeInput(scenes[name]!);
    const { nft } = planNode(input);
    const limits = planLimits(input.facts, input);
    expect(within(contentOf(nft), contentOf(limits))).toEqual(contentOf(nft));
  }
});

test('limits take away and restrict, and give nothing but answers to those who came in', () => {
  fc.assert(
    fc.property(someElements, someElements, (from, to) => {
      const [actual, limits] = [contentOf(from), contentOf(to)];
      const closed = within(actual, limits);
      expect([...closed.restricted_pods.values()].map(({ key }) => key).sort()).toEqual(
        [...new Set([...from.restricted, ...to.restricted])].sort(),
      );
      const allowing = [
        ...(['egress_sources', 'egress_snat', 'egress_hosted', 'owners'] as const),
        'pod_sources' as const,
      ];
      for (const set of allowing) {
        expect([...closed[set]]).toEqual([...actual[set]].filter(([id]) => limits[set].has(id)));
      }
      for (const set of ['pod_rules', 'owner_rules'] as const) {
        const had = new Set([...actual[set].values()].map(({ key }) => key));
        expect([...closed[set]]).toEqual([...limits[set]].filter(([, { key }]) => had.has(key)));
      }
      for (const set of ['pod_answers', 'pod_itself'] as const) expect(closed[set]).toEqual(limits[set]);
      expect(obey(actual, changes(actual, closed))).toEqual(obey(closed, []));
    }),
  );
});

test.each([
  ['begins to request', {}, { 77: ['192.168.7.200'] }],
  ['ceases to request', { 77: ['192.168.7.200'] }, {}],
] as const)(
  'a pod whose namespace %s egress IPs while no pass can be made answers those who came in',
  (_, before, after) => {
    const scene = { pods: { 2: 77 }, hosts: { 0: ['192.168.7.200'] } };
    const [input, now] = [nodeInput({ ...scene, requests: before }), nodeInput({ ...scene, requests: after })];
    const closed = within(contentOf(planNode(input).nft), contentOf(planLimits(now.facts, now)));
    const keys = (set: 'asking_pods' | 'pod_answers' | 'pod_itself') =>
      [...closed[set].values()].map(({ key, value = '' }) => `${key} ${value}`.trim());
    expect(keys('asking_pods')).toEqual(['10.254.0.2']);
    expect(keys('pod_answers')).toEqual(['10.254.0.2 0x2800004d', '10.254.0.2 0x2c00004d']);
    expect(keys('pod_itself')).toEqual(['10.254.0.2 10.254.0.2']);
  },
);

test('a pod that may keep a hop here has its source, though new connections use the first of the list', () => {
  const [first, second] = ['192.168.7.200', '192.168.7.201'] as const;
  const scene = { pods: { 2: 77 }, requests: { 77: [first, second] }, hosts: { 0: [second], 1: [first] } };
  const input = nodeInput({ ...scene, firstAvailable: true });
  const { nft, restricted } = planNode(input);
  const pod = ip('10.254.0.2');
  expect(nft.podSources).toEqual(new Map([[pod, ip(second)]]));
  expect(planLimits(input.facts, input).podSources).toEqual(nft.podSources);
  expect(restricted.get(pod)?.beginsHere).toBe(false);
  expect(planNode(nodeInput(scene)).restricted.get(pod)?.beginsHere).toBe(true);
});

test('a mark that gets another address loses the old one in the transaction that adds the new', () => {
  const content = (address: string) =>
    contentOf({
      snat: new Map([[0x2000004d, ip(address)]]),
      hosted: new Set(),
      egressIPs: new Set(),
      restricted: new Set(),
      podSources: new Map([[ip('10.254.0.2'), ip(address)]]),
      ...{ draining: [], drainingPods: [] },
      podRules: new Map(),
      ownerRules: new Map(),
      pods: new Map(),
      nodes: new Set(),
    });
  expect(additions(content('192.168.7.200'), content('192.168.7.201'))).toEqual([
    'delete element ip sdn_compat egress_snat { 0x2000004d }',
    'delete element ip sdn_compat egress_sources { 0x2000004d . 192.168.7.200 }',
    'delete element ip sdn_compat_guard pod_sources { 10.254.0.2 . 192.168.7.200 }',
    'add element ip sdn_compat_guard pod_sources { 10.254.0.2 . 192.168.7.201 }',
    'add element ip sdn_compat egress_sources { 0x2000004d . 192.168.7.201 }',
    'add element ip sdn_compat egress_snat { 0x2000004d : 192.168.7.201 }',
  ]);
  const wanted = content('192.168.7.201');
  expect(removals(added(content('192.168.7.200'), wanted), wanted)).toEqual([]);
});

const spec = (peers: readonly object[], podSelector = {}): NonNullable<Scene['policies']>[number] => ({
  metadata: { namespace: 'project-77', name: 'policy' },
  spec: { podSelector, policyTypes: ['Ingress', 'Egress'], ingress: [{ from: peers }], egress: [{ to: peers }] },
});

/**
 * What the policies of project-77, whose pod 10.254.0.2 is here, allow: the flows of tables 27 and 80 above priority
 * 100.
 */
function allowed(scene: Scene): string[] {
  const { flows } = planNode(nodeInput({ pods: { 2: 77 }, ...scene }));
  return flows
    .filter(({ table, priority }) => (table === 27 || table === 80) && priority === 150)
    .map(flowKey)
    .sort();
}

test('blocks of IPv6 allow nothing, and leave the others of their rule as they are', () => {
  const ipv6 = [{ ipBlock: { cidr: '::/0' } }, { ipBlock: { cidr: 'fd00::/8', except: ['fd00:1::/32'] } }];
  expect(allowed({ policies: [spec(ipv6)] })).toEqual([]);
  expect(allowed({ policies: [spec([...ipv6, { ipBlock: { cidr: '10.1.0.0/16', except: ['fd00::/64'] } }])] })).toEqual(
    ['table=27,priority=150,ip,reg0=0x4d,nw_dst=10.1.0.0/16', 'table=80,priority=150,ip,reg1=0x4d,nw_src=10.1.0.0/16'],
  );
});

test('host bits of a block are passed over, as Kubernetes does', () => {
  expect(allowed({ policies: [spec([{ ipBlock: { cidr: '10.1.2.3/16', except: ['10.1.129.1/17'] } }])] })).toEqual([
    'table=27,priority=150,ip,reg0=0x4d,nw_dst=10.1.0.0/17',
    'table=80,priority=150,ip,reg1=0x4d,nw_src=10.1.0.0/17',
  ]);
});

test('a pod whose address is of IPv6 is no peer', () => {
  const policies = [spec([{ podSelector: { matchLabels: { app: 'web' } } }])];
  expect(allowed({ policies, labels: { 'project-77/fd00::5': { app: 'web' } } })).toEqual([]);
});

test('an EgressNetworkPolicy with a range of IPv6 denies all: it never allows more than it says', () => {
  const egress = [{ type: 'Allow' as const, to: { cidrSelector: '::/0' } }];
  const meta = {
    apiVersion: 'network.openshift.io/v1',
    kind: 'EgressNetworkPolicy',
    metadata: { namespace: 'a', name: 'b' },
  } as const;
  const { byVnid, notes } = egressPolicies([{ ...meta, spec: { egress } }], new Map([['a', vnid(77)]]));
  expect([...byVnid.values()]).toEqual([
    { kind: 'rules', rules: [{ kind: 'cidr', allow: false, cidr: cidr('0.0.0.0/0') }] },
  ]);
  expect(notes.map(({ message }) => message)).toEqual([
    'spec.egress[0].to.cidrSelector: "::/0" is not an IPv4 CIDR; the rule counts as Deny for everything',
  ]);
});

test('a pod whose address the API does not tell yet is selected by its labels; one without object is closed', () => {
  const web = { matchLabels: { app: 'web' } };
  const key = 'project-77/10.254.0.2';
  const closed = (scene: Scene): string[] => {
    const { flows } = planNode(nodeInput({ pods: { 2: 77 }, policies: [spec([{ podSelector: {} }], web)], ...scene }));
    return flows
      .filter(({ table, priority }) => (table === 27 || table === 80) && priority === 100)
      .map(flowKey)
      .sort();
  };
  const selected = [
    'table=27,priority=100,ip,reg0=0x4d,nw_src=10.254.0.2',
    'table=80,priority=100,ip,reg1=0x4d,nw_dst=10.254.0.2',
  ];
  expect(closed({ labels: { [key]: { app: 'web' } } })).toEqual(selected);
  expect(closed({ labels: { [key]: { app: 'web' } }, untold: [key] })).toEqual(selected);
  expect(closed({ labels: { [key]: { app: 'db' } }, untold: [key] })).toEqual([]);
  expect(closed({ untold: [key] })).toEqual(selected);
  expect(closed({ untold: [key], policies: [] })).toEqual([]);
});

test('with several pod networks, connections from each to each are known once they are let in, so that their replies pass', () => {
  const input = nodeInput({});
  const { flows } = planNode({
    ...input,
    networks: { ...input.networks, cluster: [cidr('10.254.0.0/16'), cidr('10.128.0.0/14')] },
  });
  const known = (table: number, at: number): string[] =>
    flows
      .filter((flow) => flow.table === table && flow.priority === at)
      .map(flowKey)
      .sort();
  const all = [
    '10.128.0.0/14,nw_dst=10.128.0.0/14',
    '10.128.0.0/14,nw_dst=10.254.0.0/16',
    '10.254.0.0/16,nw_dst=10.128.0.0/14',
    '10.254.0.0/16,nw_dst=10.254.0.0/16',
  ];
  expect(known(81, 100)).toEqual(all.map((pair) => `table=81,priority=100,ct_state=-rel,ip,nw_src=${pair}`));
  expect(known(31, 110)).toEqual(all.map((pair) => `table=31,priority=110,ct_state=+new-rpl,ip,nw_src=${pair}`));
});

test('a rule that cannot be read is told with its policy', () => {
  const { world } = nodeInput({ policies: [spec([{ ipBlock: { cidr: '10.1.0.0' } }])] });
  expect(world?.problems).toEqual(
    ['ingress', 'egress'].map((direction) => ({
      namespace: 'project-77',
      name: 'policy',
      message: `spec.${direction}[0]: ipBlock.cidr: "10.1.0.0" is not a CIDR; the rule allows nothing`,
    })),
  );
});
