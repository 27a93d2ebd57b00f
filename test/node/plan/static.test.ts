/** The flows that every node has, in each mode and on each datapath. */
import type { IsolationMode } from '../../../src/model/objects/clusternetwork.ts';
import type { Flow } from '../../../src/node/ovs/flow.ts';
import { port, ruleVersion, table } from '../../../src/node/ovs/pipeline.ts';
import { flowKey, renderActions } from '../../../src/node/ovs/render.ts';
import { staticFlows } from '../../../src/node/plan/static.ts';
import type { Datapath } from '../../../src/node/values/facts.ts';
import { cidr, nodeInput } from '../states.ts';

const modes: readonly IsolationMode[] = ['subnet', 'multitenant', 'networkpolicy'];
const datapaths: readonly Datapath[] = ['system', 'netdev'];
const kinds = modes.flatMap((mode) => datapaths.map((datapath) => [mode, datapath] as const));

function flowsOf(mode: IsolationMode, datapath: Datapath, vxlanPort = 4789): readonly Flow[] {
  const { facts, networks } = nodeInput({ mode, datapath });
  const cluster = [cidr('10.254.0.0/16'), cidr('10.128.0.0/14')];
  return staticFlows(facts, { ...networks, cluster, vxlanPort });
}
const told = (flows: readonly Flow[]): string[] =>
  flows.map((flow) => `${flowKey(flow)} ${renderActions(flow.actions)}`);

describe.each(kinds)('%s on the %s datapath', (mode, datapath) => {
  const flows = flowsOf(mode, datapath);
  const inTable = (number: number, priority?: number): readonly Flow[] =>
    flows.filter((flow) => flow.table === number && (priority === undefined || flow.priority === priority));

  test('no two flows have the same table, priority and match', () => {
    const keys = flows.map(flowKey);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  test('in each table that packets are sent to, some flow decides on any IP packet', () => {
    const targets = flows.flatMap(({ actions }) =>
      actions.flatMap((action) => (action.kind === 'goto' || action.kind === 'ct' ? (action.table ?? []) : [])),
    );
    for (const number of new Set([0, ...targets])) {
      const open = inTable(number).filter(({ match }) =>
        Object.entries(match).every(([field, value]) => field === 'proto' && value === 'ip'),
      );
      expect({ number, open: open.length > 0 }).toEqual({ number, open: true });
    }
  });

  test('VXLAN brings only packets from or to the pod networks, and a pod sends no VXLAN itself', () => {
    const fromVxlan = inTable(table.dispatch).filter(({ match }) => match.in_port === port.vxlan0);
    const passing = fromVxlan.filter(({ actions }) => actions.length > 0);
    const inside = ['10.254.0.0/16', '10.128.0.0/14'];
    expect(passing).toHaveLength(6);
    for (const { match } of passing) expect(inside).toContain(match.nw_src ?? match.nw_dst ?? match.arp_spa);
    const dropping = fromVxlan.filter(({ actions }) => actions.length === 0);
    expect(dropping.map(({ match }) => match)).toEqual([{ in_port: port.vxlan0 }]);
    expect(passing.every((flow) => dropping.every(({ priority }) => priority < flow.priority))).toBe(true);
    expect(told(inTable(table.fromPod))).toContain('table=20,priority=300,udp,tp_dst=4789 drop');
  });

  test('the note has the mode and the version of the rules', () => {
    const [byte, version] = [modes.indexOf(mode), ruleVersion].map((one) => one.toString(16).padStart(2, '0'));
    expect(told(inTable(table.version))).toEqual([`table=253,priority=32768 note:${byte}.${version}.00.00.00.00`]);
  });

  test('the gateway reaches the pods; the others do as the mode says', () => {
    const open = inTable(table.isolation, 200).map(({ match }) => match);
    expect(told(inTable(table.isolation, 300))).toEqual(['table=80,priority=300,ip,nw_src=10.254.0.1 goto_table:81']);
    const known = { proto: 'ip', in_port: port.tun0, dl_src: '0a:fd:00:00:00:02' };
    expect(open).toEqual(
      {
        subnet: [{}],
        multitenant: [{ reg0: '0' }, { reg1: '0' }],
        networkpolicy: [{ ct_state: '+rpl', proto: 'ip' }, ...(datapath === 'system' ? [] : [known])],
      }[mode],
    );
  });

  test('pods send freely except with NetworkPolicies, where only Services pass without one, and replies by VNID', () => {
    const passing = told(inTable(table.policyEgress).filter(({ actions }) => actions.length > 0));
    expect(passing).toEqual(
      mode === 'networkpolicy'
        ? ['table=27,priority=300,ip,nw_dst=172.30.0.0/16 goto_table:30']
        : ['table=27,priority=500 goto_table:30'],
    );
  });

  test("no packet from another node leaves here unless a VNID's egress IP is here", () => {
    expect(told(inTable(table.egressIP, 110))).toEqual(['table=101,priority=110,in_port=1 drop']);
  });

  test('a connection from tun0 is recorded when it opens, as far as the datapath tells', () => {
    const recorded = inTable(table.deliver).filter(({ match }) => match.in_port === port.tun0);
    expect(told(recorded)).toEqual(
      datapath === 'system'
        ? [
            'table=81,priority=150,ct_state=-rel-rpl,ip,in_port=2 ct(commit,exec(set_field:0x28000000->ct_mark,move:NXM_NX_REG1[0..23]->NXM_NX_CT_MARK[0..23])),output:NXM_NX_REG2[]',
          ]
        : [
            'table=81,priority=160,ct_state=-rel,ip,in_port=2,dl_src=0a:fd:00:00:00:01,nw_src=10.254.0.0/24 ct(commit,exec(set_field:0x29000000->ct_mark,move:NXM_NX_REG1[0..23]->NXM_NX_CT_MARK[0..23])),output:NXM_NX_REG2[]',
            'table=81,priority=150,ct_state=-rel,ip,in_port=2,dl_src=0a:fd:00:00:00:01 ct(commit,exec(set_field:0x28000000->ct_mark,move:NXM_NX_REG1[0..23]->NXM_NX_CT_MARK[0..23])),output:NXM_NX_REG2[]',
          ],
    );
  });

  test("replies to what a Service rewrote go through the node's kernel only where Open vSwitch cannot undo it", () => {
    const served = inTable(table.route).filter(({ priority }) => priority === 260 || priority === 120);
    expect(served).toHaveLength(datapath === 'system' ? 0 : 3);
    expect(
      served.every(({ match }) => match.ct_mark === '0x29000000/0xff000000' || match.nw_src === '10.254.0.0/24'),
    ).toBe(true);
  });
});

test('flows match VXLAN by the port that ClusterNetwork says', () => {
  expect(told(flowsOf('subnet', 'system', 4790))).toContain('table=20,priority=300,udp,tp_dst=4790 drop');
});
