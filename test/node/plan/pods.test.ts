/** What a pod may send, and how it is reached. */
import { table } from '../../../src/node/ovs/pipeline.ts';
import { flowKey, renderActions } from '../../../src/node/ovs/render.ts';
import { isolationFlows, podFlows } from '../../../src/node/plan/pods.ts';
import { ip, vnid } from '../states.ts';

const pod = { ip: ip('10.254.0.18'), ofport: 7, vnid: vnid(77), namespace: 'project-77', name: 'p', uid: 'p' };
const told = (flows: ReturnType<typeof podFlows>) =>
  flows.map((flow) => `${flowKey(flow)} ${renderActions(flow.actions)}`);

test('a pod sends from its port with its own addresses only, and its packets bear its VNID from then on', () => {
  expect(told(podFlows(pod).filter((flow) => flow.table === table.fromPod))).toEqual([
    'table=20,priority=100,arp,in_port=7,arp_spa=10.254.0.18,arp_sha=00:00:0a:fe:00:12/00:00:ff:ff:ff:ff set_field:0x4d->reg0,goto_table:30',
    'table=20,priority=100,ip,in_port=7,nw_src=10.254.0.18 set_field:0x4d->reg0,goto_table:27',
  ]);
});

test("what comes back from a Service has the VNID again, by the pod's address", () => {
  expect(told(podFlows(pod).filter((flow) => flow.table === table.fromService))).toEqual([
    'table=25,priority=100,ip,nw_src=10.254.0.18 set_field:0x4d->reg0,goto_table:27',
  ]);
});

test('a pod is reached at its port, after isolation was asked with its VNID and port', () => {
  const reached: readonly number[] = [table.arpLocal, table.toLocalPod];
  expect(told(podFlows(pod).filter((flow) => reached.includes(flow.table)))).toEqual([
    'table=40,priority=100,arp,arp_tpa=10.254.0.18 output:7',
    'table=70,priority=100,ip,nw_dst=10.254.0.18 set_field:0x4d->reg1,set_field:0x7->reg2,goto_table:80',
  ]);
});

test('only tenants other than the global one need a flow to reach themselves', () => {
  expect(told(isolationFlows('multitenant', new Set([vnid(77)])))).toEqual([
    'table=80,priority=100,reg0=0x4d,reg1=0x4d goto_table:81',
  ]);
  expect([isolationFlows('multitenant', new Set([vnid(0)])), isolationFlows('subnet', new Set([vnid(77)]))]).toEqual([
    [],
    [],
  ]);
});

test('with NetworkPolicies replies need no policy, but only those of connections that were let in to this VNID', () => {
  expect(told(isolationFlows('networkpolicy', new Set([vnid(77)])))).toEqual([
    'table=27,priority=200,ct_state=+rpl,ct_mark=0x2800004d/0xfeffffff,ip,reg0=0x4d goto_table:30',
  ]);
});
