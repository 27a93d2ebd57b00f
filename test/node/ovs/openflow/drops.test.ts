import { droppingFlows, Drops } from '../../../../src/node/ovs/openflow/drops.ts';
import { flowEntry, type ReportedFlow } from '../../../../src/node/ovs/openflow/entries.ts';
import { parseFlows } from '../../../../src/node/ovs/parse.ts';

const reported = (table: number, packets: number, match: string, actions = 'drop'): ReportedFlow => ({
  ...flowEntry(parseFlows(`cookie=0x5d4c0001,table=${table},${match} actions=${actions}`)[0]!.flow!),
  packets,
});
const flows = [
  reported(101, 7, 'priority=100,reg0=0xb'),
  reported(101, 2, 'priority=140,ct_state=+rpl,ip,reg0=0xb'),
  reported(101, 9, 'priority=110,ip,in_port=1'),
  reported(101, 5, 'priority=100,ip,reg0=0xc', 'set_field:0->pkt_mark,output:2'),
  reported(100, 3, 'priority=1,ip,reg0=0xc,nw_dst=203.0.113.0/24'),
  reported(27, 4, 'priority=100,ip,reg0=0xc,nw_src=10.128.0.5'),
  reported(80, 6, 'priority=50,reg1=0xc'),
  reported(31, 1, 'priority=310,ct_state=+rpl,ip,reg0=0xb,nw_dst=10.128.0.1'),
  reported(80, 8, 'priority=0'),
  reported(27, 0, 'priority=50,reg0=0xd'),
];

test('flows that drop what is of a VNID are counted by what has them drop', () => {
  expect(droppingFlows(flows).map(({ vnid, reason, packets }) => [vnid, reason, packets])).toEqual([
    [11, 'EgressIPNotInUse', 7],
    [11, 'AnswerToNothing', 2],
    [12, 'EgressNetworkPolicy', 3],
    [12, 'NetworkPolicyEgress', 4],
    [12, 'NetworkPolicyIngress', 6],
    [11, 'AnswerToNothing', 1],
  ]);
});

describe('from one look to the next', () => {
  const flow = (packets: number) => droppingFlows([reported(101, packets, 'priority=100,reg0=0xb')]);

  test('only what a counter grew by counts', () => {
    const drops = new Drops();
    expect(drops.since(flow(7))).toEqual([{ vnid: 11, reason: 'EgressIPNotInUse', packets: 7 }]);
    expect(drops.since(flow(7))).toEqual([]);
    expect(drops.since(flow(9))).toEqual([{ vnid: 11, reason: 'EgressIPNotInUse', packets: 2 }]);
  });

  test('a flow that was made anew counts from 0', () => {
    const drops = new Drops();
    drops.since(flow(7));
    expect(drops.since(flow(3))).toMatchObject([{ packets: 3 }]);
    expect(drops.since([])).toEqual([]);
    expect(drops.since(flow(7))).toMatchObject([{ packets: 7 }]);
  });
});
