/**
 * What we say to Open vSwitch in OpenFlow is what ovs-ofctl says, in both directions: what we write it reads, and what
 * it writes we read. And what becomes of the connection.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { egressState } from '../../src/model/egress/state.ts';
import { parseHostSubnet } from '../../src/model/objects/hostsubnet.ts';
import { parseNetNamespace } from '../../src/model/objects/netnamespace.ts';
import { type Flow, goto, type Group, type Meter, output, set } from '../../src/node/ovs/flow.ts';
import { Bridge } from '../../src/node/ovs/openflow/bridge.ts';
import {
  asWeWrite,
  type BridgeContent,
  bundleMessages,
  emptyBridge,
  wantedContent,
} from '../../src/node/ovs/openflow/content.ts';
import { parseFlows, parseGroups, parseMeters } from '../../src/node/ovs/parse.ts';
import { table } from '../../src/node/ovs/pipeline.ts';
import { flowKey, renderFlow, renderGroup, renderMeter } from '../../src/node/ovs/render.ts';
import { multicastToNodes } from '../../src/node/plan/multicast.ts';
import { planNode } from '../../src/node/plan/node.ts';
import { anyFlow, anyMeter } from '../node/ovs/flows.ts';
import { cidr, ip, nodeInput, scenes, value } from '../node/states.ts';
import { rounds } from '../rounds.ts';
import { OpenVswitchAlone } from './alone.ts';
import { until } from './lab.ts';

let alone: OpenVswitchAlone;
let bridge: Bridge;
const heard = { changed: 0, lost: 0, deaf: [] as string[] };

beforeAll(async () => {
  alone = await OpenVswitchAlone.start();
  await alone.addBridge('br0', 4789);
  bridge = new Bridge({
    path: `${alone.dir}/br0.mgmt`,
    applied: () => Promise.resolve(),
    changed: () => (heard.changed += 1),
    lost: () => (heard.lost += 1),
    deaf: (reason) => heard.deaf.push(reason),
  });
});
afterAll(async () => {
  bridge.close();
  await alone.stop();
});

const linesOf = (actual: BridgeContent, wanted: BridgeContent): string[] =>
  bundleMessages(actual, wanted).map(({ about }) => about());

async function make(wanted: BridgeContent): Promise<void> {
  const messages = bundleMessages(asWeWrite(await bridge.read(), wanted), wanted);
  if (messages.length > 0) await bridge.apply(messages);
}

/** What ovs-ofctl reads, as lines of ours. */
async function dumped(): Promise<readonly string[]> {
  const flows = parseFlows(await alone.ofctl(['--no-names', '--no-stats', 'dump-flows', 'br0']));
  const groups = parseGroups(await alone.ofctl(['dump-groups', 'br0']));
  return [
    ...flows.map(({ flow, text }) => (flow === undefined ? `not ours: ${text}` : renderFlow(flow))),
    ...groups.map(({ id, group }) => (group === undefined ? `not ours: ${id}` : renderGroup(group))),
  ].sort();
}
const linesOfPlan = (flows: readonly Flow[], groups: readonly Group[]): readonly string[] =>
  [...flows.map(renderFlow), ...groups.map(renderGroup)].sort();

/** Puts the flows on the bridge: ovs-ofctl reads them as ours, and we do. */
async function isRead(flows: readonly Flow[], groups: readonly Group[]): Promise<void> {
  const wanted = wantedContent(flows, groups);
  await make(wanted);
  expect(await dumped()).toEqual(linesOfPlan(flows, groups));
  expect(linesOf(await bridge.read(), wanted)).toEqual([]);
}

async function holds(flows: readonly Flow[], groups: readonly Group[]): Promise<void> {
  const wanted = wantedContent(flows, groups);
  await isRead(flows, groups);
  await make(emptyBridge);
  expect(await dumped()).toEqual([]);
  const lines = linesOf(emptyBridge, wanted);
  await alone.ofctl(['--bundle', 'bundle', 'br0', '-'], `${lines.join('\n')}\n`);
  expect(linesOf(await bridge.read(), wanted)).toEqual([]);
}

test.each(Object.keys(scenes))('%s is the same for ovs-ofctl, whoever writes and whoever reads', async (name) => {
  for (const datapath of ['netdev', 'system'] as const) {
    const { flows, groups, meters } = planNode(nodeInput({ ...scenes[name]!, datapath }));
    for (const meter of meters.values()) await bridge.setMeter(meter, false);
    await holds(flows, groups);
  }
});

/** What Open vSwitch asks of actions: conntrack only of IP, and of IP alone a rewrite of what only IP has. */
function fitting(flow: Flow): Flow {
  const { proto } = flow.match;
  const isIp = proto !== undefined && proto !== 'arp';
  const actions = flow.actions.filter(({ kind }) => kind !== 'group' && kind !== 'meter' && (isIp || kind !== 'ct'));
  const last = actions.at(-1);
  const isBackwards = last?.kind === 'goto' && last.table <= flow.table;
  return { ...flow, actions: isBackwards ? actions.slice(0, -1) : actions };
}

test('any flows are the same for ovs-ofctl, whoever writes and whoever reads', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(anyFlow, { minLength: 5, maxLength: 40, selector: flowKey }), async (flows) => {
      await holds(flows.map(fitting), []);
    }),
    { numRuns: rounds(300) },
  );
});

/** Where a switch with the flows of multicast sends a packet: to these nodes, and to the ports of pods. */
async function multicastTo(count: number): Promise<{ readonly nodes: readonly string[]; readonly pods: number }> {
  const remotes = Array.from({ length: count }, (_, index) => ({
    name: `node-${String(index).padStart(5, '0')}`,
    nodeIP: ip(`10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`),
    subnet: cidr('10.254.9.0/24'),
  }));
  const flows = multicastToNodes(remotes);
  const toPods: Flow = { table: table.multicastLocal, priority: 1, match: {}, actions: [output(4)] };
  const begin: Flow = { table: 0, priority: 1, match: {}, actions: [set('reg0', '0x4d'), goto(table.multicastRemote)] };
  await make(wantedContent([begin, ...flows, toPods], []));
  const control = await alone.control();
  const trace = String(await control.call('ofproto/trace', ['br0', 'in_port=3,udp,nw_dst=239.1.1.1']));
  control.close();
  const outputs = [...trace.matchAll(/set_field:([\d.]+)->tun_dst\n +output:1\n/g)];
  return { nodes: outputs.map(([, node = '']) => node), pods: [...trace.matchAll(/^ +output:4$/gm)].length };
}

test.each([3, 1_500, 1_501, 4_000])(
  'a multicast packet goes to each of %s other nodes once, then to the pods',
  async (count) => {
    const { nodes, pods } = await multicastTo(count);
    expect([nodes.length, new Set(nodes).size, pods]).toEqual([count, count, 1]);
  },
);

/** The meters that ovs-ofctl reads, as lines of ours. */
const dumpedMeters = async (): Promise<readonly string[]> =>
  parseMeters(await alone.ofctl(['dump-meters', 'br0']))
    .map(({ id, meter }) => (meter === undefined ? `not ours: ${id}` : renderMeter(meter)))
    .sort();

test('any meters are the same for ovs-ofctl, whoever writes and whoever reads', async () => {
  const read = async () => [...(await bridge.meters())].map(({ meter }) => meter);
  const sorted = (meters: readonly Meter[]): readonly Meter[] => meters.toSorted((a, b) => a.id - b.id);
  await make(emptyBridge);
  expect(await bridge.meterFeatures()).toMatchObject({ canLimit: true });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(anyMeter, { maxLength: 5, selector: ({ id }) => id }), async (meters) => {
      await alone.ofctl(['del-meters', 'br0']);
      for (const meter of meters) expect(await bridge.setMeter(meter, false)).toBeUndefined();
      expect(await dumpedMeters()).toEqual(meters.map(renderMeter).sort());
      const changed = meters.map((meter) => ({ ...meter, rate: 1_000 }));
      for (const meter of changed) expect(await bridge.setMeter(meter, true)).toBeUndefined();
      expect(await dumpedMeters()).toEqual(changed.map(renderMeter).sort());
      for (const { id } of meters) await bridge.deleteMeter(id);
      expect(await dumpedMeters()).toEqual([]);
      for (const meter of meters) await alone.ofctl(['add-meter', 'br0', renderMeter(meter)]);
      expect(sorted((await read()).flatMap((meter) => meter ?? []))).toEqual(sorted(meters));
    }),
    { numRuns: rounds(20) },
  );
  await alone.ofctl(['del-meters', 'br0']);
});

test('a meter of others is known by its number, and a refusal has its reason', async () => {
  await alone.ofctl(['add-meter', 'br0', 'meter=7,pktps,burst,bands=type=drop,rate=5,burst_size=5']);
  expect([...(await bridge.meters())]).toEqual([{ id: 7, meter: undefined }]);
  const meter = { id: 7, rate: 1_000, burst: 1_000 };
  expect(await bridge.setMeter(meter, false)).toMatch(/^meter=7,.*: meter refused: it is there$/);
  expect(await bridge.setMeter({ ...meter, id: 8 }, true)).toMatch(/^meter=8,.*: meter refused: unknown meter$/);
  expect(await bridge.setMeter({ ...meter, id: 0 }, false)).toMatch(/: meter refused: bad number$/);
  const limited: Flow = { table: 5, priority: 1, match: { proto: 'ip' }, actions: [{ kind: 'meter', id: 8 }] };
  await expect(bridge.apply(bundleMessages(emptyBridge, wantedContent([limited], [])))).rejects.toThrow(
    'table=5,priority=1,ip,actions=meter:8',
  );
  // what is deleted takes its flows with it, and we hear of that
  expect(await bridge.setMeter(meter, true)).toBeUndefined();
  await make(wantedContent([{ ...limited, actions: [{ kind: 'meter', id: 7 }] }], []));
  const before = heard.changed;
  await alone.ofctl(['del-meters', 'br0']);
  await until('the loss is heard', () => Promise.resolve(heard.changed > before));
  expect(await dumped()).toEqual([]);
});

const foreign = [
  'flow add table=1,hard_timeout=600,priority=1,ip,nw_src=1.2.3.4,actions=drop',
  'flow add cookie=0x1234,table=1,idle_timeout=500,importance=7,send_flow_rem,check_overlap,reset_counts,priority=2,ip,actions=learn(table=2,hard_timeout=30,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[])',
  'flow add cookie=0x5d4c0001,table=1,priority=3,in_port=LOCAL,actions=drop',
  'flow add cookie=0x5d4c0001,table=101,priority=7,metadata=0x5,ip,actions=drop',
  'flow add cookie=0x5d4c0001,table=40,actions=drop',
  'flow add cookie=0x5d4c000100000000,table=40,priority=9,actions=drop',
  'flow add table=5,ipv6,ipv6_dst=2001:db8::/32,actions=NORMAL',
  'flow add table=5,priority=5,tcp,tcp_flags=+syn-ack,actions=resubmit(,6),controller',
  'flow add table=5,priority=6,ip,nw_ttl=3,dl_vlan=7,actions=strip_vlan,dec_ttl,output:2',
  'flow add table=5,priority=7,ct_state=+trk,ct_label=0x10000000000000000/0x10000000000000000,ip,actions=ct(commit,force,zone=5,nat(src=10.0.0.1-10.0.0.9:1-99),exec(set_field:0x7/0xf->ct_mark))',
  'flow add table=5,priority=8,conj_id=7,ip,actions=conjunction(1,1/2)',
  'flow add table=5,priority=9,reg9=0x7,xreg1=0x9,actions=load:0x7->NXM_NX_REG9[3..9],push:NXM_NX_REG1[],multipath(eth_src,50,modulo_n,1,0,NXM_NX_REG0[])',
  'group add group_id=5,type=all,bucket=actions=output:1',
  'group add group_id=6,type=ff,bucket=watch_port:1,actions=output:1',
  'group add group_id=7,type=select,bucket=weight:5,actions=output:3',
  'group add group_id=8,type=indirect,bucket=actions=group:5',
];

test('whatever flows and groups of others are there, they go, and ours come', async () => {
  const { flows, groups } = planNode(nodeInput({ ...scenes['egress-two-remotes']! }));
  const wanted = wantedContent(flows, groups);
  await make(emptyBridge);
  await alone.ofctl(['--bundle', 'bundle', 'br0', '-'], foreign.filter((line) => !line.includes('group:5')).join('\n'));
  await make(wanted);
  expect(await dumped()).toEqual(linesOfPlan(flows, groups));
  // a flow of ours that somebody changed, each in another way
  const { about } = bundleMessages(emptyBridge, wanted).find((message) => message.about().includes('table=101'))!;
  const line = about().replace('flow add ', '');
  for (const changed of [
    line.replace(/actions=.*/, 'actions=drop'),
    line.replace('0x5d4c0001', '0x7'),
    `hard_timeout=99,${line}`,
    `send_flow_rem,${line}`,
  ]) {
    await alone.ofctl(['add-flow', 'br0', changed]);
    await make(wanted);
    expect(await dumped()).toEqual(linesOfPlan(flows, groups));
  }
});

test('a flow that Open vSwitch refuses is named, and nothing of its bundle takes effect', async () => {
  await make(emptyBridge);
  const good: Flow = { table: 5, priority: 1, match: {}, actions: [] };
  const bad: Flow = { table: 5, priority: 2, match: { proto: 'ip' }, actions: [{ kind: 'group', id: 99 }] };
  const worse: Flow = { table: 5, priority: 3, match: { nw_src: '10.0.0.1' }, actions: [] };
  await expect(bridge.apply(bundleMessages(emptyBridge, wantedContent([good, bad], [])))).rejects.toThrow(
    'Open vSwitch refused flow add cookie=0x5d4c0001,table=5,priority=2,ip,actions=group:99: bad action: bad group',
  );
  await expect(bridge.apply(bundleMessages(emptyBridge, wantedContent([good, worse], [])))).rejects.toThrow(
    'Open vSwitch refused flow add cookie=0x5d4c0001,table=5,priority=3,nw_src=10.0.0.1,actions=drop: bad match',
  );
  expect(await dumped()).toEqual([]);
  await make(wantedContent([good], []));
  expect(await dumped()).toEqual([renderFlow(good)]);
});

test('changes of others are heard at once, and our own are not', async () => {
  expect(heard.deaf).toEqual([]);
  await make(emptyBridge);
  await sleep(200);
  heard.changed = 0;
  const { flows, groups } = planNode(nodeInput({ ...scenes['egress-two-remotes']! }));
  await make(wantedContent(flows, groups));
  await make(emptyBridge);
  await sleep(200);
  expect(heard.changed).toBe(0);
  for (const command of [
    ['add-flow', 'br0', 'table=9,ip,actions=drop'],
    ['mod-flows', 'br0', 'table=9,ip,actions=output:2'],
    ['del-flows', 'br0', 'table=9'],
  ]) {
    heard.changed = 0;
    await alone.ofctl(command);
    await until(`${command[0]!} is heard`, () => heard.changed > 0, 30);
  }
});

/** A node of a big cluster, with an egress IP if it is one of the first 400. */
function farNode(index: number) {
  const egressIPs = index < 400 ? [`192.168.${100 + (index >> 8)}.${index & 255}`] : [];
  const subnet = `10.${2 + (index >> 8)}.${index & 255}.0/24`;
  const name = `node-${index}`;
  const hostIP = `10.1.${index >> 8}.${index & 255}`;
  const meta = { apiVersion: 'network.openshift.io/v1', kind: 'HostSubnet', metadata: { name } } as const;
  return value(parseHostSubnet({ ...meta, host: name, hostIP, subnet, egressIPs }));
}

test('5,000 nodes and a namespace with 400 egress IPs fit, and a packet of multicast reaches each node', async () => {
  const far = Array.from({ length: 5_000 }, (_, index) => farNode(index));
  const egressIPs = far.flatMap((node) => node.egressIPs);
  const input = nodeInput({ requests: { 77: egressIPs }, pods: { 2: 77 }, multicast: [77] });
  const meta = { apiVersion: 'network.openshift.io/v1', kind: 'NetNamespace', metadata: { name: 'many' } } as const;
  const many = value(parseNetNamespace({ ...meta, netname: 'many', netid: 77, egressIPs }));
  const state = egressState({ hostSubnets: far, netNamespaces: [many], offline: new Set() });
  const remotes = far.map(({ name, hostIP, subnet }) => ({ name, nodeIP: hostIP, subnet }));
  const { flows, groups } = planNode({ ...input, remotes, state });
  expect(groups.find(({ id }) => id === 77)?.buckets).toHaveLength(256);
  await make(emptyBridge);
  await isRead(flows, groups); // ovs-ofctl could not write such long ones
  const control = await alone.control();
  const packet = 'in_port=3,ip,nw_src=10.254.0.2,nw_dst=224.1.1.1,nw_ttl=9';
  const trace = String(await control.call('ofproto/trace', ['br0', packet]));
  control.close();
  expect(new Set(trace.match(/set_field:10\.1\.\d+\.\d+->tun_dst\n +output:1$/gm)).size).toBe(5_000);
  await make(emptyBridge);
});

test('20,000 flows go in with one bundle, and are read', async () => {
  await make(emptyBridge);
  const flows = Array.from({ length: 20_000 }, (_, index): Flow => ({
    table: 101,
    priority: 100,
    match: { proto: 'ip', reg0: `0x${(index + 1).toString(16)}` },
    actions: [{ kind: 'output', port: 2 }],
  }));
  const wanted = wantedContent(flows, []);
  await make(wanted);
  expect(await bridge.read()).toEqual(wanted);
  await make(emptyBridge);
  expect((await bridge.read()).flows.size).toBe(0);
});

test('when Open vSwitch ends that is heard, and a new one is spoken to', async () => {
  const { flows, groups } = planNode(nodeInput({ ...scenes['egress-two-remotes']! }));
  const wanted = wantedContent(flows, groups);
  await make(wanted);
  heard.lost = 0;
  process.kill(alone.switchPid, 'SIGKILL');
  await until('its end is heard', () => heard.lost > 0, 30);
  // its process may still be ending: it takes no connection, or resets one
  await expect(bridge.read()).rejects.toThrow(/ECONNREFUSED|ENOENT|ECONNRESET/);
  await alone.startSwitch();
  expect(linesOf(await bridge.read(), wanted)).toHaveLength(flows.length + groups.length);
  await make(wanted);
  expect(await dumped()).toEqual(linesOfPlan(flows, groups));
  expect(heard.lost).toBe(1);
});
