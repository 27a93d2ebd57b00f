/** The difference of two bridges. */
import fc from 'fast-check';
import type { Flow } from '../../../../src/node/ovs/flow.ts';
import { uint } from '../../../../src/node/ovs/openflow/bytes.ts';
import {
  asWeWrite,
  type BridgeContent,
  bundleMessages,
  changeMessages,
  contentOf,
  emptyBridge,
  wantedContent,
} from '../../../../src/node/ovs/openflow/content.ts';
import { flowEntry, groupEntry } from '../../../../src/node/ovs/openflow/entries.ts';
import { parseFlows, parseGroups } from '../../../../src/node/ovs/parse.ts';
import { flowKey } from '../../../../src/node/ovs/render.ts';
import { rounds } from '../../../rounds.ts';
import { anyFlow, anyGroup } from '../flows.ts';

const linesOf = (actual: BridgeContent, wanted: BridgeContent): string[] =>
  bundleMessages(actual, wanted).map(({ about }) => about());

/** A bridge after ovs-ofctl has run these lines. */
function after({ flows, groups }: BridgeContent, lines: readonly string[]): BridgeContent {
  const [flow, group] = [new Map(flows), new Map(groups)];
  for (const line of lines) {
    const [, what, verb, rest = ''] = /^(flow|group) (\S+) (.*)$/.exec(line) ?? [];
    if (what === 'flow') {
      const [read] = parseFlows(verb === 'delete_strict' ? `${rest},actions=drop` : rest);
      const { key, body } = flowEntry(read!.flow!);
      if (verb === 'delete_strict') flow.delete(key);
      else flow.set(key, body);
    } else {
      const id = Number(/group_id=(\d+)/.exec(rest)?.[1]);
      if (verb === 'add' && group.has(id)) throw new Error(`group ${id} is there`);
      if (verb === 'modify' && !group.has(id)) throw new Error(`group ${id} is not there`);
      if (verb === 'delete') group.delete(id);
      else group.set(id, groupEntry(parseGroups(rest)[0]!.group!).body);
    }
  }
  return { flows: flow, groups: group };
}

const someFlows = fc.uniqueArray(anyFlow, { maxLength: 6, selector: flowKey });
const someGroups = fc.uniqueArray(anyGroup, { maxLength: 3, selector: ({ id }) => id });
const content = fc.tuple(someFlows, someGroups).map(([flows, groups]) => wantedContent(flows, groups));

it('makes any bridge of any other, and then there is nothing left to do', () => {
  fc.assert(
    fc.property(content, content, (actual, wanted) => {
      expect(after(actual, linesOf(actual, wanted))).toEqual(wanted);
      expect(linesOf(wanted, wanted)).toEqual([]);
    }),
    { numRuns: rounds(1000) },
  );
});

const flow: Flow = { table: 1, priority: 2, match: { proto: 'ip' }, actions: [{ kind: 'group', id: 7 }] };
const group = { id: 7, buckets: [[{ kind: 'output', port: 1 }]] } as const;

it('makes one plan of another by the parts that differ', () => {
  const parts = fc
    .tuple(someFlows, someGroups)
    .map(([flows, groups]) => ({ parts: flows.map((one) => [one]), groups }));
  fc.assert(
    fc.property(parts, parts, fc.nat(6), (one, other, kept) => {
      // some parts are the same lists, and some flows are in both in other lists
      const shared = one.parts.slice(0, kept);
      const keys = new Set(shared.flat().map(flowKey));
      const ids = new Set(one.groups.slice(0, kept).map(({ id }) => id));
      const next = {
        parts: new Set([...shared, ...other.parts.filter(([flow]) => !keys.has(flowKey(flow!)))]),
        groups: [...one.groups.slice(0, kept), ...other.groups.filter(({ id }) => !ids.has(id))],
      };
      const before = { parts: new Set(one.parts), groups: one.groups };
      const whole = (plan: typeof next) => wantedContent([...plan.parts].flat(), plan.groups);
      const lines = changeMessages(before, next).map(({ about }) => about());
      expect(after(whole(before), lines)).toEqual(whole(next));
      expect(lines.sort()).toEqual(linesOf(whole(before), whole(next)).sort());
    }),
    { numRuns: rounds(1000) },
  );
});

it('leaves a flow that another part still has', () => {
  const [one, same, other] = [[{ ...flow }], [{ ...flow }], [{ ...flow, priority: 3 }]];
  const before = { parts: new Set([one, same, other]), groups: [group] };
  const lines = (parts: readonly (readonly Flow[])[]): string[] =>
    changeMessages(before, { parts: new Set(parts), groups: [group] }).map(({ about }) => about());
  expect(lines([same, other])).toEqual([]);
  expect(lines([one, other])).toEqual([]);
  expect(lines([other])).toEqual(['flow delete_strict table=1,priority=2,ip']);
});

it('adds groups before the flows that use them, and deletes them after those', () => {
  const wanted = wantedContent([flow], [group]);
  expect(linesOf(emptyBridge, wanted)).toEqual([
    'group add group_id=7,type=select,bucket=actions=output:1',
    'flow add cookie=0x5d4c0001,table=1,priority=2,ip,actions=group:7',
  ]);
  expect(linesOf(wanted, emptyBridge)).toEqual(['flow delete_strict table=1,priority=2,ip', 'group delete group_id=7']);
});

it('modifies a group that changes, so that its flows stay', () => {
  const other = { ...group, buckets: [] };
  expect(linesOf(wantedContent([flow], [group]), wantedContent([flow], [other]))).toEqual([
    'group modify group_id=7,type=select',
  ]);
});

it('replaces a flow of ours that somebody changed, and one with another cookie', () => {
  const wanted = wantedContent([flow], []);
  for (const changed of [
    { ...flow, actions: [] },
    { ...flow, cookie: 5 },
  ])
    expect(linesOf(wantedContent([changed], []), wanted)).toEqual([
      'flow add cookie=0x5d4c0001,table=1,priority=2,ip,actions=group:7',
    ]);
});

it('deletes what it cannot read by its own bytes, and replaces it where ours must be', () => {
  const { key, body } = flowEntry(flow);
  const metadata = uint(0x8000, 2) + uint(4, 1) + uint(8, 1) + '\0'.repeat(8);
  const read = contentOf([{ key: key + metadata, body: body.slice(0, 14) }], [{ id: 9, body: '\0' }]);
  expect(linesOf(read, wantedContent([flow], [group]))).toEqual([
    'group add group_id=7,type=select,bucket=actions=output:1',
    'flow add cookie=0x5d4c0001,table=1,priority=2,ip,actions=group:7',
    'flow delete_strict with key 0x01000280000a02080080000408' + '00'.repeat(8),
    'group delete group_id=9',
  ]);
  const timed = contentOf([{ key, body: uint(60, 2) + body.slice(2) }], []);
  expect(linesOf(timed, wantedContent([flow], []))).toEqual([
    'flow add cookie=0x5d4c0001,table=1,priority=2,ip,actions=group:7',
  ]);
});

it('leaves what another Open vSwitch writes in other bytes', () => {
  const ours: Flow = { ...flow, match: { proto: 'ip', reg0: '0x5' }, actions: [{ kind: 'output', port: 2 }] };
  const wanted = wantedContent([ours], [group]);
  const { key, body } = flowEntry(ours);
  const [head, fields] = [key.slice(0, 3), key.slice(3)];
  const otherOrder = head + fields.slice(6) + fields.slice(0, 6);
  const otherLength = body.slice(0, -8) + '\xff\xff' + body.slice(-6); // how much a controller would get
  const bucket = groupEntry(group);
  const read = contentOf(
    [{ key: otherOrder, body: otherLength }],
    [{ id: 7, body: bucket.body.slice(0, -1) + '\x01' }],
  );
  expect(linesOf(read, wanted)).toHaveLength(3);
  expect(linesOf(asWeWrite(read, wanted), wanted)).toEqual([]);
});
