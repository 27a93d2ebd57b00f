/** The difference between the flows and groups that are there and those that should be, as one bundle. */
import { memoized } from '../values/memo.ts';
import { type Flow, type Group, hex } from './flow.ts';
import { parseFlows, parseGroups, type ReadFlow } from './parse.ts';
import { flowKey, renderFlow, renderGroup } from './render.ts';

/** What a bridge holds: lines by key, in the words of render.ts. */
export interface BridgeContent {
  /** The rendered flow by its key; a flow that is not ours has the text that deletes it. */
  readonly flows: ReadonlyMap<string, string>;
  /** The rendered group by its id. */
  readonly groups: ReadonlyMap<number, string>;
}

export const emptyBridge: BridgeContent = { flows: new Map(), groups: new Map() };

function keyOfRead(read: ReadFlow): string {
  if (read.flow !== undefined) return flowKey(read.flow);
  return [`table=${read.table}`, `priority=${read.priority}`, read.text].filter((part) => part !== '').join(',');
}

/** The content that two dumps tell. A flow of another cookie, or one that we never write, differs from any of ours. */
export function readContent(flowDump: string, groupDump: string): BridgeContent {
  const flows = new Map<string, string>();
  for (const read of parseFlows(flowDump)) {
    flows.set(keyOfRead(read), read.flow === undefined ? `foreign cookie=${hex(read.cookie)}` : renderFlow(read.flow));
  }
  const groups = new Map<number, string>();
  for (const { id, group } of parseGroups(groupDump))
    groups.set(id, group === undefined ? 'foreign' : renderGroup(group));
  return { flows, groups };
}

const lineOf = memoized((flow: Flow) => [flowKey(flow), renderFlow(flow)] as const);

/** The content that a plan asks for. */
export function wantedContent(flows: readonly Flow[], groups: readonly Group[]): BridgeContent {
  return {
    flows: new Map(flows.map(lineOf)),
    groups: new Map(groups.map((group) => [group.id, renderGroup(group)])),
  };
}

/**
 * The lines of one `ovs-ofctl bundle` that turn `actual` into `wanted`; none when they are equal. Groups come before
 * the flows that use them and go after them, and a group that changes is modified: deleting it would delete its flows.
 */
export function bundleLines(actual: BridgeContent, wanted: BridgeContent): string[] {
  const lines: string[] = [];
  for (const [id, text] of wanted.groups) {
    const present = actual.groups.get(id);
    if (present === undefined) lines.push(`group add ${text}`);
    else if (present !== text) lines.push(`group modify ${text}`);
  }
  for (const [key, text] of wanted.flows) if (actual.flows.get(key) !== text) lines.push(`flow add ${text}`);
  for (const key of actual.flows.keys()) if (!wanted.flows.has(key)) lines.push(`flow delete_strict ${key}`);
  for (const id of actual.groups.keys()) if (!wanted.groups.has(id)) lines.push(`group delete group_id=${id}`);
  return lines;
}
