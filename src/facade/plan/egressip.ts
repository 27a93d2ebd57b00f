/**
 * Decides on the EgressIP of a VNID: what to write next so that OVN-Kubernetes assigns each address, and where the admin
 * wants it if OVN-Kubernetes believes a placement that others write. A move is in two steps: the address is first taken
 * out, and asked for again with its new place once it is gone. Pure.
 */
import { apiVersionOf, egressIPs as egressIPKind } from '../../../api/kinds.ts';
import { assignedIn, requestedIn } from '../../migrate/kinds/egressip.ts';
import { selectorAt } from '../../migrate/kinds/item.ts';
import type { EgressIP } from '../../migrate/targets/ovn/egressips/rivals.ts';
import { netidLabel, placedPrefix, requestsPrefix } from '../../migrate/targets/ovn/marks/origin.ts';
import { nodesField } from '../../migrate/targets/ovn/served.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { namesIn } from '../../model/objects/selector.ts';
import { managedByLabel } from '../../model/objects/well-known.ts';
import { fieldOf, isRecord, jsonEqual, jsonOf } from '../../model/values/json.ts';
import type { MergePatch } from './merge-patch.ts';
import type { Wish } from './wish.ts';

/** An address with its node, as in the status of an EgressIP. */
interface StatusItem {
  readonly egressIP: string;
  readonly node: string;
}

export interface Place {
  /**
   * Whether OVN-Kubernetes keeps a placement that somebody else writes: builds until 2025 do, later ones replace it.
   * Undefined if that is not known yet.
   */
  readonly believesStatus: boolean | undefined;
  /** Whether the node may host an egress IP at the moment, as far as objects show. */
  readonly isAble: (node: string) => boolean;
  /** New addresses that must not be asked for yet, because they would go to another node. */
  readonly later: ReadonlySet<string>;
}

export type EgressIPStep =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'create'; readonly object: KubeObject }
  | { readonly kind: 'patch'; readonly patch: MergePatch }
  | { readonly kind: 'delete' }
  /** Finds out first whether a placement is believed: the address with the node that it should be on. */
  | { readonly kind: 'probe'; readonly egressIP: string; readonly node: string }
  /** OVN-Kubernetes must first take these addresses from their nodes, or it is not their turn. */
  | { readonly kind: 'wait'; readonly egressIPs: readonly string[] };

/** Whether the EgressIP was made by us, by a plan of the migrator, or by the vendor's conversion. */
export function isOurs(live: KubeObject): boolean {
  return live.metadata.labels?.[netidLabel] !== undefined || convertedFrom(live) !== undefined;
}

/** The VNID that the EgressIP was made for; undefined if it does not say. */
export function vnidOn({ metadata }: KubeObject): number | undefined {
  const text = metadata.labels?.[netidLabel];
  return text === undefined || !/^\d{1,8}$/.test(text) ? undefined : Number(text);
}

/** The namespace that the vendor's conversion made the EgressIP for: it is in its name, and all that it selects. */
export function convertedFrom(live: KubeObject): string | undefined {
  const { name = '' } = live.metadata;
  const selected = namespacesNamedBy(live);
  const [only] = selected;
  return selected.length === 1 && name === `egressip-${only ?? ''}` ? only : undefined;
}

/** The namespaces that an EgressIP selects by name. */
export function namespacesNamedBy(live: KubeObject): readonly string[] {
  return namesIn(selectorAt(live, 'spec', 'namespaceSelector') ?? {}) ?? [];
}

/** Where each address of the wish is. */
export function placesOf(live: KubeObject | undefined, wish: EgressIP | undefined): ReadonlyMap<string, string> {
  if (live === undefined || wish === undefined) return new Map();
  const asked = new Set(wish.spec.egressIPs);
  return new Map([...assignedIn(live)].filter(([ip]) => asked.has(ip)));
}

/** Where an admin wanted the address when it was written last. */
function recordedPlace({ metadata }: KubeObject, ip: string): string | undefined {
  return metadata.labels?.[`${placedPrefix}${ip}`];
}

/** The addresses that the admin wants elsewhere than before, and that can be moved there now. */
export function movesOf(live: KubeObject | undefined, { egressIP, pinned }: Wish, place: Place): readonly string[] {
  if (live === undefined || egressIP === undefined || place.believesStatus !== true) return [];
  const assigned = assignedIn(live);
  return egressIP.spec.egressIPs.filter((ip) => {
    const [wanted, now] = [pinned.get(ip), assigned.get(ip)];
    if (wanted === undefined || now === undefined || now === wanted) return false;
    // a name that is too long for a label cannot be recorded: whether it was asked for before is unknown
    return wanted.length <= 63 && recordedPlace(live, ip) !== wanted && place.isAble(wanted);
  });
}

/** The addresses of the wish that nobody asks OVN-Kubernetes for, and that have no node. */
export function newIn(live: KubeObject | undefined, { egressIP }: Wish): readonly string[] {
  const present = new Set(live === undefined ? [] : [...requestedIn(live), ...assignedIn(live).keys()]);
  return (egressIP?.spec.egressIPs ?? []).filter((ip) => !present.has(ip));
}

/** The step that brings the EgressIP to what is wished; `live` is undefined if there is none. */
export function egressIPStep(live: KubeObject | undefined, wish: Wish, place: Place): EgressIPStep {
  const { egressIP } = wish;
  if (egressIP === undefined) return live === undefined ? { kind: 'nothing' } : { kind: 'delete' };
  const moving = new Set(movesOf(live, wish, place));
  const present = live === undefined ? [] : requestedIn(live);
  const assigned = live === undefined ? new Map<string, string>() : assignedIn(live);
  const gone = egressIP.spec.egressIPs.filter((ip) => assigned.has(ip) && !present.includes(ip));
  const added = newIn(live, wish).filter((ip) => !place.later.has(ip));
  const unknown = added.find((ip) => place.believesStatus === undefined && isPlaceable(ip, wish, place));
  if (unknown !== undefined) return { kind: 'probe', egressIP: unknown, node: wish.pinned.get(unknown) ?? '' };
  const asked = egressIP.spec.egressIPs.filter((ip) => !moving.has(ip) && !gone.includes(ip) && !place.later.has(ip));
  const items = place.believesStatus === true ? itemsFor(added, wish, place) : [];
  const wanted = { ...egressIP, spec: { ...egressIP.spec, egressIPs: asked } };
  const rest: EgressIPStep = awaiting([...gone, ...place.later]);
  if (live === undefined) return asked.length === 0 ? rest : { kind: 'create', object: withStatus(wanted, items) };
  const patch = patchOf(live, wanted, wish);
  if (patch === undefined) return rest;
  const kept = [...assigned]
    .filter(([ip]) => asked.includes(ip))
    .map(([ip, node]): StatusItem => ({ egressIP: ip, node }));
  return {
    kind: 'patch',
    patch: items.length === 0 ? patch : { ...patch, status: { items: [...kept, ...items] } },
  };
}

function awaiting(egressIPs: readonly string[]): EgressIPStep {
  return egressIPs.length > 0 ? { kind: 'wait', egressIPs } : { kind: 'nothing' };
}

function itemsFor(added: readonly string[], wish: Wish, place: Place): readonly StatusItem[] {
  return added
    .filter((ip) => isPlaceable(ip, wish, place))
    .map((ip) => ({ egressIP: ip, node: wish.pinned.get(ip) ?? '' }));
}

function isPlaceable(ip: string, { pinned }: Wish, { isAble }: Place): boolean {
  const node = pinned.get(ip);
  return node !== undefined && isAble(node);
}

function withStatus(egressIP: EgressIP, items: readonly StatusItem[]): KubeObject {
  const object = { ...egressIP, ...(items.length === 0 ? {} : { status: { items } }) };
  return object;
}

const ownPrefixes = [netidLabel, placedPrefix, requestsPrefix, managedByLabel];

/** The merge patch of labels and spec; undefined if nothing differs. The status is never in it. */
function patchOf(
  live: KubeObject,
  wanted: EgressIP,
  { egressIP, pinned }: Wish,
): Readonly<Record<string, unknown>> | undefined {
  const labels = labelPatch(live, labelsFor(live, wanted, { asked: egressIP?.spec.egressIPs ?? [], pinned }));
  const spec = specPatch(live, wanted);
  if (labels === undefined && spec === undefined) return undefined;
  return {
    ...(labels === undefined ? {} : { metadata: { labels } }),
    ...(spec === undefined ? {} : { spec }),
  };
}

/**
 * The labels. The old place of an address that is on its way stays: it says that the move has not ended. So does that of
 * an address that may be anywhere, which is for a way back.
 */
function labelsFor(
  live: KubeObject,
  { metadata, spec }: EgressIP,
  { asked, pinned }: { readonly asked: readonly string[] } & Pick<Wish, 'pinned'>,
): Readonly<Record<string, string>> {
  const kept = asked.filter((ip) => !spec.egressIPs.includes(ip) || !pinned.has(ip));
  const keys = new Set(kept.map((ip) => `${placedPrefix}${ip}`));
  const { labels: before = {} } = live.metadata;
  return {
    ...Object.fromEntries(Object.entries(metadata.labels ?? {}).filter(([key]) => !keys.has(key))),
    ...Object.fromEntries(Object.entries(before).filter(([key]) => keys.has(key))),
  };
}

function labelPatch(
  { metadata: { labels: present = {} } }: KubeObject,
  wanted: Readonly<Record<string, string>>,
): Readonly<Record<string, string | null>> | undefined {
  const stale = Object.keys(present).filter(
    (key) => wanted[key] === undefined && ownPrefixes.some((one) => key.startsWith(one)),
  );
  const changed = Object.entries(wanted).filter(([key, value]) => present[key] !== value);
  if (stale.length + changed.length === 0) return undefined;
  return { ...Object.fromEntries(stale.map((key) => [key, null])), ...Object.fromEntries(changed) };
}

function specPatch(live: KubeObject, { spec }: EgressIP): Readonly<Record<string, unknown>> | undefined {
  const present = fieldOf(live, 'spec');
  const before = isRecord(present) ? present : {};
  const wanted: Readonly<Record<string, unknown>> = { ...spec };
  const fields = ['egressIPs', 'namespaceSelector', nodesField];
  const changed = fields.filter((field) => !isSame(before[field], wanted[field]));
  if (changed.length === 0) return undefined;
  return Object.fromEntries(
    changed.map((field) => [field, field === 'egressIPs' ? wanted[field] : replaced(before[field], wanted[field])]),
  );
}

function isSame(a: unknown, b: unknown): boolean {
  return jsonEqual(a === undefined ? undefined : jsonOf(a), b === undefined ? undefined : jsonOf(b));
}

/** As a merge patch: the fields that are no longer there become null. */
function replaced(before: unknown, wanted: unknown): unknown {
  if (wanted === undefined) return null;
  if (!isRecord(before) || !isRecord(wanted)) return wanted;
  const gone = Object.keys(before).filter((key) => wanted[key] === undefined);
  return {
    ...Object.fromEntries(gone.map((key) => [key, null])),
    ...Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, replaced(before[key], value)])),
  };
}

/** The EgressIP that finds out whether a placement is believed. It selects no namespace. */
export function probeOf(name: string, { egressIP, node }: StatusItem): KubeObject {
  const object: KubeObject & { readonly spec: unknown; readonly status: unknown } = {
    apiVersion: apiVersionOf(egressIPKind),
    kind: egressIPKind.kind,
    metadata: { name },
    spec: { egressIPs: [egressIP], namespaceSelector: { matchLabels: { [name]: 'nothing' } } },
    status: { items: [{ egressIP, node }] },
  };
  return object;
}
