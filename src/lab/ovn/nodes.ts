/** What the cluster manager knows of nodes, and what a change of a Node means to it. Pure. */
import { nodeItem } from '../../migrate/kinds/node.ts';
import {
  assignableLabel,
  hasNoSubnet,
  hostCIDRsAnnotation,
  ifaddrsIn,
  primaryAnnotation,
  subnetsAnnotation,
} from '../../migrate/targets/ovn/marks/annotations.ts';
import { egressIpConfigAnnotation, parseEgressIpConfig } from '../../model/objects/cloud.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import type { Labels } from '../../model/objects/selector.ts';
import type { Cidr } from '../../model/values/address.ts';

/** A Node as its object shows it. */
interface ShownNode {
  readonly name: string;
  readonly labels: Labels;
  readonly isLabeled: boolean;
  readonly isReady: boolean;
  /** The annotation with its addresses; empty if it is missing. */
  readonly hostCIDRs: string;
  /** Its addresses; undefined while it should show them and does not. */
  readonly addresses: readonly string[] | undefined;
  /** The networks whose addresses it can host; empty until OVN-Kubernetes has annotated it. */
  readonly networks: readonly Cidr[];
  /** How many egress IPs the cloud lets it have; infinite elsewhere. */
  readonly capacity: number;
}

/** A node as the cluster manager knows it. */
export interface KnownNode extends ShownNode {
  readonly isReachable: boolean;
  /** The EgressIP that has each address there. An entry may be stale: a status that somebody else wrote removes none. */
  readonly has: ReadonlyMap<string, string>;
}

/** All nodes, by name. */
export type Memory = ReadonlyMap<string, KnownNode>;

/** Reads a Node. The limits of clouds are annotated there, and only count on one. */
function shownNode(object: KubeObject, isCloud: boolean): ShownNode {
  const { name, labels, annotations, ready } = nodeItem(object);
  const hostCIDRs = annotations[hostCIDRsAnnotation] ?? '';
  const others = ifaddrsIn(annotations[hostCIDRsAnnotation]);
  const primary = ifaddrsIn(annotations[primaryAnnotation]);
  const isAnnotated = primary.length > 0 && annotations[subnetsAnnotation] !== undefined;
  const addresses = hostCIDRs === '' ? undefined : others.map(({ ip }) => ip);
  return {
    name,
    labels,
    isLabeled: Object.hasOwn(labels, assignableLabel),
    isReady: ready === 'True',
    hostCIDRs,
    addresses: hasNoSubnet(object) ? [] : addresses,
    networks: isAnnotated ? [...primary, ...others].map(({ network }) => network) : [],
    capacity: isCloud ? capacityIn(annotations[egressIpConfigAnnotation]) : Infinity,
  };
}

function capacityIn(annotation: string | undefined): number {
  const parsed = annotation === undefined ? undefined : parseEgressIpConfig(annotation);
  const capacity = parsed?.ok === true ? parsed.value.capacity : 0;
  return typeof capacity === 'number' ? capacity : Infinity;
}

/** Whether egress IPs may be there now, of EgressIPs that name no nodes. */
export function isUsable({ isLabeled, isReady, isReachable }: KnownNode): boolean {
  return isLabeled && isReady && isReachable;
}

/**
 * What a change of a node brings about: it can take what is unassigned, what it has must go, only EgressIPs that name
 * nodes are concerned, or nothing.
 */
export type NodeEffect = 'came' | 'went' | 'concerns-naming' | 'none';

export interface NodeStep {
  readonly memory: Memory;
  readonly effect: NodeEffect;
}

/** What is known of the world besides the object. */
export interface Surroundings {
  readonly isCloud: boolean;
  /** Whether it answers a probe now; a node without the label is not probed, and counts as reachable. */
  readonly isReachable: boolean;
}

function effectOf(before: KnownNode | undefined, after: KnownNode): NodeEffect {
  const [could, can] = [before !== undefined && isUsable(before), isUsable(after)];
  if (can !== could) return can ? 'came' : 'went';
  if (before === undefined) return 'concerns-naming';
  const isAltered = before.hostCIDRs !== after.hostCIDRs || before.networks.length !== after.networks.length;
  if (isAltered && can) return 'came';
  const isSame =
    !isAltered &&
    before.isReady === after.isReady &&
    before.isReachable === after.isReachable &&
    JSON.stringify(before.labels) === JSON.stringify(after.labels);
  return isSame ? 'none' : 'concerns-naming';
}

/**
 * The memory after a Node was created or has changed. Its networks are only read again when its addresses change, or it
 * becomes labeled or Ready, whether it answers in the last two cases; anything else waits for the next check of its
 * health.
 */
export function afterNode(memory: Memory, object: KubeObject, { isCloud, isReachable }: Surroundings): NodeStep {
  const shown = shownNode(object, isCloud);
  const before = memory.get(shown.name);
  const isNew = before === undefined || (!before.isLabeled && shown.isLabeled) || (!before.isReady && shown.isReady);
  const isRead = isNew || before.hostCIDRs !== shown.hostCIDRs;
  const after: KnownNode = {
    ...shown,
    networks: isRead ? shown.networks : before.networks,
    isReachable: isNew ? isReachable : before.isReachable,
    has: before?.has ?? new Map<string, string>(),
  };
  return { memory: new Map(memory).set(after.name, after), effect: effectOf(before, after) };
}

/** The memory after a check of a node's health. */
export function afterHealth(memory: Memory, object: KubeObject, { isCloud, isReachable }: Surroundings): NodeStep {
  const { name, networks } = shownNode(object, isCloud);
  const before = memory.get(name);
  if (before === undefined) return { memory, effect: 'none' };
  const after = { ...before, networks, isReachable };
  return { memory: new Map(memory).set(name, after), effect: effectOf(before, after) };
}

/** The memory after a Node was deleted. */
export function afterNodeDeletion(memory: Memory, name: string): NodeStep {
  const rest = new Map(memory);
  return { effect: rest.delete(name) ? 'went' : 'none', memory: rest };
}
