/** Dumps of flows and groups, ours and those of others. */
import fc from 'fast-check';
import { parseActions, parseFlows, parseGroups, parseMeters } from '../../../src/node/ovs/parse.ts';
import { renderFlow, renderGroup, renderMeter } from '../../../src/node/ovs/render.ts';
import { rounds } from '../../rounds.ts';
import { anyFlow, anyGroup, anyMeter } from './flows.ts';

it('reads back every flow that we may write, also as ovs-ofctl prints it', () => {
  fc.assert(
    fc.property(anyFlow, fc.option(fc.nat(9), { nil: undefined }), (flow, cookie) => {
      const written = renderFlow(cookie === undefined ? flow : { ...flow, cookie });
      const expected = cookie === undefined ? flow : { ...flow, cookie };
      const printed = ` ${written.replaceAll(',table=', ', table=').replace(',actions=', ' actions=')}`;
      expect(parseFlows(written).map((read) => read.flow)).toEqual([expected]);
      expect(
        parseFlows(printed.replace(/table=(\d+)\)/g, 'table=$1)')).map(({ table, priority }) => [table, priority]),
      ).toEqual([[flow.table, flow.priority]]);
    }),
    { numRuns: rounds(2000) },
  );
});

it('reads back every group that we may write', () => {
  fc.assert(
    fc.property(fc.array(anyGroup, { maxLength: 4 }), (groups) => {
      const dump = ['OFPST_GROUP_DESC reply (OF1.3) (xid=0x2):', ...groups.map((group) => ` ${renderGroup(group)}`)];
      expect(parseGroups(dump.join('\n')).map(({ group }) => group)).toEqual(groups);
    }),
    { numRuns: rounds(500) },
  );
});

it('reads back every meter that we may write, also as ovs-ofctl prints it', () => {
  fc.assert(
    fc.property(fc.array(anyMeter, { maxLength: 4 }), (meters) => {
      const written = meters.map(renderMeter);
      const printed = written.map((line) => `${line.replace('bands=', 'bands=\n').replaceAll(',', ' ')}\n\n`);
      for (const lines of [written, ['OFPST_METER_CONFIG reply (OF1.3) (xid=0x2):', ...printed]])
        expect(parseMeters(lines.join('\n')).map(({ meter }) => meter)).toEqual(meters);
    }),
    { numRuns: rounds(300) },
  );
});

it('knows a meter of others by its number alone', () => {
  const others =
    'meter=7 pktps bands=\ntype=drop rate=5\n\nmeter=8 kbps burst bands=\ntype=dscp_remark rate=1 burst_size=2 prec_level=1\n';
  expect(parseMeters(others)).toEqual([
    { id: 7, meter: undefined },
    { id: 8, meter: undefined },
  ]);
});

const dump = `OFPST_FLOW reply (OF1.3) (xid=0x2):
 cookie=0x5d4c0001, table=0, priority=100,ip,in_port=2,nw_src=10.254.0.0/24 actions=set_field:0x4d->reg0,goto_table:30
 cookie=0x5d4c0001, priority=0 actions=drop
 arp,arp_tpa=10.254.0.1 actions=output:2
`;

it('reads what ovs-ofctl prints, with its defaults, and passes over its head', () => {
  expect(parseFlows(dump)).toEqual([
    {
      cookie: 0x5d4c0001,
      table: 0,
      priority: 100,
      text: 'ip,in_port=2,nw_src=10.254.0.0/24',
      flow: {
        table: 0,
        priority: 100,
        match: { proto: 'ip', in_port: 2, nw_src: '10.254.0.0/24' },
        actions: [
          { kind: 'set', value: '0x4d', field: 'reg0' },
          { kind: 'goto', table: 30 },
        ],
      },
    },
    { cookie: 0x5d4c0001, table: 0, priority: 0, text: '', flow: { table: 0, priority: 0, match: {}, actions: [] } },
    {
      cookie: 0,
      table: 0,
      priority: 32768,
      text: 'arp,arp_tpa=10.254.0.1',
      flow: {
        cookie: 0,
        table: 0,
        priority: 32768,
        match: { proto: 'arp', arp_tpa: '10.254.0.1' },
        actions: [{ kind: 'output', port: 2 }],
      },
    },
  ]);
});

test.each<readonly [string, string, string]>([
  ['a field that we never use', 'table=3,priority=9,ipv6,ipv6_dst=::1 actions=drop', 'ipv6,ipv6_dst=::1'],
  ['a protocol that we never use', 'table=3,priority=9,rarp actions=drop', 'rarp'],
  ['a port without a number', 'table=3,priority=9,in_port=LOCAL actions=drop', 'in_port=LOCAL'],
  ['an action that we never use', 'table=3,priority=9,ip actions=NORMAL', 'ip'],
  ['one known and one unknown action', 'table=3,priority=9,ip actions=output:1,CONTROLLER:65535', 'ip'],
  ['an unknown part of ct', 'table=3,priority=9,ip actions=ct(commit,zone=3)', 'ip'],
  ['an unknown note of ct', 'table=3,priority=9,ip actions=ct(commit,exec(set_field:0x1->ct_label))', 'ip'],
  ['a time limit', 'table=3, idle_timeout=30, priority=9,ip actions=drop', 'ip'],
  ['a flag', 'table=3, send_flow_rem priority=9,ip actions=drop', 'ip'],
])('a flow of somebody else with %s is known by what deletes it', (_what, line, text) => {
  expect(parseFlows(line)).toEqual([{ cookie: 0, table: 3, priority: 9, text, flow: undefined }]);
});

it('knows a group of another type, or with other actions, by its number alone', () => {
  const foreign =
    'group_id=1,type=all,bucket=actions=output:1\n group_id=2,type=select,bucket=bucket_id:0,actions=NORMAL';
  expect(parseGroups(foreign)).toEqual([
    { id: 1, group: undefined },
    { id: 2, group: undefined },
  ]);
});

it('reads buckets with their numbers and weights', () => {
  const line =
    ' group_id=7,type=select,bucket=bucket_id:0,actions=output:1,bucket=bucket_id:1,weight:50,actions=set_field:0x1->tun_id,output:1';
  expect(parseGroups(line)[0]?.group?.buckets).toEqual([
    [{ kind: 'output', port: 1 }],
    [
      { kind: 'set', value: '0x1', field: 'tun_id' },
      { kind: 'output', port: 1 },
    ],
  ]);
});

it('takes the actions apart at commas that are not within parentheses', () => {
  expect(parseActions('ct(commit,table=5,nat),output:1')).toEqual([
    { kind: 'ct', commit: true, table: 5, nat: true },
    { kind: 'output', port: 1 },
  ]);
  expect(parseActions('drop')).toEqual([]);
  expect(parseActions('')).toBeUndefined();
});
