/** Flows and groups as bytes: held to what Open vSwitch 3.1 wrote, and to each other. */
import fc from 'fast-check';
import type { Flow } from '../../../../src/node/ovs/flow.ts';
import { inOnePiece, uint } from '../../../../src/node/ovs/openflow/bytes.ts';
import { contentOf } from '../../../../src/node/ovs/openflow/content.ts';
import {
  addFlow,
  flowEntry,
  flowOf,
  groupEntry,
  groupOf,
  reportedFlows,
  reportedGroups,
} from '../../../../src/node/ovs/openflow/entries.ts';
import { parseFlows } from '../../../../src/node/ovs/parse.ts';
import { renderFlow, renderGroup } from '../../../../src/node/ovs/render.ts';
import { rounds } from '../../../rounds.ts';
import { anyFlow, anyGroup } from '../flows.ts';
import { groupsPart, statsPart } from './switch.ts';

const hexOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('hex');
const flowOfText = (text: string): Flow => parseFlows(text)[0]!.flow!;

/** Match and instructions, as Open vSwitch itself told of the flow that `ovs-ofctl` had added. */
const recorded: readonly (readonly [string, string, string])[] = [
  [
    'table=27,priority=1,ct_state=-rpl+trk,ct_mark=0/0x2,ct_label=0x5,tcp,reg0=0x4,reg1=0x5,tun_src=1.2.3.4,in_port=3,dl_src=00:00:00:00:00:01/00:00:ff:ff:ff:ff,dl_dst=0a:00:00:00:00:02,nw_src=10.0.0.0/8,nw_dst=1.1.1.1,tp_src=0x10/0xfff0,tp_dst=80 actions=ct(table=5,nat),goto_table:30',
    '80000004000000038000090c0000000000010000ffffffff800006060a000000000280000a020800800017080a000000ff0000008000180401010101800014010680001b040010fff080001c02005000013e0401020304000100040000000400010204000000050001d30800000020000000280001d70800000000000000020001d81000000000000000000000000000000005',
    '0004003000000000ffff00280000232000230000000000000000050000000000ffff0010000023200024000000000000000100081e000000',
  ],
  [
    'table=27,priority=2,arp,in_port=1,arp_spa=10.0.0.0/8,arp_tpa=10.0.0.1,arp_sha=0a:00:00:00:00:01 actions=set_field:0x4->pkt_mark,output:NXM_NX_REG2[],note:01.02.03.00.00.00',
    '800000040000000180000a02080680002d080a000000ff00000080002e040a000001800030060a0000000001',
    '000400400000000000190010000142040000000400000000ffff001800002320000f001f00010404ffff000000000000ffff0010000023200008010203000000',
  ],
  [
    'table=27,priority=3,icmp actions=set_field:0x5->reg0,set_field:0x5->reg1,set_field:0x4->tun_id,set_field:0a:00:00:00:00:01->eth_dst',
    '80000a0208008000140101',
    '000400480000000000190010000100040000000500000000001900100001020400000005000000000019001080004c08000000000000000400190010800006060a00000000010000',
  ],
  ['table=27,priority=4,udp,tp_dst=53 actions=drop', '80000a0208008000140111800020020035', ''],
  [
    'table=27,priority=5,sctp,tp_src=53 actions=ct(commit,table=3,nat,exec(set_field:0x6->ct_mark,set_field:0x5->ct_label))',
    '80000a0208008000140184800022020035',
    '0004005800000000ffff00500000232000230001000000000000030000000000ffff0010000023200024000000000000' +
      '001900100001d6040000000600000000' +
      '001900180001d81000000000000000000000000000000005',
  ],
  ['table=27,priority=9,ip,nw_frag=later actions=drop', '80000a0208000001340103', ''],
  [
    'table=27,priority=8,ip,reg0=0 actions=ct(commit)',
    '80000a0208000001000400000000',
    '0004002000000000ffff00180000232000230001000000000000ff0000000000',
  ],
  [
    'table=101,priority=150,ct_state=+rpl,ct_mark=0x2800004d/0xfeffffff,ip,reg0=0x4d actions=ct(commit,exec(set_field:0x20000000->ct_mark,move:NXM_NX_REG1[0..23]->NXM_NX_CT_MARK[0..23])),set_field:0a:fe:00:00:00:00->eth_src,output:2',
    '80000a020800000100040000004d0001d30800000008000000080001d7082800004dfeffffff',
    '0004006800000000ffff00400000232000230001000000000000ff0000000000001900100001d6042000000000000000ffff0018000023200006001800000000000102040001d60400190010800008060afe00000000000000000010000000020000000000000000',
  ],
  [
    'table=101,priority=105,ct_label=0xc0a807c8,ip,reg0=0x4d actions=ct(commit,exec(set_field:0x2000004d->ct_mark,set_field:0xc0a807c8->ct_label)),move:NXM_NX_REG0[]->NXM_NX_TUN_ID[0..31],set_field:192.168.7.12->tun_dst,output:1',
    '80000a020800000100040000004d0001d810000000000000000000000000c0a807c8',
    '0004008000000000ffff00400000232000230001000000000000ff0000000000001900100001d6042000004d00000000001900180001d810000000000000000000000000c0a807c8ffff001800002320000600200000000000010004000120080019001000014004c0a8070c0000000000000010000000010000000000000000',
  ],
  ['table=253,priority=32768 actions=note:01.02.00.00.00.00', '', '0004001800000000ffff0010000023200008010200000000'],
];

test.each(recorded)('%s', (text, match, instructions) => {
  const { key, body } = flowEntry(flowOfText(`cookie=0x5d4c0001,${text}`));
  expect([hexOf(key.slice(3)), hexOf(body.slice(14))]).toEqual([match, instructions]);
  expect(hexOf(body.slice(0, 14))).toBe('000000000000' + '000000005d4c0001');
});

test('a bucket has weight 1 and watches nothing', () => {
  const { body } = groupEntry({ id: 7, buckets: [[{ kind: 'output', port: 1 }]] });
  expect(hexOf(body)).toBe('01' + '00200001ffffffffffffffff00000000' + '00000010000000010000000000000000');
});

test('what is written is read back the same, and what a switch tells of it', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyFlow, { maxLength: 6, selector: (flow) => flowEntry(flow).key }),
      fc.uniqueArray(anyGroup, { maxLength: 3, selector: ({ id }) => id }),
      (flows, groups) => {
        for (const flow of flows) expect(renderFlow(flowOf(flowEntry(flow))!)).toBe(renderFlow(flow));
        for (const group of groups) expect(renderGroup(groupOf(groupEntry(group))!)).toBe(renderGroup(group));
        const [entries, buckets] = [flows.map(flowEntry), groups.map(groupEntry)];
        const told = contentOf(reportedFlows(statsPart(entries)), reportedGroups(groupsPart(buckets)));
        expect(told).toEqual(contentOf(entries, buckets));
      },
    ),
    { numRuns: rounds(1000) },
  );
});

test('bytes that end too early are an error, and none is an endless loop', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(200), anyFlow, (bytes, cut, flow) => {
      const { key, body } = flowEntry(flow);
      for (const part of [Buffer.from(bytes), statsPart([{ key, body }]).subarray(0, cut)])
        for (const read of [reportedFlows, reportedGroups]) {
          try {
            expect([...read(part)].length).toBeLessThan(200);
          } catch (error) {
            expect(String(error)).toMatch(/^RangeError/);
          }
        }
      for (const [left, right] of [
        [key.slice(0, cut), body],
        [key, body.slice(0, cut)],
        [Buffer.from(bytes).toString('latin1'), body],
        [key, body.slice(0, 14) + Buffer.from(bytes).toString('latin1')],
      ] as const) {
        const read = flowOf({ key: left, body: right });
        // whatever it is taken for, it is written as it was read
        if (read !== undefined) expect(flowOf(flowEntry(read))).toEqual(read);
      }
    }),
    { numRuns: rounds(2000) },
  );
});

test('what no flow of ours has is not taken for one', () => {
  const { key, body } = flowEntry(flowOfText('cookie=0x5d4c0001,table=1,priority=2,ip actions=output:1'));
  const metadata = uint(0x8000, 2) + uint(2 * 2, 1) + uint(8, 1) + '\0'.repeat(8);
  expect(flowOf({ key: key + metadata, body })).toBeUndefined();
  expect(flowOf({ key, body: uint(600, 2) + body.slice(2) })).toBeUndefined(); // a time limit
  expect(flowOf({ key, body: body.slice(0, 4) + uint(1, 2) + body.slice(6) })).toBeUndefined(); // a flag
  expect(flowOf({ key, body: body.slice(0, 6) + uint(1, 4) + body.slice(10) })).toBeUndefined(); // a longer cookie
  expect(flowOf({ key, body: body.slice(0, 10) + uint(5, 4) + body.slice(14) })?.cookie).toBe(5);
  const label = flowEntry({ table: 1, priority: 2, match: { ct_label: '0x5' }, actions: [] }).key;
  expect(flowOf({ key: label.slice(0, 7) + '\x01' + label.slice(8), body })).toBeUndefined(); // bits above those of ours
});

test('what cannot be written is refused with the reason', () => {
  const refusal = (flow: Partial<Flow>): string => {
    try {
      flowEntry({ table: 1, priority: 2, match: {}, actions: [], ...flow });
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  };
  expect(refusal({ match: { proto: 'icmp', tp_dst: '80' } })).toBe('a match of ports needs tcp, udp or sctp, not icmp');
  expect(refusal({ match: { tp_src: '80' } })).toBe('a match of ports needs tcp, udp or sctp, not any protocol');
  expect(refusal({ match: { reg0: '0x100000000' } })).toBe('4294967296 is not an unsigned integer of 4 bytes');
  expect(refusal({ match: { reg0: 'x' } })).toBe('NaN is not an unsigned integer of 4 bytes');
  expect(
    refusal({
      actions: [
        { kind: 'goto', table: 3 },
        { kind: 'output', port: 1 },
      ],
    }),
  ).toBe('only the last action of a flow goes to a table');
  expect(refusal({ actions: [{ kind: 'set', field: 'metadata', value: '1' }] })).toBe(
    'metadata is not a field that flows here set',
  );
  expect(refusal({ actions: [{ kind: 'move', from: 'NXM_NX_REG9[]', to: 'NXM_NX_REG0[]' }] })).toBe(
    'NXM_NX_REG9[] is not a field that flows here move',
  );
  expect(refusal({ actions: [{ kind: 'move', from: 'NXM_NX_REG0[0..3]', to: 'NXM_NX_REG1[]' }] })).toBe(
    'a move of 4 bits into 32',
  );
});

test('a match of every address is no match', () => {
  const key = (match: Flow['match']): string => flowEntry({ table: 1, priority: 2, match, actions: [] }).key;
  expect(key({ proto: 'ip', nw_dst: '0.0.0.0/0' })).toBe(key({ proto: 'ip' }));
  expect(key({ proto: 'ip', nw_dst: '10.1.2.3/8' })).toBe(key({ proto: 'ip', nw_dst: '10.0.0.0/8' }));
  expect(key({ proto: 'ip', nw_dst: '10.1.2.3/32' })).toBe(key({ proto: 'ip', nw_dst: '10.1.2.3' }));
  expect(key({ proto: 'ip', nw_dst: '10.0.0.0/255.0.0.0' })).toBe(key({ proto: 'ip', nw_dst: '10.0.0.0/8' }));
});

test('a message that adds a flow has its key and body', () => {
  const entry = flowEntry(flowOfText('cookie=0x5d4c0001,table=1,priority=2,ip actions=output:1'));
  const message = hexOf(addFlow(entry));
  expect(message.slice(0, 32)).toBe('000000005d4c0001' + '0000000000000000');
  expect(message.slice(32, 48)).toBe('01' + '00' + '00000000' + '0002');
  expect(inOnePiece(entry.body)).toBe(entry.body);
});
