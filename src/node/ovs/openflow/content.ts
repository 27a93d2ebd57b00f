/** The difference between the present and the wanted flows and groups, as the messages of one bundle. */
import { memoized } from '../../values/memo.ts';
import type { Flow, Group } from '../flow.ts';
import { flowKey, renderFlow, renderGroup } from '../render.ts';
import type { ByteString } from './bytes.ts';
import type { Outgoing } from './connection.ts';
import {
  addFlow,
  addGroup,
  deleteFlow,
  deleteGroup,
  type FlowEntry,
  flowEntry,
  flowOf,
  type GroupEntry,
  groupEntry,
  groupOf,
  modifyGroup,
} from './entries.ts';
import { messageType } from './message.ts';

/** The content of a bridge, as OpenFlow writes it. */
export interface BridgeContent {
  /** The rest of each flow by its key. */
  readonly flows: ReadonlyMap<ByteString, ByteString>;
  /** Type and buckets of each group by its number. */
  readonly groups: ReadonlyMap<number, ByteString>;
}

export const emptyBridge: BridgeContent = { flows: new Map(), groups: new Map() };

/** The flows and groups of a plan, the flows in parts. */
export interface PlannedContent {
  readonly parts: ReadonlySet<readonly Flow[]>;
  readonly groups: readonly Group[];
}

/** The flow of each key in a part, the only one in a list. */
const byKey = memoized(
  (part: readonly Flow[]): ReadonlyMap<ByteString, readonly [Flow]> =>
    new Map(part.map((flow) => [flowEntry(flow).key, [flow]])),
);

/**
 * The messages of one bundle that turn what one plan wanted into what the next does. It costs what the changed parts
 * have, and a look at the others where flows go: two parts may have the same flow, as those of two pods that claim one
 * address.
 */
export function changeMessages(before: PlannedContent, after: PlannedContent): Outgoing[] {
  const gone = [...before.parts].filter((part) => !after.parts.has(part)).flat();
  const came = [...after.parts].filter((part) => !before.parts.has(part)).flat();
  const left = new Set(gone.map((flow) => flowEntry(flow).key));
  for (const flow of came) left.delete(flowEntry(flow).key);
  for (const part of left.size > 0 ? after.parts : [])
    if (before.parts.has(part)) for (const key of left) came.push(...(byKey(part).get(key) ?? []));
  const [were, are] = [new Set(before.groups), new Set(after.groups)];
  return bundleMessages(
    wantedContent(
      gone,
      before.groups.filter((group) => !are.has(group)),
    ),
    wantedContent(
      came,
      after.groups.filter((group) => !were.has(group)),
    ),
  );
}

/** The content of a plan. */
export function wantedContent(flows: readonly Flow[], groups: readonly Group[]): BridgeContent {
  return contentOf(flows.map(flowEntry), groups.map(groupEntry));
}

/** The content of these entries. */
export function contentOf(flows: Iterable<FlowEntry>, groups: Iterable<GroupEntry>): BridgeContent {
  const content = { flows: new Map<ByteString, ByteString>(), groups: new Map<number, ByteString>() };
  for (const { key, body } of flows) content.flows.set(key, body);
  for (const { id, body } of groups) content.groups.set(id, body);
  return content;
}

/**
 * What was read from a bridge, with all that differs from what is wanted written as we write it: another version of
 * Open vSwitch may use other bytes for the same flow or group. What we never write stays as it is.
 */
export function asWeWrite(read: BridgeContent, wanted: BridgeContent): BridgeContent {
  const flows = [...read.flows].map(([key, body]): FlowEntry => {
    const flow = wanted.flows.get(key) === body ? undefined : flowOf({ key, body });
    return flow === undefined ? { key, body } : flowEntry(flow);
  });
  const groups = [...read.groups].map(([id, body]): GroupEntry => {
    const group = wanted.groups.get(id) === body ? undefined : groupOf({ id, body });
    return group === undefined ? { id, body } : groupEntry(group);
  });
  return contentOf(flows, groups);
}

/** Bytes for people, where they are nothing that we write. */
const hexOf = (bytes: ByteString): string => Buffer.from(bytes, 'latin1').toString('hex');

/** An entry as ovs-ofctl writes it. */
function flowText(entry: FlowEntry): string {
  const flow = flowOf(entry);
  return flow === undefined ? `with key 0x${hexOf(entry.key)}` : renderFlow(flow);
}
function keyText(key: ByteString, body: ByteString): string {
  const flow = flowOf({ key, body });
  return flow === undefined ? `with key 0x${hexOf(key)}` : flowKey(flow);
}
function groupText(entry: GroupEntry): string {
  const group = groupOf(entry);
  return group === undefined ? `group_id=${entry.id}` : renderGroup(group);
}

const flowMessage = (body: ByteString, about: () => string): Outgoing => ({ type: messageType.flowMod, body, about });
const groupMessage = (body: ByteString, about: () => string): Outgoing => ({ type: messageType.groupMod, body, about });

/**
 * The messages of one bundle that turn `actual` into `wanted`; none if they are equal. Groups are added before the
 * flows that use them and deleted after them. A changed group is modified, since deleting it would delete its flows.
 * What each is about is a line for `ovs-ofctl bundle`.
 */
export function bundleMessages(actual: BridgeContent, wanted: BridgeContent): Outgoing[] {
  const messages: Outgoing[] = [];
  for (const [id, body] of wanted.groups) {
    const present = actual.groups.get(id);
    if (present === body) continue;
    const entry = { id, body };
    messages.push(
      present === undefined
        ? groupMessage(addGroup(entry), () => `group add ${groupText(entry)}`)
        : groupMessage(modifyGroup(entry), () => `group modify ${groupText(entry)}`),
    );
  }
  for (const [key, body] of wanted.flows)
    if (actual.flows.get(key) !== body) {
      const entry = { key, body };
      messages.push(flowMessage(addFlow(entry), () => `flow add ${flowText(entry)}`));
    }
  for (const [key, body] of actual.flows)
    if (!wanted.flows.has(key))
      messages.push(flowMessage(deleteFlow(key), () => `flow delete_strict ${keyText(key, body)}`));
  for (const id of actual.groups.keys())
    if (!wanted.groups.has(id)) messages.push(groupMessage(deleteGroup(id), () => `group delete group_id=${id}`));
  return messages;
}
