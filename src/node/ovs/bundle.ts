/** The difference between the present and the wanted flows and groups, as one bundle. */
import { memoized } from '../values/memo.ts';
import { type Flow, type Group, hex } from './flow.ts';
import { parseFlows, parseGroups, type ReadFlow } from './parse.ts';
import { flowKey, renderFlow, renderGroup } from './render.ts';

/** The content of a bridge: lines by key, as render.ts writes them. */
export interface BridgeContent {
  /** The rendered flow by its key; for a flow that is not ours, the text that deletes it. */
  readonly flows: ReadonlyMap<string, string>;
  /** The rendered group by its id. */
  readonly groups: ReadonlyMap<number, string>;
}

export const emptyBridge: BridgeContent = { flows: new Map(), groups: new Map() };

function keyOfRead(read: ReadFlow): string {
  if (read.flow !== undefined) return flowKey(read.flow);
  return [`table=${read.table}`, `priority=${read.priority}`, read.text].filter((part) => part !== '').join(',');
}

/**
 * Parses the content from two dumps. A flow with another cookie, or of a form that we never write, differs from all of
 * ours.
 */
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

/** The content of a plan. */
export function wantedContent(flows: readonly Flow[], groups: readonly Group[]): BridgeContent {
  return {
    flows: new Map(flows.map(lineOf)),
    groups: new Map(groups.map((group) => [group.id, renderGroup(group)])),
  };
}

/**
 * The lines of one `ovs-ofctl bundle` that turn `actual` into `wanted`; none if they are equal. Groups are added before
 * the flows that use them and deleted after them. A changed group is modified, since deleting it would delete its
 * flows.
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
