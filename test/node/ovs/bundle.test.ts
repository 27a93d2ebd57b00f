/** The difference of two bridges. */
import fc from 'fast-check';
import {
  type BridgeContent,
  bundleLines,
  emptyBridge,
  readContent,
  wantedContent,
} from '../../../src/node/ovs/bundle.ts';
import type { Flow } from '../../../src/node/ovs/flow.ts';
import { parseFlows, parseGroups } from '../../../src/node/ovs/parse.ts';
import { flowKey, renderFlow, renderGroup } from '../../../src/node/ovs/render.ts';
import { rounds } from '../../rounds.ts';
import { anyFlow, anyGroup } from './flows.ts';

/** A bridge after ovs-ofctl has run these lines. */
function after({ flows, groups }: BridgeContent, lines: readonly string[]): BridgeContent {
  const [flow, group] = [new Map(flows), new Map(groups)];
  for (const line of lines) {
    const [, what, verb, rest = ''] = /^(flow|group) (\S+) (.*)$/.exec(line) ?? [];
    if (what === 'flow') {
      const [read] = parseFlows(rest);
      if (verb === 'delete_strict') flow.delete(rest);
      else if (read?.flow !== undefined) flow.set(flowKey(read.flow), rest);
    } else {
      const id = Number(/group_id=(\d+)/.exec(rest)?.[1]);
      if (verb === 'add' && group.has(id)) throw new Error(`group ${id} is there`);
      if (verb === 'modify' && !group.has(id)) throw new Error(`group ${id} is not there`);
      if (verb === 'delete') group.delete(id);
      else group.set(id, rest);
    }
  }
  return { flows: flow, groups: group };
}

const content = fc
  .tuple(
    fc.uniqueArray(anyFlow, { maxLength: 6, selector: flowKey }),
    fc.uniqueArray(anyGroup, { maxLength: 3, selector: ({ id }) => id }),
  )
  .map(([flows, groups]) => wantedContent(flows, groups));

it('makes any bridge of any other, and then there is nothing left to do', () => {
  fc.assert(
    fc.property(content, content, (actual, wanted) => {
      const lines = bundleLines(actual, wanted);
      expect(after(actual, lines)).toEqual(wanted);
      expect(bundleLines(wanted, wanted)).toEqual([]);
    }),
    { numRuns: rounds(1000) },
  );
});

it('reads back from a bridge exactly what was written to it', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyFlow, { maxLength: 6, selector: flowKey }),
      fc.uniqueArray(anyGroup, { selector: ({ id }) => id, maxLength: 3 }),
      (flows, groups) => {
        const read = readContent(flows.map(renderFlow).join('\n'), groups.map(renderGroup).join('\n'));
        expect(read).toEqual(wantedContent(flows, groups));
        expect(parseGroups(groups.map(renderGroup).join('\n'))).toHaveLength(groups.length);
      },
    ),
    { numRuns: rounds(500) },
  );
});

const flow: Flow = { table: 1, priority: 2, match: { proto: 'ip' }, actions: [{ kind: 'group', id: 7 }] };
const group = { id: 7, buckets: [[{ kind: 'output', port: 1 }]] } as const;

it('adds groups before the flows that use them, and deletes them after those', () => {
  const wanted = wantedContent([flow], [group]);
  expect(bundleLines(emptyBridge, wanted)).toEqual([
    'group add group_id=7,type=select,bucket=actions=output:1',
    'flow add cookie=0x5d4c0001,table=1,priority=2,ip,actions=group:7',
  ]);
  expect(bundleLines(wanted, emptyBridge)).toEqual([
    'flow delete_strict table=1,priority=2,ip',
    'group delete group_id=7',
  ]);
});

it('modifies a group that changes, so that its flows stay', () => {
  const other = { ...group, buckets: [] };
  expect(bundleLines(wantedContent([flow], [group]), wantedContent([flow], [other]))).toEqual([
    'group modify group_id=7,type=select',
  ]);
});

it('replaces a flow of ours that somebody changed, and one with another cookie', () => {
  const wanted = wantedContent([flow], []);
  for (const changed of [
    { ...flow, actions: [] },
    { ...flow, cookie: 5 },
  ])
    expect(bundleLines(readContent(renderFlow(changed), ''), wanted)).toEqual([
      'flow add cookie=0x5d4c0001,table=1,priority=2,ip,actions=group:7',
    ]);
});
